"""The shape of ``[grid]`` in a spec's file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, InstanceOf

from sweeper.spec.checks import Invalid, parameter_name
from sweeper.spec.levels import GENERATORS, Level, generate
from sweeper.spec.model import Axis
from sweeper.spec.tables import Entry, entries, split_names
from sweeper.spec.toml import to_toml


def is_generator(value: Any) -> bool:
    """Tell whether a table stands for levels, and not for a family's parameters."""
    return isinstance(value, Mapping) and not value.keys().isdisjoint(GENERATORS)


def axis_entries(table: Mapping[str, Any]) -> list[Entry]:
    """Return the axes of a grid's table, those of families included."""
    return entries(table, _is_family)


def axis(entry: Entry) -> Axis:
    """Return the axis that a grid's entry declares; raises ``Invalid``."""
    names = split_names(entry.key)
    for name in names:
        parameter_name(name)
    if len(set(names)) < len(names):
        raise Invalid("names a parameter twice", "each of the names that vary together is another one")
    value = entry.value
    if isinstance(value, Mapping):
        return Axis(names, _generated(names, value))
    if not isinstance(value, list):
        raise Invalid("must be a list of levels or a generator", f"write [{to_toml(value)}], or set it under [fixed]")
    if not value:
        raise Invalid("has no levels", "give it some, or take the line out")
    if len(names) == 1:
        return Axis(names, [(level,) for level in value])
    return Axis(names, _paired(names, value))


def _is_family(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and not is_generator(value)


def _generated(names: tuple[str, ...], table: Mapping[str, Any]) -> Any:
    if len(table) != 1 or not is_generator(table):
        raise Invalid("must be a list of levels or one generator", f"the generators are {', '.join(GENERATORS)}")
    if len(names) > 1:
        raise Invalid("a generator is for one parameter", "list the levels that vary together")
    ((generator, arguments),) = table.items()
    return generate(generator, arguments)


def _paired(names: tuple[str, ...], rows: list[Any]) -> list[Level]:
    for row in rows:
        if not isinstance(row, list) or len(row) != len(names):
            reason = f"each level must be a list of {len(names)} values, and {to_toml(row)} is not"
            raise Invalid(reason, f"as in [[{', '.join(f'<{name}>' for name in names)}], ...]")
    return [tuple(row) for row in rows]


def _grids(value: Any) -> Any:
    if not isinstance(value, Mapping | list):
        raise Invalid("must be a table", "write [grid], or [[grid]] for each part of a union")
    if value == []:
        raise Invalid("has no axes", "give it some, or take it out")
    return [value] if isinstance(value, Mapping) else value


def _axes(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table")
    if not value:
        raise Invalid("has no axes", "give it some, or take it out")
    return {entry.key: entry for entry in axis_entries(value)}


GridTable = Annotated[dict[str, Annotated[InstanceOf[Axis], BeforeValidator(axis)]], BeforeValidator(_axes)]
Grids = Annotated[list[GridTable], BeforeValidator(_grids)]
