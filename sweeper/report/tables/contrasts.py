"""Rows held against each other: which cannot be told from the best, and how each differs from a baseline."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from typing import Any

from sweeper.errors import InputError, did_you_mean
from sweeper.report.conditions import Condition
from sweeper.report.escape import shown
from sweeper.report.question import Question
from sweeper.report.sources.observations import SWEEP, Observation
from sweeper.report.sources.values import identity
from sweeper.report.statistics.significance import Comparison, PairedTest, Reason, adjust, compare
from sweeper.report.tables.rows import Row, finished

Unit = frozenset[tuple[str, Any]]
"""What tells the results in a row apart: the values of the parameters that are averaged over, as a replicate's."""

_NOTHING: Unit = frozenset()


def mark_alike(
    rows: Sequence[Row], metrics: Sequence[str], averaged: Sequence[str], test: PairedTest
) -> tuple[Row, ...]:
    """Mark the rows that cannot be told from the best, metric by metric.

    Each row is compared with the best over the replicates that both have, by the values of the parameters that are
    ``averaged`` over, with Holm's correction over the rows. Of rows that share too few it is not known: they are marked
    as untold.
    """
    marked = list(rows)
    for metric in metrics:
        best = [row for row in rows if metric in row.best]
        if not best:
            continue
        reference = _by_unit(best[0], metric, averaged)
        others = [place for place, row in enumerate(rows) if _is_rival(row, metric)]
        found = adjust([compare(_pairs(_by_unit(rows[place], metric, averaged), reference), test) for place in others])
        for place, comparison in zip(others, found, strict=True):
            row = marked[place]
            if comparison.is_tested and not comparison.is_significant:
                marked[place] = replace(row, alike=row.alike | {metric})
            elif comparison.reason and comparison.reason.wants_replicates:
                marked[place] = replace(row, untold=row.untold | {metric})
    return tuple(marked)


def _is_rival(row: Row, metric: str) -> bool:
    return row.is_eligible and metric not in row.best and row.measurements[metric].n > 0


def against_baseline(
    rows: Sequence[Row], metrics: Sequence[str], averaged: Sequence[str], question: Question
) -> tuple[Row, ...]:
    """Compare each row with its baseline: the row for which the conditions hold and that is else most like it.

    Of several such rows it is the one that agrees in every other parameter, if need be of another sweep; of rows that
    are each the best of something, in what that is. Holm's correction is over all comparisons that are made, in every
    metric. Raises ``InputError`` if the conditions hold for no row.
    """
    baselines = {place: row for place, row in enumerate(rows) if _is_baseline(row, question.baseline)}
    if not baselines:
        raise InputError(f"no row is the baseline {', '.join(map(str, question.baseline))}{_hint(rows, question)}")
    find = _finder([*baselines.values()], _unmatched(rows, question))
    others = [place for place in range(len(rows)) if place not in baselines]
    found = [
        _compared(rows[place], find(rows[place]), metric, averaged, question.test)
        for place in others
        for metric in metrics
    ]
    adjusted = iter(adjust(found))
    compared = {place: {metric: next(adjusted) for metric in metrics} for place in others}
    return tuple(
        replace(row, comparisons=compared.get(place, {}), is_baseline=place in baselines)
        for place, row in enumerate(rows)
    )


def _compared(row: Row, baseline: Row | None, metric: str, averaged: Sequence[str], test: PairedTest) -> Comparison:
    if baseline is None:
        return Comparison(0, reason=Reason.NO_BASELINE)
    return compare(_pairs(_by_unit(row, metric, averaged), _by_unit(baseline, metric, averaged)), test)


def _unmatched(rows: Sequence[Row], question: Question) -> Set[str]:
    """Return the parameters in which a row and its baseline may differ."""
    named = {condition.name for condition in question.baseline}
    chosen = {name for row in rows for name in row.values if name not in question.best_per}
    return named | chosen if question.best_per else named


def _finder(baselines: Sequence[Row], unmatched: Set[str]) -> Callable[[Row], Row | None]:
    """Return what finds the baseline of a row, by the parameters that it fixes besides those that may differ."""
    exact = {_rest(row, unmatched): row for row in baselines}
    elsewhere: defaultdict[Unit, list[Row]] = defaultdict(list)
    for row in baselines:
        elsewhere[_rest(row, unmatched | {SWEEP})].append(row)

    def find(row: Row) -> Row | None:
        if len(baselines) == 1:
            return baselines[0]
        others = elsewhere[_rest(row, unmatched | {SWEEP})]
        return exact.get(_rest(row, unmatched)) or (others[0] if len(others) == 1 else None)

    return find


def _is_baseline(row: Row, conditions: Iterable[Condition]) -> bool:
    return all(condition.holds(row.values.get(condition.name)) for condition in conditions)


def _hint(rows: Sequence[Row], question: Question) -> str:
    """Say which condition on the baseline holds for no row at all, and why."""
    for condition in question.baseline:
        values = {shown(row.values[condition.name]) for row in rows if condition.name in row.values}
        if not values:
            return f": rows are means over {condition.name}" if rows else ": there are no rows"
        if not any(_is_baseline(row, [condition]) for row in rows):
            return f"; {did_you_mean(shown(condition.values[0]), values)}"
    return ": each of these holds for some rows, but all together for none"


def _rest(row: Row, named: Set[str]) -> Unit:
    """Return what a row fixes besides some parameters."""
    return frozenset((name, identity(value)) for name, value in row.values.items() if name not in named)


def _by_unit(row: Row, metric: str, averaged: Sequence[str]) -> Mapping[Unit, float]:
    """Return the values of a row's results by what tells them apart; of several of one unit, their mean.

    Several of which nothing is known that tells them apart are left out: they would be paired by chance.
    """
    values: defaultdict[Unit, list[float]] = defaultdict(list)
    for one in finished(row.observations):
        if metric in one.cell.values:
            values[_unit(one, averaged)].append(one.cell.values[metric])
    if len(values.get(_NOTHING, ())) > 1:
        del values[_NOTHING]
    return {unit: of_unit[0] if len(of_unit) == 1 else statistics.fmean(of_unit) for unit, of_unit in values.items()}


def repeated(row: Row, averaged: Sequence[str]) -> int:
    """Return how many replicates of a row were measured more than once."""
    counts = Counter(_unit(one, averaged) for one in finished(row.observations))
    return sum(count > 1 for unit, count in counts.items() if unit)


def _unit(one: Observation, averaged: Iterable[str]) -> Unit:
    return frozenset((name, identity(one.values[name])) for name in averaged if name in one.values)


def _pairs(values: Mapping[Unit, float], baseline: Mapping[Unit, float]) -> list[tuple[float, float]]:
    """Return the values of the units that both have, that of the baseline second."""
    return [(value, baseline[unit]) for unit, value in values.items() if unit in baseline]
