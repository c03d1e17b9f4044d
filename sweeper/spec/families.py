"""Families: tables that hold the parameters of an upstream task, spelled out as ``Family.parameter``."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

Items = list[tuple[str, Any]]


def flatten(table: Mapping[str, Any], families: Container[str]) -> Items:
    """Return a table's items with the tables of ``families`` spelled out; one name may then come twice.

    A family in a namespace has a dotted name, which TOML nests as well: ``{news = {Embed = {width = 8}}}``.
    """
    items: Items = []
    for key, value in table.items():
        spelled_out, rest = _split(key, value, families)
        if rest is not None:
            items.append((key, rest))
        items += spelled_out
    return items


def spellings(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Iterate over every name that an item of the table may turn out to mean."""
    for key, value in table.items():
        yield prefix + key
        if isinstance(value, Mapping):
            yield from spellings(value, f"{prefix}{key}.")


def lookup(table: Mapping[str, Any], name: str) -> Iterator[Any]:
    """Iterate over the values that a table gives a name, be it written dotted or nested."""
    for key, value in table.items():
        if key == name:
            yield value
        elif isinstance(value, Mapping) and name.startswith(f"{key}."):
            yield from lookup(value, name.removeprefix(f"{key}."))


def without(table: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the table without one name, be it written dotted or nested; a table that this empties goes too."""
    kept = {}
    for key, value in table.items():
        if key == name:
            continue
        if isinstance(value, Mapping) and name.startswith(f"{key}."):
            inner = without(value, name.removeprefix(f"{key}."))
            if inner or not value:
                kept[key] = inner
        else:
            kept[key] = value
    return kept


def _split(path: str, value: Any, families: Container[str]) -> tuple[Items, Any]:
    """Part what lies at a dotted path into the families' parameters and the rest, which is None if there is none."""
    if not isinstance(value, Mapping):
        return [], value
    if path in families:
        return [(f"{path}.{name}", item) for name, item in value.items()], None
    spelled_out: Items = []
    rest = {}
    for key, item in value.items():
        inner, remainder = _split(f"{path}.{key}", item, families)
        spelled_out += inner
        if remainder is not None:
            rest[key] = remainder
    return spelled_out, rest if rest or not value else None
