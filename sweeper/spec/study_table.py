"""The shape of ``[study]`` in a spec's file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, PlainValidator, model_validator

from sweeper.spec.checks import Invalid, parameter_name, seconds, sweep_name
from sweeper.spec.space import Choice, Dimension, Interval, ordered
from sweeper.spec.study import EVERY_SWEEP, Component, Constraint
from sweeper.spec.tables import Assignments

DOMAINS = ("float", "int", "choice")
"""The keys of which each dimension has one."""

_OPTIONS = {"float": {"log", "step", "when"}, "int": {"log", "step", "when"}, "choice": {"when"}}


@dataclass(frozen=True, slots=True)
class Entry:
    """A dimension as the table has it: the parameter, with the family before it, and the value."""

    name: str
    value: Any


def entries(table: Mapping[str, Any], prefix: str = "") -> list[Entry]:
    """Return the dimensions of a space's table, those of families included."""
    found = []
    for key, value in table.items():
        is_family = isinstance(value, Mapping) and value and value.keys().isdisjoint(DOMAINS)
        if is_family and all(isinstance(inner, Mapping) for inner in value.values()) and "when" not in value:
            found += entries(value, f"{prefix}{key}.")
        else:
            found.append(Entry(prefix + key, value))
    return found


def dimension(entry: Entry) -> Dimension:
    """Return the dimension that an entry declares; raises ``Invalid``."""
    parameter_name(entry.name)
    table = entry.value
    kinds = [kind for kind in DOMAINS if kind in table] if isinstance(table, Mapping) else []
    if len(kinds) != 1:
        remedy = "as in { float = [1e-5, 1e-1], log = true }, { int = [16, 512], step = 16 } or { choice = [8, 32] }"
        raise Invalid("must be a table with one of float, int and choice", remedy)
    (kind,) = kinds
    if unknown := table.keys() - {kind} - _OPTIONS[kind]:
        options = ", ".join(sorted(_OPTIONS[kind]))
        raise Invalid(f"{', '.join(sorted(unknown))} means nothing beside {kind}", f"choose from {options}")
    domain = _choice(table[kind]) if kind == "choice" else _interval(kind, table)
    return Dimension(entry.name, domain, _when(table.get("when", {})))


def _choice(values: Any) -> Choice:
    if not isinstance(values, list) or not values:
        raise Invalid("choice must be a list of values")
    if len({repr(value) for value in values}) < len(values):
        raise Invalid("choice names a value twice", "keep one of them")
    return Choice(tuple(values))


def _interval(kind: str, table: Mapping[str, Any]) -> Interval:
    ends, step, is_log = table[kind], table.get("step"), table.get("log", False)
    is_whole = kind == "int"
    number = "an integer" if is_whole else "a number"
    if not isinstance(ends, list) or len(ends) != 2 or not all(_is_number(end, is_whole=is_whole) for end in ends):
        raise Invalid(f"{kind} must be [low, high]", f"each of them {number}")
    if step is not None and not (_is_number(step, is_whole=is_whole) and step > 0):
        raise Invalid(f"step must be {number} above 0")
    if not isinstance(is_log, bool):
        raise Invalid("log must be true or false")
    low, high = ends
    if low > high:
        raise Invalid(f"low ({low}) lies above high ({high})", "exchange them")
    if is_log and low <= 0:
        raise Invalid("a range with log = true must begin above 0")
    if is_log and step is not None:
        raise Invalid("step and log exclude each other", "take out one of them")
    return Interval(*_typed(is_whole, low, high, step), is_log=is_log)


def _typed(is_whole: bool, low: Any, high: Any, step: Any) -> tuple[Any, Any, bool, Any]:  # noqa: FBT001
    """Return low, high and step as numbers of the interval's type; high is the last level that a step comes to."""
    if is_whole:
        step = 1 if step is None else step
        return low, high - (high - low) % step, True, step
    if step is None:
        return float(low), float(high), False, None
    wide = Interval(float(low), math.inf, is_whole=False, step=float(step))
    last = wide.level(float(high))
    return float(low), last if last <= high else wide.level(last - step), False, float(step)


def _is_number(value: Any, *, is_whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return isinstance(value, int) or not is_whole


def _when(table: Any) -> Mapping[str, tuple[Any, ...]]:
    if not isinstance(table, Mapping):
        raise Invalid("when must be a table", 'as in when = { optimizer = "sgd" }')
    return {name: tuple(value) if isinstance(value, list) else (value,) for name, value in table.items()}


def _dimensions(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        raise Invalid(
            "must be a table with the parameters to search", "as in lr = { float = [1e-5, 1e-1], log = true }"
        )
    return {entry.name: entry for entry in entries(value)}


def _component(value: Any) -> Component:
    table = {"name": value} if isinstance(value, str) else value
    if isinstance(table, Mapping) and isinstance(name := table.get("name"), str) and name:
        return Component(name, {key: argument for key, argument in table.items() if key != "name"})
    raise Invalid("must be a name, or a table of a name and arguments", 'as in { name = "tpe", n_startup_trials = 20 }')


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Invalid("must be an integer of at least 1")
    return value


def _seed(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**32:
        raise Invalid("must be an integer from 0 to 4294967295")
    return value


def _names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise Invalid("must be the names of sweeps", f'as in ["bert_lr"], or "{EVERY_SWEEP}"')
    return tuple(sweep_name(name) for name in names)


def _constraint(value: Any) -> Constraint:
    try:
        return Constraint.parse(value)
    except (TypeError, ValueError):
        raise Invalid("is no constraint", 'write a metric and its bound, as in "train_seconds <= 60"') from None


SpaceTable = Annotated[
    dict[str, Annotated[InstanceOf[Dimension], BeforeValidator(dimension)]], BeforeValidator(_dimensions)
]


class StudyTable(BaseModel):
    """The table ``[study]``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    space: SpaceTable
    trials: Annotated[int, PlainValidator(_count)] | None = None
    timeout: Annotated[float, PlainValidator(seconds)] | None = None
    sampler: Annotated[Component, PlainValidator(_component)] = Component("tpe")
    pruner: Annotated[Component, PlainValidator(_component)] | None = None
    seed: Annotated[int, PlainValidator(_seed)] = 0
    warm_start: Annotated[tuple[str, ...], PlainValidator(_names)] = ()
    enqueue: Assignments = []
    constraints: list[Annotated[InstanceOf[Constraint], BeforeValidator(_constraint)]] = []
    reproducible: bool = False

    @model_validator(mode="after")
    def _has_known_conditions(self) -> Self:
        for name, one in self.space.items():
            for other, values in one.when.items():
                if other not in self.space:
                    raise Invalid(f"{name} depends on {other}, which is not searched", "take it out, or search it too")
                strange = [value for value in values if value not in self.space[other].domain]
                if strange:
                    raise Invalid(f"{name} depends on {other} = {strange[0]!r}, which it never is")
        try:
            ordered([*self.space.values()])
        except ValueError as error:
            raise Invalid(f"the conditions of {error} go in a circle", "take one of them out") from None
        return self
