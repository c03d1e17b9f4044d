"""How a sweep stands: how many points or trials are in each state, and why those without a result have none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from sweeper.points import Point
from sweeper.report import synopsis
from sweeper.report.escape import shown
from sweeper.report.sources.cells import Cell, CellState
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.trials import TrialOutcome, TrialStanding

MOST_NAMED = 3
"""How many points or trials that share a reason are spelled out."""

_MOST_REASON = 300
_NO_REASON = {"running": "runs now", "missing": "never ran", "open": "asked for, and not ended yet"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """A point or a trial without a result.

    ``state`` and ``reason`` say how it stands and why, ``upstream`` which run it waits for, ``words`` which one it is.
    """

    noun: str
    state: str
    reason: str
    upstream: str
    words: str


def status(outcomes: SweepOutcomes) -> str:
    """Return the standing of a sweep as text: a tally, then what has no result, by state and reason."""
    lines = [f"{outcomes.name}: {synopsis.tally(outcomes)}", *synopsis.outside(outcomes)]
    if outcomes.study:
        lines += [*synopsis.best(outcomes.study), *synopsis.pruned(outcomes.study)]
    entries = [*_entries(outcomes)]
    for state in (*CellState, TrialStanding.OPEN):
        chosen = [entry for entry in entries if entry.state == state]
        if chosen:
            lines += ["", state.value, *_reasons(chosen)]
    if outcomes.is_partial:
        lines += ["", "missing points that left no trace are counted, not listed"]
    return "\n".join(lines)


def _entries(outcomes: SweepOutcomes) -> Iterator[_Entry]:
    """Yield what has no result: points; of a study trials, and points that a complete trial lacks by now."""
    if outcomes.study is None:
        yield from _points(outcomes.cells)
        return
    needed: dict[Point, Cell] = {}
    for trial in outcomes.study.trials:
        if trial.standing is TrialStanding.COMPLETE:
            needed |= {cell.point: cell for cell in trial.cells}
        elif trial.standing is not TrialStanding.PRUNED:
            yield _of_trial(trial)
    yield from _points(needed.values())


def _points(cells: Iterable[Cell]) -> Iterator[_Entry]:
    for cell in cells:
        if cell.state is not CellState.FINISHED:
            yield _Entry("point", cell.state, cell.reason, cell.blocked_by, _words(cell))


def _of_trial(trial: TrialOutcome) -> _Entry:
    """Return the entry of a trial, told by the point that explains it if there is one."""
    alike = (cell for cell in trial.cells if cell.state.value == trial.standing.value)
    telling = (cell for cell in trial.cells if cell.reason)
    cell = next(chain(alike, telling), Cell(trial.point, CellState.MISSING))
    words = f"trial {trial.number}: {_words(cell)}"
    return _Entry("trial", trial.standing, trial.reason, cell.blocked_by, words)


def _reasons(entries: Sequence[_Entry]) -> Iterator[str]:
    """Yield the reasons of what is in one state, the most frequent first, each with some of the entries."""
    groups: dict[tuple[str, str, str], list[_Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.noun, entry.reason, entry.upstream), []).append(entry)
    for (noun, reason, upstream), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        nouns = noun if len(group) == 1 else f"{noun}s"
        run = f" (run {upstream})" if upstream else ""
        words = shown(reason, _MOST_REASON) if reason else _NO_REASON.get(group[0].state, "no reason is known")
        yield f"  {len(group):,} {nouns}: {words}{run}"
        yield from (f"    {entry.words}" for entry in group[:MOST_NAMED])
        if len(group) > MOST_NAMED:
            yield f"    and {len(group) - MOST_NAMED:,} more"


def _words(cell: Cell) -> str:
    """Return a point, its run and its log in one line."""
    values = ", ".join(f"{shown(name)}={shown(value)}" for name, value in cell.point.values)
    run = f"run {cell.run.run_id}" if cell.run else ""
    return "  ".join(part for part in (values or "the only point", run, from_here(cell.log)) if part)


def from_here(log: str) -> str:
    """Return a path below the working directory as one that starts there."""
    here = Path.cwd()
    return str(Path(log).relative_to(here)) if Path(log).is_relative_to(here) else log
