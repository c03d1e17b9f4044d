"""Bind a spec to its task: check all of it before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from sweeper.binding.binding import Binding
from sweeper.binding.find import find_task
from sweeper.binding.resources import needed, resource_problems
from sweeper.binding.survey import survey, unbuildable, unchanging, unreached
from sweeper.binding.values import Checker, Families, default_of
from sweeper.errors import Problem, SpecError
from sweeper.points import Points
from sweeper.spec import Axis, Grid, Spec
from sweeper.spec.levels import LISTED_LEVELS
from sweeper.task import MlflowTask


def bind(spec: Spec) -> Binding:
    """Return the binding of a spec.

    Raises ``SpecError`` with every problem: unknown parameters, values that do not fit, limits that nothing fits into,
    overrides that reach nothing, swept parameters that do not change the identity.
    """
    task = find_task(spec)
    seen = survey(spec, task)
    own = {name for name, _ in task.get_params()}
    spec = spec.resolve(seen.families.keys() - own, task.get_task_family())
    checker = Checker(spec, task, seen.families, are_families_known=seen.failure is None)
    checked = checker.check()
    problems = [*checker.problems, *(resource_problems(spec, seen) if seen.failure is None else ())]
    if problems:
        raise SpecError(problems)
    if seen.failure is not None:
        raise unbuildable(spec, seen.failure) from seen.failure
    completed = _completed(checked, task, seen.families)
    binding = Binding(completed, Points.of(completed), task, seen.families, needed(spec, seen.asked))
    problems = [*_too_many_replicates(binding), *unreached(binding)]
    problems += unchanging(binding, problems)
    if problems:
        raise SpecError(problems)
    return binding


def _completed(spec: Spec, task: type[MlflowTask], families: Families) -> Spec:
    """Return the spec with every point setting the same parameters, by their defaults where need be.

    So a point of one grid that leaves a parameter out is the point of another that sets it to the default. What a
    trial of a study does not set stays unset.
    """
    if spec.study is not None:
        return spec
    defaults = {name: value for name in spec.swept for value in default_of(task, families, name)}

    def missing(names: Iterable[str]) -> dict[str, Any]:
        return {name: value for name, value in defaults.items() if name not in set(names)}

    return replace(
        spec,
        grids=tuple(
            Grid((*grid.axes, *(Axis((name,), [(value,)]) for name, value in missing(grid.names).items())))
            for grid in spec.grids
        ),
        rows=tuple({**row, **missing(row)} for row in spec.rows),
    )


def _too_many_replicates(binding: Binding) -> Iterator[Problem]:
    spec, number = binding.spec, binding.points.count().number
    if spec.study is not None and number > LISTED_LEVELS:
        reason = f"makes {number:,} replicates of each trial"
        yield Problem(str(spec.path or spec.name), "grid", reason, remedy=f"make at most {LISTED_LEVELS:,}")
