"""What Optuna knows to draw and to say of anything that was tried, a grid too: through a study in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import create_trial

from sweeper.search.importance import FEWEST_TRIALS
from sweeper.search.quiet import optuna
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

METHOD = "PED-ANOVA"

Value = float | str
"""Optuna's parameter: a number, or the words of a level."""


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that was tried: its parameters, what that came to (finite), and whether it keeps every constraint."""

    values: Mapping[str, Value]
    objective: float
    is_feasible: bool = True


def importances_of(tried: Sequence[Tried], direction: Direction, logarithmic: frozenset[str]) -> Mapping[str, float]:
    """Return the share of each parameter in what sets the best tenth apart, the greatest first, by PED-ANOVA.

    Shares add to 1. None are returned for fewer than ten trials, and for one parameter.
    """
    if len(tried) < FEWEST_TRIALS or len({name for one in tried for name in one.values}) < 2:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    try:
        return dict(
            get_param_importances(_study(tried, direction, logarithmic), evaluator=PedAnovaImportanceEvaluator())
        )
    except (ValueError, RuntimeError):  # all alike
        return {}


def history(tried: Sequence[Tried], direction: Direction) -> Figure:
    """Return a figure of each objective in its order, and of the best so far: the traces are named by Optuna."""
    return optuna.visualization.plot_optimization_history(_study(tried, direction))


def parallel_coordinates(tried: Sequence[Tried], direction: Direction, logarithmic: frozenset[str]) -> Figure:
    """Return a figure with a line for each that was tried: the first traces are theirs, in their order.

    The axes are the objective, and the parameters sorted by name; what has no parameter of a name is at ``None``.
    """
    return optuna.visualization.plot_parallel_coordinate(_study(tried, direction, logarithmic))


def _study(tried: Sequence[Tried], direction: Direction, logarithmic: frozenset[str] = frozenset()) -> optuna.Study:
    space = _space(tried, logarithmic)
    study = optuna.create_study(direction=direction.value)
    study.add_trials(
        [
            create_trial(
                value=one.objective,
                params=dict(one.values),
                distributions={name: space[name] for name in one.values},
                constraints={} if one.is_feasible else {"broken": 1.0},
            )
            for one in tried
        ]
    )
    return study


def _space(tried: Sequence[Tried], logarithmic: frozenset[str]) -> Mapping[str, BaseDistribution]:
    values: dict[str, dict[Value, None]] = {}
    for one in tried:
        for name, value in one.values.items():
            values.setdefault(name, {})[value] = None
    return {name: _distribution([*found], is_log=name in logarithmic) for name, found in values.items()}


def _distribution(values: Sequence[Value], *, is_log: bool) -> BaseDistribution:
    numbers = [value for value in values if not isinstance(value, str)]
    if len(numbers) < len(values):
        return CategoricalDistribution(values)
    low, high = min(numbers), max(numbers)
    return FloatDistribution(low, high, log=is_log and low > 0)
