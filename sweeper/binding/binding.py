"""The binding itself: the way from a point to an instance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeper.binding.values import Families, default_of, held, parameter_of, spec_value
from sweeper.points import Point, Points
from sweeper.points.space import trial_points
from sweeper.spec import Spec
from sweeper.task import MlflowTask
from sweeper.task.overrides import Override, Trace, instantiate
from sweeper.task.parameters import checked

Asked = Mapping[str, Mapping[str, float]]
"""How much tasks need of each resource, by family and name."""


@dataclass(frozen=True, slots=True)
class Binding:
    """A spec whose every value fits its task, and the way from a point to an instance.

    ``points`` are those of the spec's grids and rows: beside a study, the replicates that each trial has. ``asked`` is
    what tasks need, as far as it is known beforehand: what the spec says, and else their own account.
    """

    spec: Spec
    points: Points
    task: type[MlflowTask]
    families: Families
    asked: Asked = field(default_factory=dict)

    def instance(self, point: Point) -> MlflowTask:
        """Return the final instance of a point."""
        task, _ = self.build(point.values)
        return task

    def point(self, values: Mapping[str, Any]) -> Point:
        """Return the point of what a trial sets, each value as a grid would have it and in the order of the space.

        Names that are not searched are left out. Raises ``ValueError`` for a value that its parameter does not take.
        """
        searched = self.spec.study.names if self.spec.study else ()
        return Point(tuple((name, self._normal(name, values[name])) for name in searched if name in values))

    def trial_points(self, values: Mapping[str, Any]) -> list[Point]:
        """Return the points at which what a trial sets is evaluated: one a replicate, as ``point`` has the values."""
        return trial_points(self.spec, self.point(values).as_dict())

    def defaults(self, names: Iterable[str]) -> dict[str, Any]:
        """Return the defaults of those of the named parameters that have one, as a spec would have them."""
        return {name: value for name in names for value in default_of(self.task, self.families, name)}

    def build(self, values: Iterable[tuple[str, Any]]) -> tuple[MlflowTask, Trace]:
        """Return the instance of an assignment on top of what is fixed, and what its overrides reached."""
        return build(self.task, self.families, [*self.spec.fixed.items(), *values])

    def _normal(self, name: str, value: Any) -> Any:
        parameter = parameter_of(self.task, self.families, name)
        assert parameter is not None
        return spec_value(parameter, checked(parameter, value), value)


def build(task: type[MlflowTask], families: Families, values: Iterable[tuple[str, Any]]) -> tuple[MlflowTask, Trace]:
    """Return the instance of a task class for checked values, and what its overrides reached."""
    parameters = dict(task.get_params())
    own: dict[str, Any] = {}
    upstream: list[Override] = []
    for name, value in values:
        family, _, param = name.rpartition(".")
        if family:
            parameter = dict(families[family].get_params())[param]
            upstream.append(Override.of(families[family], param, held(parameter, value)))
        else:
            own[name] = held(parameters[name], value)
    instance, trace = instantiate(task, own, upstream)
    assert isinstance(instance, MlflowTask)
    return instance, trace
