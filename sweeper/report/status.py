"""How a sweep stands: how many points are in each state, and why those without a result have none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.report.escape import shown
from sweeper.report.layout import outside, tally
from sweeper.report.outcomes import Cell, Outcomes, PointState

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_NAMED = 3
"""How many points that share a reason are spelled out."""

_MOST_REASON = 300
_NO_REASON = {PointState.RUNNING: "runs now", PointState.MISSING: "never ran"}


def status(outcomes: Outcomes) -> str:
    """Return the standing of a sweep as text: a tally, then the points without a result, by state and reason."""
    lines = [f"{outcomes.sweep}: {tally(outcomes)}", *outside(outcomes)]
    for state in PointState:
        cells = [cell for cell in outcomes.cells if cell.state is state]
        if cells and state is not PointState.FINISHED:
            lines += ["", state.value, *_reasons(cells)]
    if outcomes.is_partial:
        lines += ["", "missing points that left no trace are counted, not listed"]
    return "\n".join(lines)


def _reasons(cells: Sequence[Cell]) -> Iterator[str]:
    """Yield the reasons of points in one state, the most frequent first, each with some of its points."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.reason, cell.blocked_by), []).append(cell)
    for (reason, blocked_by), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        points = "point" if len(group) == 1 else "points"
        upstream = f" (run {blocked_by})" if blocked_by else ""
        words = shown(reason, _MOST_REASON) if reason else _NO_REASON.get(group[0].state, "no reason is known")
        yield f"  {len(group):,} {points}: {words}{upstream}"
        yield from (f"    {_line(cell)}" for cell in group[:MOST_NAMED])
        if len(group) > MOST_NAMED:
            yield f"    and {len(group) - MOST_NAMED:,} more"


def _line(cell: Cell) -> str:
    """Return a point, its run and its log in one line."""
    values = ", ".join(f"{shown(name)}={shown(value)}" for name, value in cell.point.values)
    run = f"run {cell.run.run_id}" if cell.run else ""
    return "  ".join(part for part in (values or "the only point", run, from_here(cell.log)) if part)


def from_here(log: str) -> str:
    """Return a path below the working directory as one that starts there."""
    here = Path.cwd()
    return str(Path(log).relative_to(here)) if Path(log).is_relative_to(here) else log
