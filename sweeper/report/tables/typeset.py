"""Tables for readers: in a terminal, on a page of Markdown, in a paper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, cast

from sweeper.report import escape
from sweeper.report.rounding import Rounded, aligned, power_of_ten
from sweeper.report.tables.column import Column, Kind, Span, Value
from sweeper.report.tables.layout import Layout

if TYPE_CHECKING:
    from tabulate import TableFormat

_SCIENTIFIC = re.compile(r"(?P<mantissa>-?[\d.]+)e(?P<exponent>[+-]\d+)")
_BLOCK = re.compile(r"^(?P<number>\d*)(?P<sign>[#+=.)-])")  # what starts a heading, a list or a line across the page
_COMMAND = re.compile(r"(`sweeper [\w. -]+`)")


@dataclass(frozen=True, slots=True)
class _Style:
    """How a format writes words, numerals, measured numbers and intervals, a column at a time, and what marks mean.

    ``best``, ``alike`` and ``short`` are how the legend shows the marks; '' for one that needs no explanation.
    """

    words: Callable[[str], str]
    numerals: Callable[[Sequence[str]], Sequence[str]]
    values: Callable[[Sequence[Value | str]], Sequence[str]]
    spans: Callable[[Sequence[Span | str]], Sequence[str]]
    nothing: str
    best: str
    alike: str
    short: str


def text(layout: Layout) -> str:
    """Return the table for a terminal: aligned at decimal points, marks behind the numbers."""
    head = [layout.title, *_fixed(layout)]
    return "\n".join([*head, "", _tabulated(layout, _TEXT, "simple"), "", *_legend(layout, _TEXT), *layout.footer])


def markdown(layout: Layout) -> str:
    """Return the table as GitHub's Markdown, the best in bold."""
    head = map(_markdown_line, (layout.title, *_fixed(layout)))
    table = _tabulated(layout, _MARKDOWN, "pipe")
    return "\n\n".join([*head, table, *_legend(layout, _MARKDOWN), *map(_markdown_line, layout.footer)])


def latex(layout: Layout) -> str:
    """Return the table as a ``tabular`` for the booktabs package, the best in bold, what is around it as comments."""
    head = [layout.title, *_fixed(layout)]
    tail = [*_legend(layout, _LATEX), *layout.footer]
    return "\n".join(
        [
            *(f"% {line}" for line in head),
            _tabulated(layout, _LATEX, _booktabs(layout)),
            *(f"% {line}" for line in tail),
        ]
    )


def plain(column: Column) -> list[str]:
    """Return a column's cells as words without marks, aligned at decimal points."""
    unmarked = [Value(cell.number) if isinstance(cell, Value) else cell for cell in column.cells]
    return list(_cells(Column(column.header, column.kind, tuple(unmarked), column.keys), _TEXT))


def _markdown_line(line: str) -> str:
    """Return a line of plain words as a paragraph of Markdown, with commands in it as code."""
    pieces = _COMMAND.split(line.strip())
    words = "".join(piece if place % 2 else escape.markdown(piece) for place, piece in enumerate(pieces))
    return _BLOCK.sub(r"\g<number>\\\g<sign>", words)


def _fixed(layout: Layout) -> list[str]:
    return [f"fixed: {layout.fixed_words}"] if layout.fixed else []


def _legend(layout: Layout, style: _Style) -> Iterator[str]:
    is_plain = layout.best == "best" and style is not _TEXT  # bold needs no explanation
    for mark, meaning in ((style.best, "" if is_plain else layout.best), (style.alike, layout.alike)):
        if meaning:
            yield f"{mark} {style.words(meaning)}"
    if layout.short:
        yield f"{style.short} {layout.short}"
    yield from map(style.words, layout.notes)


def _tabulated(layout: Layout, style: _Style, form: str | TableFormat) -> str:
    from tabulate import tabulate

    return tabulate(
        list(zip(*(_cells(column, style) for column in layout.columns), strict=True)),
        headers=[style.words(column.header) for column in layout.columns],
        tablefmt=form,
        colalign=["right" if column.kind is Kind.NUMERALS else "left" for column in layout.columns],
        disable_numparse=True,
        preserve_whitespace=True,
    )


def _cells(column: Column, style: _Style) -> Sequence[str]:
    match column.kind:
        case Kind.WORDS:
            return [style.words(cast("str", cell)) for cell in column.cells]
        case Kind.NUMERALS:
            return style.numerals(cast("Sequence[str]", column.cells))
        case Kind.VALUES:
            cells = style.values(cast("Sequence[Value | str]", column.cells))
            return [cell if cell.strip() else style.nothing for cell in cells]
        case Kind.SPANS:
            return style.spans(cast("Sequence[Span | str]", column.cells))


def _text_values(cells: Sequence[Value | str]) -> list[str]:
    parts = [_brackets(cell.number) if isinstance(cell, Value) else ("", "") for cell in cells]
    means = aligned([mean for mean, _ in parts])
    stds = aligned([std for _, std in parts])
    lines = [f"{mean} ± {std}" if std.strip() else mean for mean, std in zip(means, stds, strict=True)]
    width = max(map(len, lines), default=0)
    return [
        f"{line:{width}} {_marks(cell)}".rstrip() if isinstance(cell, Value) else cell
        for line, cell in zip(lines, cells, strict=True)
    ]


