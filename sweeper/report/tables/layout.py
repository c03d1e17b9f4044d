"""What a table for readers says, before any format: its title, columns, legend and footer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sweeper.points import Count
from sweeper.report.escape import shown
from sweeper.report.statistics.significance import ALPHA, PairedTest
from sweeper.report.tables.column import Column, Value
from sweeper.report.tables.columns import columns
from sweeper.report.tables.comparison_columns import effect_name
from sweeper.report.tables.footer import footer
from sweeper.report.tables.pivot import pivoted
from sweeper.report.tables.table import Table
from sweeper.spec import Direction

MOST_TRIED = 20
"""How many of a study's configurations a reader is shown, unless it is said how many."""

MOST_FIXED = 24

_SHORT = "fewer results than others: the means do not compare on equal terms"


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's words.

    ``fixed`` are the parameters that all rows share, with their values. ``spanned`` is what the last columns, ``spans``
    of them, are the values of; '' for a table that is no pivot. ``best``, ``alike`` and ``short`` say what the
    marks on numbers mean, '' for one that does not occur. All are plain words, for each format to escape; commands in
    the ``footer`` are between backticks.
    """

    title: str
    fixed: Mapping[str, Any]
    columns: tuple[Column, ...]
    spanned: str = ""
    spans: int = 0
    best: str = ""
    alike: str = ""
    short: str = ""
    notes: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()

    @property
    def fixed_words(self) -> str:
        """The parameters that do not vary, in one line."""
        named = [f"{shown(name)}={shown(value)}" for name, value in self.fixed.items()]
        more = len(named) - MOST_FIXED
        return ", ".join(named[:MOST_FIXED]) + (f" and {more} more" if more > 0 else "")


def layout(table: Table, *, has_all: bool = False) -> Layout:
    """Lay out a table; of a study's only the best rows, unless it is to have all or it was asked for so many."""
    is_cut = table.is_of_trials and table.question.top is None and not has_all
    rows = table.rows[:MOST_TRIED] if is_cut else table.rows
    pivot = table.question.pivot
    found = tuple(pivoted(table, pivot) if pivot else columns(table, rows))
    values = [cell for column in found for cell in column.cells if isinstance(cell, Value)]
    return Layout(
        title=_title(table),
        fixed={table.question.label(name): table.question.worded(value) for name, value in table.fixed.items()},
        columns=found,
        spanned=_list(table, pivot.columns) if pivot else "",
        spans=len(found) - len(pivot.rows) if pivot else 0,
        best=_best(table) if any(one.is_best for one in values) else "",
        alike=_alike(table) if any(one.is_alike for one in values) else "",
        short=_SHORT if any(one.is_short for one in values) else "",
        notes=tuple(_notes(table)),
        footer=tuple(footer(table, len(table.rows) - len(rows))),
    )


def _best(table: Table) -> str:
    return "on the Pareto front" if table.is_front else "best"


def _alike(table: Table) -> str:
    test = f"{table.question.test.words}{_over(table)}"
    return f"not distinguishable from the best: {test}, Holm's correction, {ALPHA * 100:g} %"


def _title(table: Table) -> str:
    sources = ", ".join(shown(source.name) for source in table.observations.sources)
    parts = [_compared(table), *_mean(table), *_choice(table), _order(table)]
    return f"{sources}: {', '.join(parts)}"


def _compared(table: Table) -> str:
    pivot = table.question.pivot
    labels = [shown(table.question.label(metric)) for metric in table.metrics]
    if pivot:
        return f"{labels[0]} by {_list(table, pivot.rows)} (rows) and {_list(table, pivot.columns)} (columns)"
    if len(labels) == 1:
        return labels[0]
    *others, last = (
        f"{label} ({direction or 'no direction'})" if any(table.directions) else label
        for label, direction in zip(labels, table.directions, strict=True)
    )
    return f"{', '.join(others)} and {last}"


def _mean(table: Table) -> Iterator[str]:
    if table.has_repeats:
        yield f"mean ± standard deviation{_over(table) or ' over repeated runs'}"


def _over(table: Table) -> str:
    return f" over {_list(table, table.averaged)}" if table.averaged else ""


def _choice(table: Table) -> Iterator[str]:
    if table.question.best_per:
        yield f"the best for each {_list(table, table.question.best_per)}"


def _order(table: Table) -> str:
    order, pivot = table.question.order, table.question.pivot
    if pivot:
        return "in the order of the values"
    if order:
        return f"by {_list(table, [order.name])}{', descending' if order.is_descending else ''}"
    match table.directions[0]:
        case _ if table.is_front:
            return "the Pareto front first"
        case Direction.MAXIMIZE:
            return f"highest{_first(table)} first"
        case Direction.MINIMIZE:
            return f"lowest{_first(table)} first"
        case _:
            return f"in the order of the {_unit(table)}"


def _first(table: Table) -> str:
    return f" {_list(table, table.metrics[:1])}" if len(table.metrics) > 1 else ""


def _unit(table: Table) -> str:
    if table.is_of_trials:
        return "trials"
    return "points" if table.observations.sweeps else "runs"


def _notes(table: Table) -> Iterator[str]:
    """Say what the comparisons are, and which could not be made."""
    if table.question.baseline:
        yield _differences(table)
        yield from _fewer_pairs(table)
    untold = sum(bool(row.untold) for row in table.rows)
    if untold and any(row.n > 1 for row in table.rows):
        noun = "cell" if table.question.pivot else "row"
        share = f"{noun} shares" if untold == 1 else f"{noun}s share"
        fewest = table.question.test.fewest
        yield f"{untold:,} {share} too few replicates with the best to be told from it: {fewest} are needed"


def _differences(table: Table) -> str:
    question = table.question
    effect = {
        PairedTest.T: "mean difference / standard deviation of the differences (Cohen)",
        PairedTest.WILCOXON: "matched-pairs rank-biserial correlation",
    }[question.test]
    baseline = ", ".join(str(replace(one, name=question.label(one.name))) for one in question.baseline)
    equal = _list(table, _matched(table))
    number = Count(table.tests, is_exact=True).of("comparison") if table.tests else "no comparison"
    return (
        f"difference: to {baseline}{f' at equal {equal}' if equal else ''}{_over(table)}; p: "
        f"{question.test.words}, two-sided, Holm's correction over {number}; {effect_name(question.test)}: {effect}"
    )


def _fewer_pairs(table: Table) -> Iterator[str]:
    """Say of how many comparisons ``n`` is not the number of pairs, in one line or none."""
    number = sum(
        0 < comparison.pairs < row.measurements[metric].n
        for row in table.rows
        for metric, comparison in row.comparisons.items()
    )
    if number:
        are = "is over fewer pairs than its row has" if number == 1 else "are over fewer pairs than their rows have"
        yield f"{Count(number, is_exact=True).of('comparison')} {are} results: only shared replicates count"


def _matched(table: Table) -> Iterator[str]:
    """Yield the parameters in which a row and its baseline agree, if there are several baselines."""
    if sum(row.is_baseline for row in table.rows) > 1:
        named = {condition.name for condition in table.question.baseline}
        names = table.question.best_per or table.shown_parameters
        yield from (name for name in names if name not in named)


def _list(table: Table, names: Iterable[str]) -> str:
    return ", ".join(shown(table.question.label(name)) for name in names)
