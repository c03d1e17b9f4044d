"""Bind a spec to its task: check all of it before anything runs, and make points into instances."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import luigi
from luigi.parameter import ParameterException

from sweeper.binding.find import find_task
from sweeper.binding.values import Checker, Families
from sweeper.errors import IdentityError, Problem, SpecError, TaskError, did_you_mean
from sweeper.identity import canonical_json
from sweeper.points import Point, Points
from sweeper.spec import Axis, Grid, Spec
from sweeper.task import MlflowTask, key_of
from sweeper.task.overrides import Override, Trace, instantiate
from sweeper.task.parameters import coerce

PROBED_LEVELS = 64
"""Levels of each axis, and points of each kind, that are looked at for the classes of the DAG."""

PROBED_BASES = 8
"""Points from which an axis is varied before it is said to change nothing."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A spec whose every value fits its task, and the way from a point to an instance."""

    spec: Spec
    points: Points
    task: type[MlflowTask]
    families: Families

    def instance(self, point: Point) -> MlflowTask:
        """Return the final instance of a point."""
        task, _ = self.build(point.values)
        return task

    def build(self, values: Iterable[tuple[str, Any]]) -> tuple[MlflowTask, Trace]:
        """Return the instance of an assignment on top of what is fixed, and what its overrides reached."""
        own: dict[str, Any] = {}
        upstream: list[Override] = []
        for name, value in (*self.spec.fixed.items(), *values):
            family, _, param = name.rpartition(".")
            if family:
                upstream.append(Override.of(self.families[family], param, value))
            else:
                own[name] = value
        task, trace = instantiate(self.task, own, upstream)
        assert isinstance(task, MlflowTask)
        return task, trace


def bind(spec: Spec) -> Binding:
    """Return the binding of a spec.

    Raises ``SpecError`` with every problem: unknown parameters, values that do not fit, overrides that reach nothing,
    swept parameters that do not change the identity.
    """
    task = find_task(spec)
    source = str(spec.path or spec.name)
    try:
        families = _families(spec, task)
    except (ParameterException, TaskError, IdentityError, ValueError, TypeError) as error:
        families = {task.get_task_family(): task}
        checker = Checker(source, task, families)
        _check(spec, checker)
        raise SpecError([*checker.problems, Problem(source, "task", _first_line(error), f'"{spec.task}"')]) from error
    own = {name for name, _ in task.get_params()}
    spec = _without_own_family(spec.resolve(families.keys() - own), task)
    checker = Checker(source, task, families)
    checked = _check(spec, checker)
    if checker.problems:
        raise SpecError(checker.problems)
    spec = _completed(checked, task)
    binding = Binding(spec, Points.of(spec), task, families)
    problems = [*_unreached(binding, source), *_unchanging(binding, source)]
    if problems:
        raise SpecError(problems)
    return binding


def _check(spec: Spec, checker: Checker) -> Spec:
    """Return the spec with its values normalised; the checker collects what is wrong."""
    checked = checker.spec(spec)
    given = {*spec.fixed, *spec.swept}
    for name, parameter in checker.task.get_params():
        if name not in given and not parameter.has_task_value(checker.task.get_task_family(), name):
            checker.problems.append(
                Problem(
                    checker.source,
                    f"fixed.{name}",
                    f"{checker.task.__name__} needs a value for it",
                    remedy="set it, or sweep it",
                )
            )
    for family in spec.timeouts:
        if family not in checker.families:
            remedy = did_you_mean(family, checker.families)
            checker.problems.append(
                Problem(checker.source, f"timeout.{family}", "no such task in the pipeline", "", remedy)
            )
    return checked


def _families(spec: Spec, task: type[MlflowTask]) -> dict[str, type[luigi.Task]]:
    """Return the classes in the DAGs of the spec's points, by family; of each axis up to 64 levels are looked at."""
    found: dict[str, type[luigi.Task]] = {task.get_task_family(): task}
    own = dict(task.get_params())
    for assignment in _probes(spec):
        values: dict[str, Any] = {}
        overrides: list[Override] = []
        for name, value in assignment.items():
            family, _, param = name.rpartition(".")
            if name in own:
                values[name] = coerce(own[name], value)
            elif family:
                overrides.append(Override(family, param, value, canonical_json(value)))
            elif isinstance(value, Mapping):
                overrides += [Override(name, inner, item, canonical_json(item)) for inner, item in value.items()]
        instance, _ = instantiate(task, values, overrides)
        for required in _closure(instance):
            found.setdefault(required.get_task_family(), type(required))
    return found


