"""Every value of a spec, held against the Luigi parameter it is for."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import luigi

from sweeper.errors import Problem, did_you_mean
from sweeper.spec import Axis, Grid, Spec, to_toml
from sweeper.task.parameters import checked, type_name

Families = Mapping[str, type[luigi.Task]]


@dataclass
class Checker:
    """Checks and normalises the values of one spec; ``problems`` are what it found."""

    source: str
    task: type[luigi.Task]
    families: Families
    problems: list[Problem] = field(default_factory=list)

    def spec(self, spec: Spec) -> Spec:
        """Return the spec with every value as its parameter takes it."""
        return replace(
            spec,
            fixed=self._assignment("fixed", spec.fixed),
            grids=tuple(
                Grid(
                    tuple(self._axis("grid" if len(spec.grids) == 1 else f"grid[{number}]", axis) for axis in grid.axes)
                )
                for number, grid in enumerate(spec.grids)
            ),
            rows=tuple(self._assignment(f"points[{number}]", row) for number, row in enumerate(spec.rows)),
            exclude=tuple(self._assignment(f"exclude[{number}]", one) for number, one in enumerate(spec.exclude)),
        )

    def parameter(self, name: str) -> luigi.Parameter[Any] | None:
        """Return the parameter that a name means: one of the task's own, or ``Family.param`` of one upstream."""
        family, _, own = name.rpartition(".")
        owner = self.families.get(family) if family else self.task
        return dict(owner.get_params()).get(own) if owner else None

    def names(self) -> list[str]:
        """Return all names that a spec of this task may use."""
        upstream = [
            f"{family}.{name}"
            for family, owner in self.families.items()
            if owner is not self.task
            for name, _ in owner.get_params()
        ]
        return [*(name for name, _ in self.task.get_params()), *upstream]

    def _assignment(self, place: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(f"{place}.{name}", name, value) for name, value in values.items()}

    def _axis(self, place: str, axis: Axis) -> Axis:
        try:
            return axis.map(lambda name, value: self._value(f"{place}.{name}", name, value))
        except ValueError as error:
            self.problems.append(Problem(self.source, f"{place}.{','.join(axis.names)}", str(error)))
            return axis

    def _value(self, key: str, name: str, value: Any) -> Any:
        parameter = self.parameter(name)
        if parameter is None:
            self._note(Problem(self.source, key, *self._unknown(name)))
            return value
        try:
            return _plain(value, checked(parameter, value))
        except ValueError as error:
            self._note(Problem(self.source, key, str(error), to_toml(value)))
            return value

    def _unknown(self, name: str) -> tuple[str, str, str]:
        family, _, own = name.rpartition(".")
        if family and family not in self.families:
            return f"no task {family} is upstream of {self.task.__name__}", "", did_you_mean(family, self.families)
        owner = self.families[family] if family else self.task
        near = did_you_mean(own, (name for name, _ in owner.get_params()))
        return f"{owner.__name__} has no such parameter", "", near if near else did_you_mean(name, self.names())

    def _note(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)


def describe(parameter: luigi.Parameter[Any]) -> str:
    """Return a parameter's kind for a message."""
    return type_name(parameter)


def _plain(given: Any, held: Any) -> Any:
    """Return a value as a spec holds it: the parameter's where TOML has such values, else what was given.

    The record of a sweep is read where the classes of the user's enums and parameters are not.
    """
    foreign = isinstance(held, enum.Enum | PurePath) or not isinstance(held, _TOML_TYPES)
    return given if foreign or isinstance(held, Mapping | list | tuple) else held


_TOML_TYPES = (type(None), bool, int, float, str, Mapping, list, tuple)
