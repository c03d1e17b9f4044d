"""A table of two ways: the values of some parameters are its rows, those of others its columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sweeper.errors import InputError
from sweeper.report.question import Pivot
from sweeper.report.sources.values import identity
from sweeper.report.tables.column import Column, Kind
from sweeper.report.tables.columns import drawn, parameter, shown_value, state, value, whole
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table, natural

Level = tuple[Any, ...]
"""The values of some parameters that go together; None for one that is not set."""


def pivoted(table: Table, pivot: Pivot) -> Iterator[Column]:
    """Yield the columns: the parameters of the rows, then one for each level of the others.

    Rows and columns stand in the order of the values: numbers by size, words as the sweeps have them. A cell that has
    no result says why, one that the sweeps do not have is empty. Raises ``InputError`` for several metrics.
    """
    if len(table.metrics) > 1:
        raise InputError("a pivot shows one metric; name it by --metric")
    down, across = _levels(table, pivot.rows), _levels(table, pivot.columns)
    imprecise = drawn(table)
    cells = {(_form(_level(row, pivot.rows)), _form(_level(row, pivot.columns))): row for row in table.rows}
    for place, name in enumerate(pivot.rows):
        values = [table.question.worded(level[place]) for level in down]
        yield parameter(table.question.label(name), values, is_drawn=name in imprecise)
    for level in across:
        found = [cells.get((_form(own), _form(level))) for own in down]
        words = [
            shown_value(table.question.worded(value), is_drawn=name in imprecise) or "-"
            for name, value in zip(pivot.columns, level, strict=True)
        ]
        yield _column(table.metrics[0], ", ".join(words), found)


def _column(metric: str, header: str, rows: Sequence[Row | None]) -> Column:
    means = [None if row is None else row.measurements[metric].mean for row in rows]
    cells = [
        "" if row is None else state(row) if mean is None else value(row, metric, is_pivot=True)
        for row, mean in zip(rows, means, strict=True)
    ]
    return Column(header, Kind.VALUES, whole(cells, means), tuple(means))


def _levels(table: Table, names: Sequence[str]) -> list[Level]:
    """Return the distinct levels of some parameters, in order."""
    levels: Mapping[Any, Level] = {_form(level): level for level in (_level(row, names) for row in table.rows)}
    places = [_places(table, name) for name in names]

    def rank(level: Level) -> list[tuple[bool, int, Any]]:
        return [
            (value is None, of[identity(value)], 0) if isinstance(value, str) else (value is None, -1, natural(value))
            for value, of in zip(level, places, strict=True)
        ]

    return sorted(levels.values(), key=rank)


def _places(table: Table, name: str) -> Mapping[Any, int]:
    """Return when each value of a parameter comes up first."""
    places: dict[Any, int] = {}
    for one in table.observations.every:
        places.setdefault(identity(one.parameter(name)), len(places))
    return places


def _level(row: Row, names: Sequence[str]) -> Level:
    return tuple(row.values.get(name) for name in names)


def _form(level: Level) -> tuple[Any, ...]:
    return tuple(map(identity, level))
