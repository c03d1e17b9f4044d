"""Every value of a spec, held against the Luigi parameter it is for."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

import luigi

from sweeper.errors import Problem, did_you_mean
from sweeper.spec import Axis, Grid, Spec, Study, to_toml
from sweeper.spec.space import Dimension, Interval
from sweeper.task.parameters import checked, coerce, type_name

Families = Mapping[str, type[luigi.Task]]

COMMAND_LINE = "-p"

_TOML_TYPES = (type(None), bool, int, float, str, dt.date, dt.time)  # a datetime is a date


@dataclass
class Checker:
    """Checks and normalises the values of one spec; ``problems`` are what it found.

    Where the pipeline could not be built, its families are not known, and what is said of others passes.
    """

    spec: Spec
    task: type[luigi.Task]
    families: Families
    are_families_known: bool = True
    problems: dict[Problem, None] = field(default_factory=dict)

    def check(self) -> Spec:
        """Return the spec with every value as its parameter takes it."""
        spec = self.spec
        checked_spec = replace(
            spec,
            fixed=self._assignment("fixed", spec.fixed),
            grids=tuple(
                Grid(tuple(self._axis(place, axis) for axis in grid.axes)) for place, grid in places_of_grids(spec)
            ),
            rows=tuple(self._assignment(f"points[{number}]", row) for number, row in enumerate(spec.rows)),
            exclude=tuple(self._assignment(f"exclude[{number}]", one) for number, one in enumerate(spec.exclude)),
            study=spec.study and self._study(spec.study),
        )
        self._check_required()
        if spec.study is not None:
            self._check_conditional(spec.study)
        self._check_classes("timeout", spec.timeouts)
        self._check_classes("retry", spec.retries)
        self._check_classes("resources", spec.resources)
        return checked_spec

    def _study(self, study: Study) -> Study:
        known = len(self.problems)
        space = tuple(map(self._dimension, study.space))
        rows = tuple(self._assignment(f"study.enqueue[{number}]", row) for number, row in enumerate(study.enqueue))
        checked_study = replace(study, space=space, enqueue=rows)
        for number, row in enumerate(rows if len(self.problems) == known else ()):
            for name, reason in checked_study.misfits(row):
                self._note(f"study.enqueue[{number}]", name, reason, to_toml(row[name]))
        return checked_study

    def _dimension(self, dimension: Dimension) -> Dimension:
        parameter = parameter_of(self.task, self.families, dimension.name)
        if parameter is not None and isinstance(dimension.domain, Interval):
            reason, remedy = _why_no_range(parameter, dimension.domain)
            if reason:
                self._note("study.space", dimension.name, reason, to_toml(dimension.domain.to_table()), remedy)
                return dimension
        try:
            return dimension.map(lambda name, value: self._value("study.space", name, value))
        except ValueError as error:  # only a range refuses as a whole
            self._note("study.space", dimension.name, f"{type_name(parameter)} {error}" if parameter else str(error))
            return dimension

    def _assignment(self, place: str, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self._value(place, name, value) for name, value in values.items()}

    def _axis(self, place: str, axis: Axis) -> Axis:
        try:
            return axis.map(lambda name, value: self._value(place, name, value))
        except ValueError as error:
            (name,) = axis.names  # only a generator refuses as a whole, and it has one
            parameter = parameter_of(self.task, self.families, name)
            self._note(place, name, f"{error} ({type_name(parameter)})" if parameter else str(error))
            return axis

    def _value(self, place: str, name: str, value: Any) -> Any:
        parameter = parameter_of(self.task, self.families, name)
        if parameter is None:
            self._note_unknown(place, name, value)
            return value
        try:
            return spec_value(parameter, checked(parameter, value), value)
        except ValueError as error:
            self._note(place, name, str(error), to_toml(value))
            return value

    def _note_unknown(self, place: str, name: str, value: Any) -> None:
        if isinstance(value, Mapping) and value:  # the table of a family that is not there
            for inner, item in value.items():
                self._note_unknown(place, f"{name}.{inner}", item)
            return
        family, _, own = name.rpartition(".")
        if family and family not in self.families:
            if self.are_families_known:
                reason = f"no task {family} is upstream of {self.task.__name__}"
                self._note(place, name, reason, remedy=did_you_mean(family, self.families))
            return
        owner = self.families[family] if family else self.task
        names = [known for known, _ in owner.get_params()]
        self._note(place, name, f"{owner.__name__} has no such parameter", remedy=did_you_mean(own, names))

    def _check_required(self) -> None:
        """Note the task's own parameters that have no default, and that some point leaves open."""
        family = self.task.get_task_family()
        parts = [(place, grid.names) for place, grid in places_of_grids(self.spec)]
        parts += [(f"points[{number}]", tuple(row)) for number, row in enumerate(self.spec.rows)]
        searched = self.spec.study.names if self.spec.study else ()
        for name, parameter in self.task.get_params():
            if name in (*self.spec.fixed, *searched) or parameter.has_task_value(family, name):
                continue
            lacking = [place for place, names in parts if name not in names]
            for place in lacking if len(lacking) < len(parts) else ["fixed"]:
                self._note(place, name, f"{self.task.__name__} needs a value for it", remedy="set it, or sweep it")

    def _check_conditional(self, study: Study) -> None:
        """Note the parameters that are not always set, and have no default for when they are not."""
        for name in (dimension.name for dimension in study.space if dimension.when):
            is_known = parameter_of(self.task, self.families, name) is not None
            if is_known and not default_of(self.task, self.families, name):
                remedy = "give it one in its class, or take out its condition"
                self._note("study.space", name, "is not always set, and has no default", remedy=remedy)

    def _check_classes(self, place: str, families: Iterable[str]) -> None:
        for family in families if self.are_families_known else ():
            if family not in self.families:
                reason = "no such task in the pipeline"
                self._note(place, family, reason, remedy=did_you_mean(family, self.families))

    def _note(self, place: str, name: str, reason: str, value: str = "", remedy: str = "") -> None:
        self.problems.setdefault(problem(self.spec, place, name, reason, value, remedy))


