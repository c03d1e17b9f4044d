"""The binding itself: the way from a point to an instance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sweeper.binding.values import Families, held
from sweeper.points import Point, Points
from sweeper.spec import Spec
from sweeper.task import MlflowTask
from sweeper.task.overrides import Override, Trace, instantiate


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
        return build(self.task, self.families, [*self.spec.fixed.items(), *values])


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
