"""The rows of a table: results that are put together, measured, and put in order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sweeper.errors import InputError
from sweeper.report.question import Question
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.observations import SWEEP, Observation, Observations
from sweeper.report.sources.trials import TrialOutcome, TrialStanding
from sweeper.report.sources.values import identity
from sweeper.report.statistics.front import Losses, front, losses
from sweeper.report.statistics.measurement import Measurement, measure
from sweeper.report.statistics.significance import Comparison
from sweeper.spec import Direction

_TIERS = {
    TrialStanding.COMPLETE: 1,
    TrialStanding.RUNNING: 2,
    TrialStanding.BLOCKED: 2,
    TrialStanding.OPEN: 2,
    TrialStanding.PRUNED: 3,
    TrialStanding.FAILED: 4,
}
"""Which rows are ranked before which, whatever their values; 0 is for those that may be the best."""


@dataclass(frozen=True, slots=True)
class Row:
    """Results that share the ``values`` of some parameters: a configuration, or a group that was asked for.

    ``measurements`` are those of each metric, over the ``observations`` that have it. ``trials`` are those of a study
    that tried a configuration, in the order of their numbers. ``best`` are the metrics in which no other row is
    better; with several objectives it is all of them, for a row that no other beats. ``alike`` are the metrics in
    which the row cannot be told from the best, ``untold`` those in which the two share too few replicates to know.
    ``is_short``: another row has more results, so that the means do not compare on equal terms. ``comparisons`` are
    those with the baseline, by metric.
    """

    values: Mapping[str, Any]
    observations: tuple[Observation, ...]
    measurements: Mapping[str, Measurement]
    counts: Mapping[CellState, int]
    trials: tuple[TrialOutcome, ...] = ()
    best: frozenset[str] = frozenset()
    alike: frozenset[str] = frozenset()
    untold: frozenset[str] = frozenset()
    is_short: bool = False
    is_baseline: bool = False
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)

    @property
    def measurement(self) -> Measurement:
        """That of the first metric."""
        return next(iter(self.measurements.values()))

    @property
    def n(self) -> int:
        """How many results there are."""
        return self.counts[CellState.FINISHED]

    @property
    def is_best(self) -> bool:
        """Whether no other row is better in the first metric, or beats the row in all objectives."""
        return next(iter(self.measurements), None) in self.best

    @property
    def is_eligible(self) -> bool:
        """Whether the row may be the best: in a study, whether its trial is complete and keeps every constraint."""
        return self.trial is None or self.trial.is_feasible

    @property
    def trial(self) -> TrialOutcome | None:
        """The trial that speaks for the configuration: the one that has come furthest; None outside of a study."""
        order = [*TrialStanding]
        return min(self.trials, key=lambda trial: order.index(trial.standing), default=None)


def grouping(observations: Observations, question: Question) -> tuple[str, ...]:
    """Return the parameters whose values the results in a row share.

    Raises ``InputError`` for a column in which they differ.
    """
    names = question.grouping or _configuration(observations)
    for name in question.columns:
        wider = tuple(dict.fromkeys((*names, name)))
        if _combinations(wider, observations) > _combinations(names, observations):
            raise InputError(f"--show {name}: rows are means over it; take it into --group-by")
        names = wider
    return names


def _configuration(observations: Observations) -> tuple[str, ...]:
    """Return the parameters that make up a configuration."""
    names = (name for name in observations.parameters if name not in observations.replicates)
    return tuple(names) if len(observations.sources) == 1 else tuple(dict.fromkeys((SWEEP, *names)))


def _combinations(names: Sequence[str], observations: Observations) -> int:
    """Return how many combinations of the values of some parameters there are."""
    return len({tuple(identity(one.parameter(name)) for name in names) for one in observations.every})


def rows(observations: Observations, question: Question, names: Sequence[str]) -> tuple[Row, ...]:
    """Return a row for each combination of the values of some parameters, the best first.

    Configurations of a study that break a constraint come behind those that keep them, then those whose trial is not
    complete. Equal ones, those without a result (which come last), and all of them where no direction is known keep
    the order of the points.
    """
    groups: dict[tuple[Any, ...], list[Observation]] = {}
    for one in observations.every:
        groups.setdefault(tuple(identity(one.parameter(name)) for name in names), []).append(one)
    found = [_row(names, group, observations, question) for group in groups.values()]
    most = max((row.n for row in found), default=0)
    return ranked([replace(row, is_short=True) if row.n < most else row for row in found], observations)


def ranked(found: Sequence[Row], observations: Observations) -> tuple[Row, ...]:
    """Return rows in order, the best marked, as far as it is known what is better."""
    known = {
        metric: direction
        for metric, direction in zip(observations.metrics, observations.directions, strict=True)
        if direction is not None
    }
    compared = _compared(observations, known)
    marked = list(found)
    for metrics in compared:
        ways = [_losses(row, {metric: known[metric] for metric in metrics}) for row in found]
        unbeaten = front([way if row.is_eligible else (math.inf,) for row, way in zip(found, ways, strict=True)])
        for place in unbeaten:
            marked[place] = replace(marked[place], best=marked[place].best.union(metrics))
    if observations.metrics[0] not in known:
        return tuple(marked)
    first = {metric: known[metric] for metric in compared[0]}
    ranks = [(_tier(row), row.n == 0, not row.is_best, _losses(row, first)) for row in marked]
    return tuple(marked[place] for place in sorted(range(len(marked)), key=ranks.__getitem__))


def is_front(observations: Observations) -> bool:
    """Whether the table weighs several objectives against each other, and has a Pareto front."""
    about = {tuple(one.metric for one in sweep.spec.objectives) for sweep in observations.sweeps}
    has_all = len(observations.sweeps) == len(observations.sources) and None not in observations.directions
    return len(observations.metrics) > 1 and has_all and about == {observations.metrics}


def finished(observations: Iterable[Observation]) -> list[Observation]:
    """Return the observations that are results, each result once, though it may stand for points of several sweeps."""
    return [one for one in _each_run_once(observations) if one.cell.state is CellState.FINISHED]


def varying(names: Iterable[str], observations: Sequence[Observation]) -> frozenset[str]:
    """Return the parameters that have several values among some observations, or are not set by all of them."""
    return frozenset(name for name in names if len({identity(one.parameter(name)) for one in observations}) > 1)


def _each_run_once(observations: Iterable[Observation]) -> list[Observation]:
    found = {(one.cell.state, one.cell.run.run_id if one.cell.run else id(one)): one for one in observations}
    return list(found.values())


def _row(names: Sequence[str], group: Sequence[Observation], observations: Observations, question: Question) -> Row:
    results = finished(group)
    counts = Counter(one.cell.state for one in _each_run_once(group))
    values = {name: value for name in names if (value := group[0].parameter(name)) is not None}
    return Row(
        values,
        tuple(group),
        {
            metric: measure(
                [one.cell.values[metric] for one in results if metric in one.cell.values],
                question.interval,
                question.quantiles,
            )
            for metric in observations.metrics
        },
        {state: counts[state] for state in CellState},
        () if question.grouping and not _is_of_one_trial(group) else _trials(group),
    )


def _is_of_one_trial(group: Iterable[Observation]) -> bool:
    """Whether the observations are the points of one configuration of a study."""
    return len({tuple(trial.number for trial in one.trials) for one in group}) == 1


def _trials(group: Iterable[Observation]) -> tuple[TrialOutcome, ...]:
    trials = {trial.number: trial for one in group for trial in one.trials}
    return tuple(trials[number] for number in sorted(trials))


def _compared(observations: Observations, known: Iterable[str]) -> list[tuple[str, ...]]:
    """Return which metrics are looked at together to find the best: all objectives of a front, else each alone."""
    return [observations.metrics] if is_front(observations) else [(metric,) for metric in known]


def _tier(row: Row) -> int:
    """Return which of the groups a row belongs to that are ranked each for itself."""
    return 0 if row.is_eligible or row.trial is None else _TIERS[row.trial.standing]


def _losses(row: Row, directions: Mapping[str, Direction]) -> Losses:
    means = [row.measurements[metric].mean for metric in directions]
    return losses([math.nan if mean is None else mean for mean in means], [*directions.values()])
