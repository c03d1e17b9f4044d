"""The columns of a table: parameters, what was measured, and remarks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from sweeper.report.conditions import is_number
from sweeper.report.escape import shown
from sweeper.report.rounding import Rounded, numeral, rounded
from sweeper.report.sources.cells import CellState
from sweeper.report.statistics.interval import IntervalMethod
from sweeper.report.tables.column import Column, Kind, Span, Value
from sweeper.report.tables.comparison_columns import comparison_columns
from sweeper.report.tables.remarks import remark
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table
from sweeper.spec.space import Interval as Range

MEDIAN = 0.5


def columns(table: Table, rows: Sequence[Row]) -> Iterator[Column]:
    """Yield the columns for some rows of a table: trial, parameters, metrics, results, comparisons, remarks."""
    sweep = table.observations.only_sweep if table.is_of_trials else None
    study = sweep.spec.study if sweep else None
    if study:
        numbers = [row.trials[0].number for row in rows]
        yield Column("trial", Kind.NUMERALS, tuple(map(str, numbers)), tuple(numbers))
    imprecise = drawn(table)
    for name in table.shown_parameters:
        values = [table.question.worded(row.values.get(name)) for row in rows]
        yield parameter(table.question.label(name), values, is_drawn=name in imprecise)
    has_remarks = table.has_repeats or study is not None
    is_uniform = all(one.n == row.measurement.n for row in table.rows for one in row.measurements.values())
    for metric in table.metrics:
        yield from _measured(table, rows, metric, has_remarks=has_remarks)
        if table.has_repeats and (not is_uniform or metric == table.metrics[-1]):
            yield _number(table, rows, metric, "n" if is_uniform else f"{_prefix(table, metric)}n")
    if table.question.baseline:
        for metric in table.metrics:
            yield from comparison_columns(table, rows, metric)
    remarks = tuple(remark(row, study) for row in rows) if has_remarks else ()
    if any(remarks):
        yield Column("", Kind.WORDS, remarks, remarks)


def drawn(table: Table) -> frozenset[str]:
    """Return the parameters that studies draw from an interval: they are shown with few digits."""
    dimensions = (one for sweep in table.observations.sweeps if sweep.spec.study for one in sweep.spec.study.space)
    return frozenset(
        one.name
        for one in dimensions
        if isinstance(one.domain, Range) and not one.domain.is_whole and one.domain.step is None
    )


def parameter(header: str, values: Sequence[Any], *, is_drawn: bool = False) -> Column:
    """Return the column of a parameter: of numerals if all its values are numbers."""
    cells = tuple(shown_value(value, is_drawn=is_drawn) for value in values)
    if all(is_number(value) for value in values if value is not None):
        return Column(shown(header), Kind.NUMERALS, cells, tuple(values))
    return Column(shown(header), Kind.WORDS, cells, tuple(cell or None for cell in cells))


def shown_value(value: Any, *, is_drawn: bool = False) -> str:
    """Return a parameter's value in words; a number that was drawn from an interval with few digits."""
    return numeral(value) if is_drawn and isinstance(value, float) else shown(value)


def value(row: Row, metric: str, *, is_pivot: bool = False) -> Value:
    """Return the cell of a row that has a measurement of a metric; a pivot has no column of n to flag a short row."""
    measurement = row.measurements[metric]
    is_short = is_pivot and (row.is_short or measurement.n < row.n)
    return Value(rounded(measurement), metric in row.best, metric in row.alike, is_short)


def whole(cells: Sequence[Value | str], means: Iterable[float | None]) -> tuple[Value | str, ...]:
    """Return cells without decimals if all of them are whole numbers that were measured once: counts, it seems."""
    values = [cell for cell in cells if isinstance(cell, Value)]
    is_whole = all(float(mean).is_integer() for mean in means if mean is not None)
    if not is_whole or any(one.number.std or one.number.exponent for one in values):
        return tuple(cells)
    return tuple(
        replace(cell, number=Rounded(cell.number.mean.partition(".")[0])) if isinstance(cell, Value) else cell
        for cell in cells
    )


def state(row: Row) -> str:
    """Return the state of the first result that a row lacks: what stands in the place of its number."""
    return next((one.value for one, count in row.counts.items() if count and one is not CellState.FINISHED), "")


def _measured(table: Table, rows: Sequence[Row], metric: str, *, has_remarks: bool) -> Iterator[Column]:
    """Yield a metric's mean and deviation, its interval, and the quantiles that are asked for."""
    label = shown(table.question.label(metric))
    prefix = _prefix(table, metric)
    means = tuple(row.measurements[metric].mean for row in rows)
    absent = ["" if has_remarks else state(row) for row in rows]
    cells = whole(
        [words if mean is None else value(row, metric) for row, mean, words in zip(rows, means, absent, strict=True)],
        means,
    )
    yield Column(label, Kind.VALUES, cells, means)
    if table.has_repeats and table.question.interval is not IntervalMethod.NONE:
        lows = tuple(one.interval.low if (one := row.measurements[metric]).interval else None for row in rows)
        spans = tuple(_span(row, metric) for row in rows)
        if any(spans):
            yield Column(f"{prefix}95 % CI ({table.question.interval})", Kind.SPANS, spans, lows)
    for share in table.question.quantiles:
        found = tuple(row.measurements[metric].quantiles.get(share) for row in rows)
        numerals = tuple(_of_same(row, metric, one) for row, one in zip(rows, found, strict=True))
        yield Column(f"{prefix}{quantile_name(share)}", Kind.NUMERALS, numerals, found)


def _prefix(table: Table, metric: str) -> str:
    """Return what tells a metric's columns from those of another, '' if there is only one."""
    return f"{shown(table.question.label(metric))} " if len(table.metrics) > 1 else ""


def _number(table: Table, rows: Sequence[Row], metric: str, header: str) -> Column:
    """Return the column of how many values a metric's means are of."""
    most = max((row.measurements[metric].n for row in table.rows), default=0)
    numbers = [row.measurements[metric].n for row in rows]
    cells = tuple(
        Value(Rounded(str(n)), is_short=0 < n < most or (row.is_short and n > 0))
        for row, n in zip(rows, numbers, strict=True)
    )
    return Column(header, Kind.VALUES, cells, tuple(numbers))


def quantile_name(share: float) -> str:
    """Return what a quantile is called: the median, else its share in percent."""
    return "median" if share == MEDIAN else f"q{share * 100:g}"


def _span(row: Row, metric: str) -> Span | str:
    measurement = row.measurements[metric]
    if measurement.interval is None:
        return ""
    like = rounded(measurement)
    return Span(like.alike(measurement.interval.low), like.alike(measurement.interval.high), like.exponent)


def _of_same(row: Row, metric: str, number: float | None) -> str:
    """Return a number rounded as the mean of the same results is."""
    if number is None:
        return ""
    like = rounded(row.measurements[metric])
    return like.alike(number) if not like.exponent else numeral(number)
