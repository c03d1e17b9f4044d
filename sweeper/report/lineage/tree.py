"""Lineage as a tree: what a run was made from, what that was made from, and so on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sweeper.report.lineage.trace import Lineage, upstream
from sweeper.store.records import RunRecord


@dataclass(frozen=True, slots=True)
class Branch:
    """A requirement of the run that stands above it in the tree.

    ``result`` is None where the work has none, or none any more. ``is_repeated``: the result stands further up already,
    with all that it was made from. ``stem`` are the lines that lead to it.
    """

    stem: str
    requirement: str
    key: str
    downstream: RunRecord
    result: RunRecord | None
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    indent: str
    requirement: str
    key: str
    downstream: RunRecord
    is_last: bool


def branches(run: RunRecord, lineage: Lineage) -> Iterator[Branch]:
    """Yield the branches of a run's tree from the top down; none is expanded twice."""
    expanded: set[str] = set()
    waiting = _children(run, "")
    while waiting:
        one = waiting.pop()
        result = lineage.results.get(one.key)
        is_repeated = one.key in expanded
        stem = f"{one.indent}{'└─ ' if one.is_last else '├─ '}"
        yield Branch(stem, one.requirement, one.key, one.downstream, result, is_repeated)
        if result is not None and not is_repeated:
            expanded.add(one.key)
            waiting += _children(result, f"{one.indent}{'   ' if one.is_last else '│  '}")


def _children(run: RunRecord, indent: str) -> list[_Open]:
    """Return what a run's task required, the last first: it is taken from the end."""
    required = [*upstream(run).items()]
    return [
        _Open(indent, name, key, run, is_last=place == len(required) - 1)
        for place, (name, key) in reversed([*enumerate(required)])
    ]
