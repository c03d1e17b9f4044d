"""Tables for readers: in a terminal, on a page of Markdown, in a paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tabulate import DataRow, Line, TableFormat, tabulate

from sweeper.report import escape
from sweeper.report.escape import shown
from sweeper.report.layout import Layout
from sweeper.report.replicates import Configuration, Measurement
from sweeper.report.rounding import Rounded, aligned, numeral, power_of_ten, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_BEST = "*"

Measured = tuple[Measurement, bool]
"""A measurement, and whether it is one of the best row's."""

_SCIENTIFIC = re.compile(r"(?P<mantissa>-?[\d.]+)e(?P<exponent>[+-]\d+)")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a format writes words, a column of numerals, a column of measurements, and two marks.

    ``short`` marks a row with fewer results than others, ``nothing`` a row without any. ``highlight`` is how the best
    rows stand out.
    """

    words: Callable[[str], str]
    numerals: Callable[[Sequence[str]], Sequence[str]]
    measurements: Callable[[Sequence[Measured]], Iterable[str]]
    short: str
    nothing: str = "—"
    highlight: str = "in bold:"


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    cells: Sequence[str]
    alignment: str = "left"


def text(layout: Layout) -> str:
    """Return the table for a terminal: aligned at decimal points, the best row starred."""
    columns = list(_columns(layout, _TEXT))
    if any(row.is_best for row in layout.rows):
        columns.insert(0, _Column("", [_BEST if row.is_best else "" for row in layout.rows]))
    head = [layout.title, *_fixed(layout.fixed_words)]
    return "\n".join([*head, "", _tabulated(columns, "simple"), "", *_legend(layout, _TEXT), *layout.footer])


def markdown(layout: Layout) -> str:
    """Return the table as GitHub's Markdown, the best row's metric in bold."""
    head = [escape.markdown(line) for line in (layout.title, *_fixed(layout.fixed_words))]
    table = _tabulated(_columns(layout, _MARKDOWN), "pipe")
    return "\n\n".join([*head, table, *_legend(layout, _MARKDOWN), *layout.footer])


def latex(layout: Layout) -> str:
    """Return the table as a ``tabular`` for the booktabs package, the best in bold, what is around it as comments."""
    head = [layout.title, *_fixed(layout.fixed_words)]
    table = _tabulated(_columns(layout, _LATEX), _BOOKTABS)
    tail = [*_legend(layout, _LATEX), *layout.footer]
    return "\n".join([*(f"% {line}" for line in head), table, *(f"% {line}" for line in tail)])


def _fixed(words: str) -> list[str]:
    return [f"fixed: {words}"] if words else []


def _legend(layout: Layout, style: _Style) -> list[str]:
    best = "best" if len(layout.metrics) == 1 else "on the Pareto front"
    explained = any(row.is_best for row in layout.rows) and (style is _TEXT or len(layout.metrics) > 1)
    flagged = layout.has_replicates and any(_is_flagged(row) for row in layout.rows)
    return [
        *[f"{style.highlight} {best}"] * explained,
        *[f"{style.short} fewer results than other rows: the means do not compare on equal terms"] * flagged,
    ]


def _is_flagged(row: Configuration) -> bool:
    return row.is_short and row.n > 0


def _columns(layout: Layout, style: _Style) -> Iterator[_Column]:
    """Yield the columns that every format has: trial, parameters, metrics, number of replicates, remarks."""
    rows = layout.rows
    if layout.is_study:
        yield _Column("trial", style.numerals([str(row.trials[0].number) for row in rows]), "right")
    for name in layout.parameters:
        yield _parameter(name, [row.point.get(name) for row in rows], style, is_rounded=name in layout.sampled)
    for metric in layout.metrics:
        yield _Column(style.words(shown(metric)), [*_measured(layout, metric, style)])
    if layout.has_replicates:
        yield _Column("n", _counts(rows, style))
    if layout.has_remarks and any(layout.remarks):
        yield _Column("", [style.words(remark) for remark in layout.remarks])


def _measured(layout: Layout, metric: str, style: _Style) -> Iterator[str]:
    """Yield a metric's cells; the state of a row's only point stands for a number where no remark says it."""
    measured = style.measurements([(row.measurements[metric], row.is_best) for row in layout.rows])
    for row, words in zip(layout.rows, measured, strict=True):
        yield words or (style.nothing if layout.has_remarks else _state(row))


def _parameter(name: str, values: Sequence[Any], style: _Style, *, is_rounded: bool) -> _Column:
    cells = [numeral(value) if is_rounded and isinstance(value, float) else shown(value) for value in values]
    given = [value for value in values if value is not None]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return _Column(style.words(shown(name)), style.numerals(cells), "right")
    return _Column(style.words(shown(name)), [style.words(cell) for cell in cells])


def _counts(rows: Sequence[Configuration], style: _Style) -> list[str]:
    digits = max((len(str(row.n)) for row in rows), default=1)
    return [f"{row.n:{digits}}" + (f" {style.short}" if _is_flagged(row) else "") for row in rows]


def _state(row: Configuration) -> str:
    """Return the state of a configuration's only point."""
    return next(state.value for state, count in row.counts.items() if count)


