"""Tables that several parts of a spec's file have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from sweeper.spec.checks import Invalid, parameter_name


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a table as the file has it: the key, with the family before it, and the value."""

    key: str
    value: Any


def split_names(key: str) -> tuple[str, ...]:
    """Return the names in a key: one, or several that vary together."""
    return tuple(name.strip() for name in key.split(","))


def entries(table: Mapping[str, Any], is_family: Callable[[Any], bool], prefix: str = "") -> list[Entry]:
    """Return the items of a table, those of families included; of several names in a key each has the family."""
    found = []
    for key, value in table.items():
        names = ",".join(prefix + name for name in split_names(key))
        if is_family(value):
            found += entries(value, is_family, f"{names}.")
        else:
            found.append(Entry(names, value))
    return found


def _assignments(value: Any) -> Any:
    if not isinstance(value, list):
        raise Invalid("must be an array of tables", "write its header in double brackets")
    return value


def _assignment(value: Any) -> Any:
    if not isinstance(value, Mapping):
        raise Invalid("must be a table")
    if not value:
        raise Invalid("sets nothing", "name a parameter, or take it out")
    return value


ParameterName = Annotated[str, AfterValidator(parameter_name)]
Assignments = Annotated[
    list[Annotated[dict[ParameterName, Any], BeforeValidator(_assignment)]], BeforeValidator(_assignments)
]