def problem(spec: Spec, place: str, name: str, reason: str, value: str = "", remedy: str = "") -> Problem:
    """Return a problem with what a spec says of a parameter, in the file or on the command line."""
    if name in overridden(spec):
        return Problem(COMMAND_LINE, name, reason, value, remedy)
    return Problem(str(spec.path or spec.name), f"{place}.{name}", reason, value, remedy)


def places_of_grids(spec: Spec) -> Iterator[tuple[str, Grid]]:
    """Yield a spec's grids, each with the key under which the file has it."""
    for number, grid in enumerate(spec.grids):
        yield "grid" if len(spec.grids) == 1 else f"grid[{number}]", grid


def overridden(spec: Spec) -> set[str]:
    """Return the parameters that the command line sets."""
    return {name.strip() for text in spec.overrides for name in text.partition("=")[0].split(",")}


def parameter_of(task: type[luigi.Task], families: Families, name: str) -> luigi.Parameter[Any] | None:
    """Return the parameter that a name means: one of the task's own, or ``Family.param`` of one upstream."""
    family, _, own = name.rpartition(".")
    owner = families.get(family) if family else task
    return dict(owner.get_params()).get(own) if owner else None


def default_of(task: type[luigi.Task], families: Families, name: str) -> list[Any]:
    """Return the default of a parameter as a spec would have it, in a list that is empty if it has none."""
    family, _, own = name.rpartition(".")
    family = family or task.get_task_family()
    parameter = parameter_of(task, families, name)
    if parameter is None or not parameter.has_task_value(family, own):
        return []
    value = coerce(parameter, parameter.task_value(family, own))
    return [spec_value(parameter, parameter.normalize(value))]


def spec_value(parameter: luigi.Parameter[Any], value: Any, given: Any = None) -> Any:
    """Return a parameter's value as a spec holds it: where TOML has no such values what was given, else its text.

    The record of a sweep is read where the classes of the user's enums and parameters are not.
    """
    match value:
        case enum.Enum():
            return value.name
        case PurePath():
            return str(value)
        case list() | tuple():
            return [spec_value(parameter, item) for item in value]
        case Mapping():
            return {key: spec_value(parameter, item) for key, item in value.items()}
        case _ if isinstance(value, _TOML_TYPES):
            return value
    return given if given is not None else parameter.serialize(value)


def held(parameter: luigi.Parameter[Any], value: Any) -> Any:
    """Return a spec's checked value as its parameter holds it: text means what the parameter reads in it."""
    is_text = isinstance(value, str) and not isinstance(parameter, luigi.ChoiceParameter | luigi.PathParameter)
    return parameter.parse(value) if is_text else value


def _why_no_range(parameter: luigi.Parameter[Any], interval: Interval) -> tuple[str, str]:
    """Return why a parameter cannot be searched as a range, and what to do; '' twice if it can."""
    if not isinstance(parameter, luigi.FloatParameter | luigi.IntParameter | luigi.NumericalParameter):
        return f"{type_name(parameter)} takes no range", "list its values, as in { choice = [...] }"
    is_integral = isinstance(parameter, luigi.IntParameter) or getattr(parameter, "_var_type", None) is int
    if is_integral and not interval.is_whole:
        ends = [round(end) for end in interval.ends]
        return f"{type_name(parameter)} takes integers", f"write {to_toml({'int': ends})}"
    return "", ""