def _tabulated(columns: Iterable[_Column], form: str | TableFormat) -> str:
    columns = list(columns)
    return tabulate(
        list(zip(*(column.cells for column in columns), strict=True)),
        headers=[column.header for column in columns],
        tablefmt=form,
        colalign=[column.alignment for column in columns],
        disable_numparse=True,
        preserve_whitespace=True,
    )


def _text_measurements(measured: Sequence[Measured]) -> list[str]:
    parts = [_brackets(rounded(measurement)) for measurement, _ in measured]
    means = aligned([mean for mean, _ in parts])
    stds = aligned([std for _, std in parts])
    lines = [f"{mean} ± {std}" if std.strip() else mean for mean, std in zip(means, stds, strict=True)]
    return [line if line.strip() else "" for line in lines]


def _brackets(number: Rounded) -> tuple[str, str]:
    """Return mean and deviation as text, with a power of ten that both share around them."""
    power = power_of_ten(number.exponent)
    if power and number.std:
        return f"({number.mean}", f"{number.std}){power}"
    return f"{number.mean}{power}", number.std


def _markdown_measurements(measured: Sequence[Measured]) -> Iterator[str]:
    for measurement, is_best in measured:
        mean, std = _brackets(rounded(measurement))
        words = f"{mean} ± {std}" if std else mean
        yield f"**{words}**" if is_best else words


def _latex_measurements(measured: Sequence[Measured]) -> Iterator[str]:
    for measurement, is_best in measured:
        number = rounded(measurement)
        mean = _latex_numeral(number.mean)
        body = rf"\mathbf{{{mean}}}" if is_best else mean
        if number.std:
            body = rf"{body} \pm {number.std}"
        if number.exponent:
            body = rf"{f'({body})' if number.std else body} \times 10^{{{number.exponent}}}"
        yield f"${body}$" if mean else ""


def _latex_numerals(numerals: Sequence[str]) -> list[str]:
    return [f"${_latex_numeral(numeral)}$" if numeral else "" for numeral in numerals]


def _latex_numeral(numeral: str) -> str:
    scientific = _SCIENTIFIC.fullmatch(numeral)
    if scientific:
        return rf"{scientific['mantissa']} \times 10^{{{int(scientific['exponent'])}}}"
    return numeral.replace("inf", r"\infty")


def _begin_tabular(widths: Sequence[int], alignments: Sequence[str]) -> str:
    letters = "".join("r" if alignment == "right" else "l" for alignment in alignments or widths)
    return rf"\begin{{tabular}}{{{letters}}}" + "\n" + r"\toprule"


# tabulate's own booktabs format escapes every cell, and so could not show one in bold.
_BOOKTABS = TableFormat(
    lineabove=_begin_tabular,
    linebelowheader=Line(r"\midrule", "", "", ""),
    linebetweenrows=None,
    linebelow=Line("\\bottomrule\n\\end{tabular}", "", "", ""),
    headerrow=DataRow("", "&", r"\\"),
    datarow=DataRow("", "&", r"\\"),
    padding=1,
    with_header_hide=None,
)
_TEXT = _Style(str, aligned, _text_measurements, short="!", highlight=_BEST)
_MARKDOWN = _Style(escape.markdown, list, _markdown_measurements, short="!")
_LATEX = _Style(escape.latex, _latex_numerals, _latex_measurements, short=r"$^\dagger$", nothing="---")
