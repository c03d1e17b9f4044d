"""The shape of ``[study]`` in a spec's file."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, InstanceOf, PlainValidator

from sweeper.errors import did_you_mean
from sweeper.spec.checks import Invalid, parameter_name, seconds, sweep_name
from sweeper.spec.space import Choice, Dimension, Interval
from sweeper.spec.study import EVERY_SWEEP, Component, Constraint
from sweeper.spec.tables import Assignments, Entry, entries

DOMAINS = ("float", "int", "choice")
"""The keys of which each dimension has one."""

_OPTIONS = {"float": {"log", "step", "when"}, "int": {"log", "step", "when"}, "choice": {"when"}}


def space_entries(table: Mapping[str, Any]) -> list[Entry]:
    """Return the dimensions of a space's table, those of families included."""
    return entries(table, _is_family)


def dimension(entry: Entry) -> Dimension:
    """Return the dimension that an entry declares; raises ``Invalid``."""
    parameter_name(entry.key)
    table = entry.value
    kinds = [kind for kind in DOMAINS if kind in table] if isinstance(table, Mapping) else []
    if len(kinds) != 1:
        remedy = "as in { float = [1e-5, 1e-1], log = true }, { int = [16, 512], step = 16 } or { choice = [8, 32] }"
        raise Invalid("must be a table with one of float, int and choice", remedy)
    (kind,) = kinds
    if unknown := sorted(table.keys() - {kind} - _OPTIONS[kind]):
        raise Invalid(f"{unknown[0]} means nothing beside {kind}", did_you_mean(unknown[0], _OPTIONS[kind]))
    domain = _choice(table[kind]) if kind == "choice" else _interval(kind, table)
    return Dimension(entry.key, domain, _when(table.get("when", {})))


def _is_family(value: Any) -> bool:
    """Tell whether a table holds dimensions, and is not meant for one."""
    if not isinstance(value, Mapping) or not value.keys().isdisjoint(DOMAINS):
        return False
    return any(isinstance(inner, Mapping) for key, inner in value.items() if key != "when")


def _choice(values: Any) -> Choice:
    if not isinstance(values, list) or not values:
        raise Invalid("choice must be a list of values")
    choice = Choice(tuple(values))
    if len(choice.values) < len(values):
        raise Invalid("choice names a value twice", "keep one of them")
    return choice


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
    return Interval(low, high, is_whole, step, is_log)


def _is_number(value: Any, *, is_whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= sys.float_info.max:
        return False
    return isinstance(value, int) or not is_whole


def _when(table: Any) -> dict[str, tuple[Any, ...]]:
    if not isinstance(table, Mapping):
        raise Invalid("when must be a table", 'as in when = { optimizer = "sgd" }')
    when = {}
    for name, value in _conditions(table):
        when[name] = tuple(value) if isinstance(value, list) else (value,)
        if not when[name]:
            raise Invalid(f"when names no value of {name}", "name some, or take it out")
    return when


def _conditions(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the items of ``when``; a table in it is a family, so a value that is a table has to stand in a list."""
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _conditions(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _dimensions(value: Any) -> Any:
    if not isinstance(value, Mapping) or not value:
        remedy = "as in lr = { float = [1e-5, 1e-1], log = true }"
        raise Invalid("must be a table with the parameters to search", remedy)
    return {entry.key: entry for entry in space_entries(value)}


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


def _constraints(value: Any) -> Any:
    if not isinstance(value, str | list):
        raise Invalid("must be a list of constraints", 'as in ["train_seconds <= 60"]')
    return [value] if isinstance(value, str) else value


def _constraint(value: Any) -> Constraint:
    try:
        return Constraint.parse(value)
    except (TypeError, ValueError):
        raise Invalid("is no constraint", 'write a metric and its bound, as in "train_seconds <= 60"') from None


SpaceTable = Annotated[
    dict[str, Annotated[InstanceOf[Dimension], BeforeValidator(dimension)]], BeforeValidator(_dimensions)
]
Constraints = Annotated[
    list[Annotated[InstanceOf[Constraint], BeforeValidator(_constraint)]], BeforeValidator(_constraints)
]


class StudyTable(BaseModel):
    """The table ``[study]``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    space: SpaceTable
    trials: Annotated[int, PlainValidator(_count)]
    timeout: Annotated[float, PlainValidator(seconds)] | None = None
    sampler: Annotated[Component, PlainValidator(_component)] = Component("tpe")
    pruner: Annotated[Component, PlainValidator(_component)] | None = None
    seed: Annotated[int, PlainValidator(_seed)] = 0
    warm_start: Annotated[tuple[str, ...], PlainValidator(_names)] = ()
    enqueue: Assignments = []
    constraints: Constraints = []
    reproducible: bool = False
