"""What became of one point, told from the runs that stand for it."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sweeper.points import Point
from sweeper.store.records import Blocked, RunRecord, RunStatus
from sweeper.store.tags import Tag


class CellState(enum.StrEnum):
    """How far a point has come; the order is the one in which reports count."""

    FINISHED = "finished"
    PRUNED = "pruned"
    RUNNING = "running"
    FAILED = "failed"
    BLOCKED = "blocked"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Cell:
    """One point's place in the table.

    ``run`` is the run that stands for the point: its result, or the attempt that decided its state. ``values`` are
    those of the metrics that were asked for and that the result has; NaN is no value. ``reason`` says why there is no
    result; ``blocked_by`` is the id of the upstream run that a blocked point waits for.
    """

    point: Point
    state: CellState
    reason: str = ""
    run: RunRecord | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    blocked_by: str = ""

    @property
    def run_id(self) -> str:
        """The id of the run that explains the state, '' where there is none."""
        return self.run.run_id if self.run else self.blocked_by

    @property
    def log(self) -> str:
        """Where the run's log is, a path if it is on this machine and else a URI; '' where there is none."""
        return self.run.log if self.run else ""


def cell_of(
    point: Point, runs: Sequence[RunRecord], blocked: Blocked | None, required: Sequence[str], asked: Sequence[str]
) -> Cell:
    """Return a point's cell: its result, else what goes on now, else what it waits for, else its last attempt.

    A result must say each ``required`` metric; the cell has the values of those that are ``asked`` for.
    """
    results = [run for run in runs if run.key]
    if results:
        return _measured(point, min(results, key=lambda run: (run.end_time or 0, run.run_id)), required, asked)
    running = [run for run in runs if not run.status.is_over]
    if running:
        return Cell(point, CellState.RUNNING, run=min(running, key=_start))
    if blocked:
        state = CellState.FAILED if blocked.is_failure else CellState.BLOCKED
        return Cell(point, state, blocked.reason, blocked_by=blocked.run_id)
    if runs:
        return unfinished(point, max(runs, key=_start))
    return Cell(point, CellState.MISSING)


def said(run: RunRecord, metrics: Iterable[str]) -> dict[str, float]:
    """Return the values that a run has of some metrics; NaN is none."""
    logged = run.metrics
    return {name: logged[name] for name in metrics if name in logged and not math.isnan(logged[name])}


def _start(run: RunRecord) -> tuple[int, str]:
    return run.start_time, run.run_id


def _measured(point: Point, run: RunRecord, required: Sequence[str], asked: Sequence[str]) -> Cell:
    """Return the cell of a point with a result, which has failed if the result does not say every required metric."""
    for metric in required:
        value = run.metrics.get(metric)
        if value is None:
            logged = ", ".join(sorted(run.metrics)) or "none"
            reason = f"finished without the metric {metric}; it logged: {logged}"
            return Cell(point, CellState.FAILED, reason, run)
        if math.isnan(value):
            return Cell(point, CellState.FAILED, f"finished with NaN for the metric {metric}", run)
    return Cell(point, CellState.FINISHED, run=run, values=said(run, asked))


def unfinished(point: Point, run: RunRecord) -> Cell:
    """Return the cell of a point whose last attempt is over and is no result."""
    match run.status:
        case _ if run.invalidated:
            return Cell(point, CellState.MISSING, run.invalidated, run)
        case RunStatus.FAILED:
            return Cell(point, CellState.FAILED, run.reason or "the run failed and does not say why", run)
        case RunStatus.KILLED if Tag.PRUNED in run.tags:
            return Cell(point, CellState.PRUNED, run.reason or "it did not look promising", run)
        case RunStatus.KILLED:
            return Cell(point, CellState.MISSING, run.reason or "the run was stopped", run)
        case _ if Tag.SUPERSEDED in run.tags:
            return Cell(point, CellState.MISSING, "its result was superseded", run)
        case _:
            return Cell(point, CellState.FAILED, run.reason or "the run ended without committing a result", run)
