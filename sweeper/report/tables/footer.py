"""What a reader has to know of a table besides its numbers: plain words, and commands between backticks."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.points import Count
from sweeper.report import synopsis
from sweeper.report.escape import shown
from sweeper.report.lineage.notes import notes
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.observations import Observations
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.tables.contrasts import repeated
from sweeper.report.tables.rows import finished
from sweeper.report.tables.table import Table


def footer(table: Table, hidden: int) -> Iterator[str]:
    """Yield the lines below a table of which a reader does not see some rows."""
    observations = table.observations
    if hidden:
        yield f"and {hidden:,} more; --format csv has all"
    if table.left_out:
        rows = "row" if table.left_out == 1 else "rows"
        yield f"and {table.left_out:,} more {rows}, left out by --top {table.question.top}"
    yield from _chosen(table)
    for source in observations.sources:
        yield from _tally(source, observations) if isinstance(source, SweepOutcomes) else ()
    if table.is_of_trials and observations.only_sweep and observations.only_sweep.is_of_objectives:
        yield from _search(observations.only_sweep)
    yield from _unlogged(observations)
    yield from _replicates(table)
    yield from _tasks(observations)
    for sweep in observations.sweeps:
        yield from (f"{_named(sweep, observations)}{line}" for line in synopsis.outside(sweep))
    yield from notes(observations.runs, observations.lineage)


def _chosen(table: Table) -> Iterator[str]:
    """Say what the conditions left, and of experiments how their runs ended."""
    observations = table.observations
    counts = observations.counts
    number = sum(counts.values())
    words = ", ".join(f"{counts[state]:,} {state}" for state in CellState if counts.get(state)) or "none"
    if observations.left_out:
        where = " and ".join(map(str, table.question.where))
        yield f"{number:,} of {number + observations.left_out:,} with {where}: {words}"
    elif len(observations.sweeps) < len(observations.sources):
        runs = "run" if number == 1 else "runs"
        yield f"{number:,} {'points and runs' if observations.sweeps else runs}: {words}"


def _tally(sweep: SweepOutcomes, observations: Observations) -> Iterator[str]:
    yield f"{_named(sweep, observations)}{synopsis.tally(sweep)}{synopsis.hint(sweep)}"


def _named(sweep: SweepOutcomes, observations: Observations) -> str:
    """Return which sweep a line is about, '' if there is no other source."""
    return "" if observations.only_sweep else f"{sweep.name}: "


def _search(sweep: SweepOutcomes) -> Iterator[str]:
    """Say what a study has come to."""
    from sweeper.search.importance import importances

    assert sweep.study is not None
    yield from synopsis.best(sweep.study)
    yield from synopsis.convergence(sweep.study)
    yield from synopsis.importance(importances(sweep.spec, [one.record for one in sweep.trials]))


def _replicates(table: Table) -> Iterator[str]:
    """Say where results are not one a replicate: runs that were logged again, or that do not say which they are."""
    number = sum(repeated(row, table.averaged) for row in table.rows)
    if number:
        were = "replicate was" if number == 1 else "replicates were"
        yield f"{number:,} {were} measured more than once, and each time counts"
    results = finished(table.observations.every)
    for name in table.observations.replicates:
        unset = sum(name not in one.values for one in results)
        if unset:
            yield f"{Count(unset, is_exact=True).of('result')} {'sets' if unset == 1 else 'set'} no {shown(name)}"


def _tasks(observations: Observations) -> Iterator[str]:
    """Say that the sweeps are of different tasks, whose metrics may share no more than a name."""
    tasks = dict.fromkeys(sweep.spec.task for sweep in observations.sweeps)
    if len(tasks) > 1:
        yield f"the sweeps are of different tasks: {', '.join(map(shown, tasks))}"


def _unlogged(observations: Observations) -> Iterator[str]:
    """Say how many results have no value of a metric: they never logged it, or logged NaN."""
    results = finished(observations.every)
    for metric in observations.metrics:
        number = sum(metric not in one.cell.values for one in results)
        if number:
            noun = "result" if len(results) == 1 else "results"
            yield f"{number:,} of {len(results):,} {noun} {'has' if number == 1 else 'have'} no {shown(metric)}"
