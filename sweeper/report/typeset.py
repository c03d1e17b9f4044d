"""Tables for readers: in a terminal, on a page of Markdown, in a paper."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tabulate import DataRow, Line, TableFormat, tabulate

from sweeper.report import escape
from sweeper.report.escape import shown
from sweeper.report.layout import Layout, unfinished
from sweeper.report.rounding import Rounded, aligned, rounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from sweeper.report.replicates import Configuration

_BEST = "*"
_SCIENTIFIC = re.compile(r"(?P<mantissa>-?[\d.]+)e(?P<exponent>[+-]\d+)")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a format writes words, a column of numerals, the column of measurements, and two marks.

    ``short`` marks a row with fewer results than others, ``nothing`` a row without any.
    """

    words: Callable[[str], str]
    numerals: Callable[[Sequence[str]], Sequence[str]]
    measurements: Callable[[Sequence[Configuration]], Iterable[str]]
    short: str
    nothing: str = "—"


@dataclass(frozen=True, slots=True)
class _Column:
    header: str
    cells: Sequence[str]
    alignment: str = "left"


def text(layout: Layout) -> str:
    """Return the table for a terminal: aligned at decimal points, the best row starred."""
    columns = list(_columns(layout, _TEXT))
    has_best = any(row.is_best for row in layout.rows)
    if has_best:
        columns.insert(0, _Column("", [_BEST if row.is_best else "" for row in layout.rows]))
    head = [layout.title, *_fixed(layout.fixed_words)]
    legend = [f"{_BEST} best"] * has_best + _legend(layout, _TEXT)
    return "\n".join([*head, "", _tabulated(columns, "simple"), "", *legend, *layout.footer])


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
    flagged = layout.has_replicates and any(_is_flagged(row) for row in layout.rows)
    return [f"{style.short} fewer results than other rows: the means do not compare on equal terms"] * flagged


def _is_flagged(row: Configuration) -> bool:
    return row.is_short and row.measurement.n > 0


def _columns(layout: Layout, style: _Style) -> Iterator[_Column]:
    """Yield the columns that every format has: the parameters, the metric, the replicates, what is not finished."""
    rows = layout.rows
    for name in layout.parameters:
        yield _parameter(name, [row.point.get(name) for row in rows], style)
    measured = [
        measurement or (style.nothing if layout.has_replicates else _state(row))
        for row, measurement in zip(rows, style.measurements(rows), strict=True)
    ]
    yield _Column(style.words(layout.metric), measured)
    if not layout.has_replicates:
        return
    yield _Column("n", _counts(rows, style))
    if any(unfinished(row) for row in rows):
        yield _Column("", [unfinished(row) for row in rows])


def _parameter(name: str, values: Sequence[Any], style: _Style) -> _Column:
    cells = [shown(value) for value in values]
    given = [value for value in values if value is not None]
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in given):
        return _Column(style.words(shown(name)), style.numerals(cells), "right")
    return _Column(style.words(shown(name)), [style.words(cell) for cell in cells])


def _counts(rows: Sequence[Configuration], style: _Style) -> list[str]:
    digits = max((len(str(row.measurement.n)) for row in rows), default=1)
    return [f"{row.measurement.n:{digits}}" + (f" {style.short}" if _is_flagged(row) else "") for row in rows]


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


def _text_measurements(rows: Sequence[Configuration]) -> list[str]:
    parts = [_brackets(rounded(row.measurement)) for row in rows]
    means = aligned([mean for mean, _ in parts])
    stds = aligned([std for _, std in parts])
    lines = [f"{mean} ± {std}" if std.strip() else mean for mean, std in zip(means, stds, strict=True)]
    return [line if line.strip() else "" for line in lines]


def _brackets(number: Rounded) -> tuple[str, str]:
    """Return mean and deviation as text, with a power of ten that both share around them."""
    if not number.exponent:
        return number.mean, number.std
    power = f"e{number.exponent:+03d}"
    return (f"({number.mean}", f"{number.std}){power}") if number.std else (f"{number.mean}{power}", "")


def _markdown_measurements(rows: Sequence[Configuration]) -> Iterator[str]:
    for row in rows:
        mean, std = _brackets(rounded(row.measurement))
        words = f"{mean} ± {std}" if std else mean
        yield f"**{words}**" if row.is_best else words


def _latex_measurements(rows: Sequence[Configuration]) -> Iterator[str]:
    for row in rows:
        number = rounded(row.measurement)
        mean = _latex_numeral(number.mean)
        body = rf"\mathbf{{{mean}}}" if row.is_best else mean
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
_TEXT = _Style(str, aligned, _text_measurements, short="!")
_MARKDOWN = _Style(escape.markdown, list, _markdown_measurements, short="!")
_LATEX = _Style(escape.latex, _latex_numerals, _latex_measurements, short=r"$^\dagger$", nothing="---")
