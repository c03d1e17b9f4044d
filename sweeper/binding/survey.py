"""A look at some of a spec's points before any runs: what their pipelines are made of, and what makes them differ."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import luigi

from sweeper.binding.binding import Asked, Binding, build
from sweeper.binding.probes import bases, levels, probes
from sweeper.binding.values import Families, parameter_of, places_of_grids, problem
from sweeper.errors import Problem, SpecError
from sweeper.points import Point
from sweeper.spec import Spec
from sweeper.spec.families import flatten
from sweeper.task import MlflowTask, key_of
from sweeper.task.needs import own_needs
from sweeper.task.parameters import checked
from sweeper.task.pipeline import upstream_first


@dataclass(frozen=True, slots=True)
class Survey:
    """The task classes in the pipelines of a spec's points, by family.

    ``asked`` is what their instances ask for by their own account, by family and resource: the most that was seen.
    ``failure`` is why none of the pipelines that were looked at could be built, None if one could.
    """

    families: Families
    asked: Asked
    failure: Exception | None


def survey(spec: Spec, task: type[MlflowTask]) -> Survey:
    """Look at the pipelines of a spec's points: each level of each axis once, both ends of each range.

    Values that do not fit are left out, and so is a point whose pipeline cannot be built: it fails when it is run.
    """
    families: dict[str, type[luigi.Task]] = {task.get_task_family(): task}
    failure: Exception | None = None
    asked: dict[str, dict[str, float]] = {}
    is_built = False
    for assignment in probes(spec):
        try:
            _note_needs(_discover(task, families, assignment), asked)
            is_built = True
        except Exception as error:  # noqa: BLE001 (requires() is the user's)
            failure = failure or error
    return Survey(families, asked, None if is_built else failure)


def samples(binding: Binding) -> list[luigi.Task]:
    """Return an instance of each class in the pipelines of a spec's points, as far as those that are looked at show it.

    Raises ``SpecError`` if none of the pipelines can be built any more.
    """
    found: dict[str, luigi.Task] = {}
    failure: Exception | None = None
    for assignment in probes(replace(binding.spec, fixed={})):
        try:
            final, _ = binding.build(assignment.items())
            key_of(final)
            pipeline = upstream_first(final)
        except Exception as error:  # noqa: BLE001 (requires() is the user's; such a point fails when it is run)
            failure = failure or error
            continue
        found |= {task.get_task_family(): task for task in pipeline if task.get_task_family() not in found}
        if found.keys() >= binding.families.keys():
            break
    if not found:
        assert failure is not None
        raise unbuildable(binding.spec, failure) from failure
    return [*found.values()]


def unbuildable(spec: Spec, failure: Exception) -> SpecError:
    """Return the error that says why no pipeline of a spec can be built."""
    words = str(failure).splitlines()
    reason = f"the pipeline cannot be built: {type(failure).__name__}{f': {words[0]}' if words else ''}"
    return SpecError([Problem(str(spec.path or spec.name), "task", reason, f'"{spec.task}"')])


def unreached(binding: Binding) -> Iterator[Problem]:
    """Yield a problem for each override that reaches no instance of any point that was looked at."""
    spec = binding.spec
    names = dict.fromkeys(name for name in (*spec.fixed, *spec.swept) if "." in name)
    reached: set[str] = set()
    for assignment in probes(replace(spec, fixed={})) if names else ():
        try:
            _, trace = binding.build(assignment.items())
        except Exception:  # noqa: BLE001, S112 (requires() is the user's; such a point fails when it is run)
            continue
        reached |= {f"{override.family}.{override.param}" for override in trace.reached}
    for name in names:
        if name not in reached:
            family, _, param = name.rpartition(".")
            yield problem(
                spec,
                _place(spec, name),
                name,
                f"it reaches no {family}: requires() sets {param} explicitly wherever a {family} is made",
                remedy="sweep the parameter it is set from, or leave it out of requires()",
            )


def unchanging(binding: Binding, known: Iterable[Problem]) -> Iterator[Problem]:
    """Yield a problem for each swept parameter that leaves the identity as it is: its points would be one.

    Parameters with a problem that is ``known`` are passed over.
    """
    spec = binding.spec
    passed_over = {found.key for found in known}
    for name in spec.swept:
        place = _place(spec, name)
        different = levels(spec, name)
        if f"{place}.{name}" not in passed_over and len(different) > 1:
            varied = bases(spec, binding.points, name)
            if not any(_changes(binding, base, name, different) for base in varied):
                yield problem(spec, place, name, *_why_unchanging(binding, name))


def _discover(
    task: type[MlflowTask], families: dict[str, type[luigi.Task]], assignment: Mapping[str, Any]
) -> list[luigi.Task]:
    """Add the classes of an assignment's pipeline: its overrides count once the classes they are for are known.

    Returns the pipeline's tasks.
    """
    known, pipeline = 0, []
    while known != len(families):
        known = len(families)
        instance, _ = build(task, families, _fitting(task, families, assignment))
        key_of(instance)  # a pipeline without an identity is none
        pipeline = [*upstream_first(instance)]
        for required in pipeline:
            families.setdefault(required.get_task_family(), type(required))
    return pipeline


def _note_needs(pipeline: Iterable[luigi.Task], asked: dict[str, dict[str, float]]) -> None:
    for task in pipeline:
        for name, amount in own_needs(task).items():
            known = asked.setdefault(task.get_task_family(), {})
            known[name] = max(amount, known.get(name, 0.0))


def _fitting(task: type[MlflowTask], families: Families, assignment: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the values that their parameters take."""
    own = {name for name, _ in task.get_params()}
    for name, value in flatten(assignment, families.keys() - own):
        parameter = parameter_of(task, families, name)
        if parameter is not None:
            try:
                checked(parameter, value)
            except ValueError:
                continue
            yield name, value


def _changes(binding: Binding, base: Mapping[str, Any], name: str, different: Iterable[Any]) -> bool:
    """Whether points that differ from a base in one parameter alone have different identities."""
    keys: set[str] = set()
    for level in different:
        try:
            keys.add(key_of(binding.instance(Point.of({**base, name: level}))))
        except Exception:  # noqa: BLE001, S112 (requires() and to_mlflow_tags() are the user's)
            continue
        if len(keys) > 1:
            return True
    return False


def _why_unchanging(binding: Binding, name: str) -> tuple[str, str, str]:
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
    """Return the first place where a spec sets a parameter."""
    if name in spec.fixed:
        return "fixed"
    if spec.study is not None and spec.study.dimension(name):
        return "study.space"
    grids = (place for place, grid in places_of_grids(spec) if name in grid.names)
    rows = (f"points[{number}]" for number, row in enumerate(spec.rows) if name in row)
    return next(chain(grids, rows))