def _probes(spec: Spec) -> Iterator[dict[str, Any]]:
    """Yield assignments that show each level of each axis once, the other axes at their first."""
    for grid in spec.grids:
        first = {name: value for axis in grid.axes for name, value in zip(axis.names, axis.levels[0], strict=True)}
        yield {**spec.fixed, **first}
        for axis in grid.axes:
            for level in islice(axis.levels, 1, PROBED_LEVELS):
                yield {**spec.fixed, **first, **dict(zip(axis.names, level, strict=True))}
    for row in spec.rows[:PROBED_LEVELS]:
        yield {**spec.fixed, **row}
    if not spec.grids and not spec.rows:
        yield dict(spec.fixed)


def _closure(task: luigi.Task) -> Iterator[luigi.Task]:
    seen: set[str] = set()
    stack = [task]
    while stack:
        current = stack.pop()
        if current.task_id not in seen:
            seen.add(current.task_id)
            yield current
            stack.extend(current.deps())


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


def _completed(spec: Spec, task: type[MlflowTask]) -> Spec:
    """Return the spec with every point setting the same parameters of the task's own, by their defaults where need be.

    So a point of one grid that leaves a parameter out is the point of another that sets it to the default.
    """
    family = task.get_task_family()
    parameters = dict(task.get_params())
    defaults = {
        name: coerce(parameters[name], parameters[name].task_value(family, name))
        for name in spec.swept
        if name in parameters and parameters[name].has_task_value(family, name)
    }

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


def _unreached(binding: Binding, source: str) -> Iterator[Problem]:
    """Yield the overrides that reach no instance of any point that was looked at."""
    names = [name for name in (*binding.spec.fixed, *binding.spec.swept) if "." in name]
    if not names:
        return
    reached: set[str] = set()
    for assignment in _probes(replace(binding.spec, fixed={})):
        _, trace = binding.build(assignment.items())
        reached |= {f"{override.family}.{override.param}" for override in trace.reached}
    for name in dict.fromkeys(names):
        if name not in reached:
            family, _, param = name.rpartition(".")
            yield Problem(
                source,
                _place(binding.spec, name),
                f"it reaches no {family}: requires() sets {param} explicitly wherever a {family} is made",
                remedy="sweep the parameter it is set from, or leave it out of requires()",
            )


def _unchanging(binding: Binding, source: str) -> Iterator[Problem]:
    """Yield the swept parameters that leave the identity as it is, for their points would be computed once."""
    spec = binding.spec
    for number, grid in enumerate(spec.grids):
        points = Points([grid], replicates=spec.replicates)
        bases = points.sample(PROBED_BASES) if points.count(0).number > PROBED_BASES else list(points)
        for axis in grid.axes:
            levels = list(islice(axis.levels, PROBED_LEVELS))
            if len(levels) > 1 and not any(_changes(binding, base, axis, levels) for base in bases):
                place = "grid" if len(spec.grids) == 1 else f"grid[{number}]"
                yield Problem(source, f"{place}.{','.join(axis.names)}", *_why_unchanging(binding, axis))


def _changes(binding: Binding, base: Point, axis: Axis, levels: list[tuple[Any, ...]]) -> bool:
    keys: set[str] = set()
    for level in levels:
        assignment = base.as_dict() | dict(zip(axis.names, level, strict=True))
        keys.add(key_of(binding.instance(Point.of(assignment))))
        if len(keys) > 1:
            return True
    return False


def _why_unchanging(binding: Binding, axis: Axis) -> tuple[str, str, str]:
    name = axis.names[0]
    family, _, param = name.rpartition(".")
    owner = binding.families[family] if family else binding.task
    if not dict(owner.get_params())[param].significant:
        return (
            f"{owner.__name__} declares it insignificant, so it does not change the identity",
            "",
            "make it significant, or do not sweep it",
        )
    return (
        f"it does not change the identity of {binding.task.__name__}, so its points would be one",
        "",
        "let to_mlflow_tags include it",
    )


def _place(spec: Spec, name: str) -> str:
    return f"fixed.{name}" if name in spec.fixed else f"grid.{name}"


def _first_line(error: Exception) -> str:
    return f"the pipeline cannot be built: {type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
