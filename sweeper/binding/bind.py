"""Bind a spec to its task: check all of it before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from sweeper.binding.binding import Binding
from sweeper.binding.find import find_task
from sweeper.binding.survey import survey, unchanging, unreached
from sweeper.binding.values import Checker, Families, parameter_of, spec_value
from sweeper.errors import Problem, SpecError
from sweeper.points import Points
from sweeper.spec import Axis, Grid, Spec
from sweeper.task import MlflowTask
from sweeper.task.parameters import coerce


def bind(spec: Spec) -> Binding:
    """Return the binding of a spec.

    Raises ``SpecError`` with every problem: unknown parameters, values that do not fit, overrides that reach nothing,
    swept parameters that do not change the identity.
    """
    task = find_task(spec)
    seen = survey(spec, task)
    own = {name for name, _ in task.get_params()}
    spec = _without_own_family(spec.resolve(seen.families.keys() - own), task)
    checker = Checker(spec, task, seen.families, are_families_known=seen.failure is None)
    checked = checker.check()
    if checker.problems:
        raise SpecError(checker.problems)
    if seen.failure is not None:
        source = str(spec.path or spec.name)
        raise SpecError([Problem(source, "task", _cannot_build(seen.failure), f'"{spec.task}"')]) from seen.failure
    completed = _completed(checked, task, seen.families)
    binding = Binding(completed, Points.of(completed), task, seen.families)
    problems = [*unreached(binding)]
    problems += unchanging(binding, problems)
    if problems:
        raise SpecError(problems)
    return binding


def _without_own_family(spec: Spec, task: type[MlflowTask]) -> Spec:
    """Return the spec with ``Final.param`` written as ``param``: both mean the final task's own."""
    prefix = f"{task.get_task_family()}."

    def short(values: Mapping[str, Any]) -> dict[str, Any]:
        return {name.removeprefix(prefix): value for name, value in values.items()}

    return replace(
        spec,
        fixed=short(spec.fixed),
        grids=tuple(
            Grid(
                tuple(Axis(tuple(name.removeprefix(prefix) for name in axis.names), axis.levels) for axis in grid.axes)
            )
            for grid in spec.grids
        ),
        rows=tuple(map(short, spec.rows)),
        exclude=tuple(map(short, spec.exclude)),
        replicates=spec.replicates.removeprefix(prefix) if spec.replicates else None,
    )


def _completed(spec: Spec, task: type[MlflowTask], families: Families) -> Spec:
    """Return the spec with every point setting the same parameters, by their defaults where need be.

    So a point of one grid that leaves a parameter out is the point of another that sets it to the default.
    """
    defaults = {name: value for name in spec.swept for value in _default(task, families, name)}

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


def _default(task: type[MlflowTask], families: Families, name: str) -> list[Any]:
    """Return the default of a parameter as a spec would have it, in a list that is empty if it has none."""
    family, _, own = name.rpartition(".")
    family = family or task.get_task_family()
    parameter = parameter_of(task, families, name)
    if parameter is None or not parameter.has_task_value(family, own):
        return []
    value = coerce(parameter, parameter.task_value(family, own))
    return [spec_value(parameter, parameter.normalize(value))]


def _cannot_build(error: Exception) -> str:
    words = str(error).splitlines()
    return f"the pipeline cannot be built: {type(error).__name__}{f': {words[0]}' if words else ''}"
