"""In what two things differ, name by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sweeper.store.records import RunRecord

Pair = tuple[RunRecord, RunRecord]
"""A run of A's and the run of B's that belongs to it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing in which A and B differ.

    ``a`` and ``b`` are text, numbers, measurements, or tuples of text where several runs do not agree; None where there
    is nothing of that name. ``difference`` is that of numbers, B's less A's.
    """

    name: str
    a: Any
    b: Any
    difference: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What is compared together. ``remark`` says how far it could be, or why it could not (``is_known`` is False)."""

    title: str
    changes: tuple[Change, ...] = ()
    remark: str = ""
    is_known: bool = True

    @property
    def is_equal(self) -> bool:
        """Whether A and B are known not to differ in this."""
        return self.is_known and not self.changes


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what is not in both, or not equal in both, in A's order and then B's."""
    for name in dict.fromkeys([*a, *b]):
        if a.get(name) != b.get(name):
            yield Change(name, a.get(name), b.get(name))


def agreed(tables: Iterable[Mapping[str, str]]) -> dict[str, Any]:
    """Return for each name the text that all tables have, or a tuple of the different ones, shorter ones first."""
    found: dict[str, set[str]] = {}
    for table in tables:
        for name, value in table.items():
            found.setdefault(name, set()).add(value)
    return {name: together(values) for name, values in found.items()}


def together(values: Iterable[str]) -> Any:
    """Return the only one of some texts, or a tuple of the different ones, shorter ones first; None for none."""
    distinct = sorted({*values}, key=lambda value: (len(value), value))
    return tuple(distinct) if len(distinct) > 1 else next(iter(distinct), None)