def _marks(value: Value) -> str:
    return "*" * value.is_best + "~" * value.is_alike + "!" * value.is_short


def _brackets(number: Rounded) -> tuple[str, str]:
    """Return mean and deviation as text, with a power of ten that both share around them."""
    power = power_of_ten(number.exponent)
    if power and number.std:
        return f"({number.mean}", f"{number.std}){power}"
    return f"{number.mean}{power}", number.std


def _text_spans(cells: Sequence[Span | str]) -> list[str]:
    return [
        f"[{cell.low}, {cell.high}]{power_of_ten(cell.exponent)}" if isinstance(cell, Span) else cell for cell in cells
    ]


def _markdown_values(cells: Sequence[Value | str]) -> list[str]:
    return [_markdown_value(cell) if isinstance(cell, Value) else escape.markdown(cell) for cell in cells]


def _markdown_value(value: Value) -> str:
    mean, std = _brackets(value.number)
    words = f"{mean} ± {std}" if std else mean
    marks = r" \~" * value.is_alike + " !" * value.is_short
    return (f"**{words}**" if value.is_best else words) + marks


def _markdown_spans(cells: Sequence[Span | str]) -> list[str]:
    return [
        rf"\[{cell.low}, {cell.high}\]{power_of_ten(cell.exponent)}" if isinstance(cell, Span) else cell
        for cell in cells
    ]


def _latex_values(cells: Sequence[Value | str]) -> list[str]:
    return [_latex_value(cell) if isinstance(cell, Value) else escape.latex(cell) for cell in cells]


def _latex_value(value: Value) -> str:
    number = value.number
    mean = _latex_numeral(number.mean)
    body = rf"\mathbf{{{mean}}}" if value.is_best else mean
    if number.std:
        body = rf"{body} \pm {number.std}"
    if number.exponent:
        body = rf"{f'({body})' if number.std else body} {_latex_power(number.exponent)}"
    marks = r"\sim" * value.is_alike + r"\dagger" * value.is_short
    return f"${body}{f'^{{{marks}}}' if marks else ''}$"


def _latex_spans(cells: Sequence[Span | str]) -> list[str]:
    return [_latex_span(cell) if isinstance(cell, Span) else cell for cell in cells]


def _latex_span(span: Span) -> str:
    low, high = _latex_numeral(span.low), _latex_numeral(span.high)
    power = f" {_latex_power(span.exponent)}" if span.exponent else ""
    return f"$[{low}, {high}]{power}$"


def _latex_power(exponent: int) -> str:
    return rf"\times 10^{{{exponent}}}"


def _latex_numerals(numerals: Sequence[str]) -> list[str]:
    return [f"${_latex_numeral(numeral)}$" if numeral else "" for numeral in numerals]


def _latex_numeral(numeral: str) -> str:
    scientific = _SCIENTIFIC.fullmatch(numeral)
    if scientific:
        return f"{scientific['mantissa']} {_latex_power(int(scientific['exponent']))}"
    return numeral.replace("inf", r"\infty")


def _booktabs(layout: Layout) -> TableFormat:
    """Return tabulate's booktabs format without its escapes: it escapes every cell, and could not show one in bold."""
    from tabulate import DataRow, Line, TableFormat

    return TableFormat(
        lineabove=partial(_begin_tabular, layout),
        linebelowheader=Line(r"\midrule", "", "", ""),
        linebetweenrows=None,
        linebelow=Line("\\bottomrule\n\\end{tabular}", "", "", ""),
        headerrow=DataRow("", "&", r"\\"),
        datarow=DataRow("", "&", r"\\"),
        padding=1,
        with_header_hide=None,
    )


def _begin_tabular(layout: Layout, widths: Sequence[int], alignments: Sequence[str]) -> str:
    letters = "".join("r" if alignment == "right" else "l" for alignment in alignments or widths)
    return "\n".join([rf"\begin{{tabular}}{{{letters}}}", r"\toprule", *_spanning(layout)])


def _spanning(layout: Layout) -> Iterator[str]:
    """Yield a head above the heads of the columns that stand for values of one thing."""
    if layout.spans:
        before = len(layout.columns) - layout.spans
        yield rf"{'& ' * before}\multicolumn{{{layout.spans}}}{{c}}{{{escape.latex(layout.spanned)}}} \\"
        yield rf"\cmidrule(lr){{{before + 1}-{len(layout.columns)}}}"


_TEXT = _Style(str, aligned, _text_values, _text_spans, nothing="—", best="*", alike="~", short="!")
_MARKDOWN = _Style(
    escape.markdown, list, _markdown_values, _markdown_spans, nothing="—", best="in bold:", alike=r"\~", short="!"
)
_LATEX = _Style(
    escape.latex,
    _latex_numerals,
    _latex_values,
    _latex_spans,
    nothing="---",
    best="in bold:",
    alike=r"$^{\sim}$",
    short=r"$^{\dagger}$",
)
