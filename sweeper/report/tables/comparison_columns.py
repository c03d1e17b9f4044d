"""The columns that say how rows differ from the baseline."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from sweeper.report.escape import shown
from sweeper.report.rounding import Rounded, rounded
from sweeper.report.statistics.measurement import Measurement
from sweeper.report.statistics.significance import ALPHA, Comparison, PairedTest, Reason
from sweeper.report.tables.column import Column, Entry, Kind, Span, Value
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table

BASELINE = "baseline"
SMALLEST_P = 0.001


def comparison_columns(table: Table, rows: Sequence[Row], metric: str) -> Iterator[Column]:
    """Yield a metric's mean difference to the baseline, its interval, the size of the effect, and p."""
    prefix = f"{shown(table.question.label(metric))} " if len(table.metrics) > 1 else ""
    test = table.question.test
    found = [row.comparisons.get(metric) for row in rows]

    def cells(words: Callable[[Comparison], Entry]) -> tuple[Entry, ...]:
        return tuple("" if one is None else words(one) for one in found)

    def keys(number: Callable[[Comparison], float | None]) -> tuple[float | None, ...]:
        return tuple(None if one is None else number(one) for one in found)

    differences = tuple(
        BASELINE if row.is_baseline else cell for row, cell in zip(rows, cells(_difference), strict=True)
    )
    yield Column(f"{prefix}difference", Kind.VALUES, differences, keys(lambda one: one.difference))
    yield Column(f"{prefix}95 % CI of it", Kind.SPANS, cells(_span), keys(_low))
    yield Column(f"{prefix}{effect_name(test)}", Kind.NUMERALS, cells(_effect), keys(lambda one: one.effect))
    yield Column(f"{prefix}p ({test.words}, Holm)", Kind.WORDS, cells(p_words), keys(lambda one: one.adjusted))


def effect_name(test: PairedTest) -> str:
    """Return what the size of an effect is called: Cohen's d for pairs, or the rank-biserial correlation."""
    return "d_z" if test is PairedTest.T else "r"


def p_words(comparison: Comparison) -> str:
    """Return p after the correction, or why there is none."""
    if comparison.adjusted is None:
        return comparison.reason or ""
    if comparison.adjusted < SMALLEST_P:
        return f"< {SMALLEST_P}"
    words = f"{comparison.adjusted:.3f}"
    return words if float(words) != ALPHA else f"{comparison.adjusted:.4f}"  # which side it is on has to be seen


def _difference(comparison: Comparison) -> Value | str:
    number = _rounded(comparison)
    return "" if number is None else Value(number)


def _span(comparison: Comparison) -> Span | str:
    number, interval = _rounded(comparison), comparison.interval
    if number is None or interval is None:
        return ""
    return Span(number.alike(interval.low), number.alike(interval.high), number.exponent)


def _low(comparison: Comparison) -> float | None:
    return comparison.interval.low if comparison.interval else None


def _effect(comparison: Comparison) -> str:
    return "" if comparison.effect is None else f"{comparison.effect:.2f}"


def _rounded(comparison: Comparison) -> Rounded | None:
    """Return a mean difference, rounded by the width of its interval."""
    if comparison.difference is None:
        return None
    width = None
    if comparison.interval and comparison.reason is not Reason.NO_SPREAD:  # else its width is the rounding of floats
        width = (comparison.interval.high - comparison.interval.low) / 2
    number = rounded(Measurement(comparison.pairs, comparison.difference, width))
    return Rounded(number.mean, "", number.exponent, number.decimals)
