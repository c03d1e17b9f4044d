"""What became of each point of a sweep, told from the sweep's record alone."""

from __future__ import annotations

import enum
import json
import math
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeper.errors import InputError, did_you_mean
from sweeper.points import Count, Point, Points
from sweeper.spec import Direction, Spec
from sweeper.spec.restore import restore
from sweeper.store.assignments import decode, to_form
from sweeper.store.base import Blocked, RunRecord, RunStatus, SweepRecord, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_POINTS = 100_000
"""Up to so many points each has its cell; of a larger sweep only those that left a trace have one."""


class PointState(enum.StrEnum):
    """How far a point has come; the order is the one in which reports count."""

    FINISHED = "finished"
    RUNNING = "running"
    FAILED = "failed"
    BLOCKED = "blocked"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Cell:
    """One point's place in the table.

    ``run`` is the run that stands for the point: its result, or the attempt that decided its state. ``value`` is the
    metric's, for a finished point. ``reason`` says why there is no result; ``blocked_by`` is the id of the upstream run
    that a blocked point waits for.
    """

    point: Point
    state: PointState
    reason: str = ""
    run: RunRecord | None = None
    value: float | None = None
    blocked_by: str = ""

    @property
    def run_id(self) -> str:
        """The id of the run that explains the state, '' where there is none."""
        return self.run.run_id if self.run else self.blocked_by

    @property
    def log(self) -> str:
        """Where the run's log is, a path if it is on this machine and else a URI; '' where there is none."""
        return self.run.log if self.run else ""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of a sweep's points, for one metric.

    ``cells`` are all the points in the spec's order; of more than ``MOST_POINTS``, only those that left a trace
    (``is_partial``), and the others are counted as missing. ``outside`` counts the results for points that the spec,
    having been narrowed, no longer has.
    """

    sweep: str
    spec: Spec
    metric: str
    cells: tuple[Cell, ...]
    total: Count
    outside: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether some missing points have no cell."""
        return len(self.cells) < self.total.number

    @property
    def direction(self) -> Direction | None:
        """Which values of the metric are better; None for a metric of which the spec does not say it."""
        return self.spec.direction if self.metric == self.spec.metric else None

    def counts(self) -> Mapping[PointState, int]:
        """Return how many points are in each state; every state is there."""
        found = Counter(cell.state for cell in self.cells)
        counts = {state: found[state] for state in PointState}
        counts[PointState.MISSING] += self.total.number - len(self.cells)
        return counts


def outcomes(record: SweepRecord, metric: str = "", *, most: int = MOST_POINTS) -> Outcomes:
    """Return what became of the points of a sweep, by its own metric or another that its runs logged.

    Raises ``InputError`` for a metric that no run logged, if any run logged one.
    """
    if not record.document:
        raise InputError(
            f"sweep {record.name} was started, and stopped before its spec was on the record; run it again"
        )
    spec = Spec.from_document(record.document)
    metric = metric or spec.metric
    _check_metric(record, spec, metric)
    runs = _runs_by_point(record)
    blocked = {to_form(entry.point): entry for entry in record.blocked}
    points, total = _points(spec, (*runs, *blocked), most)
    cells = tuple(_cell(point, runs.get(name, ()), blocked.get(name), metric) for name, point in points.items())
    outside = sum(any(run.key for run in runs[name]) for name in runs.keys() - points.keys())
    return Outcomes(record.name, spec, metric, cells, total, outside)


def _points(spec: Spec, traces: Iterable[str], most: int) -> tuple[Mapping[str, Point], Count]:
    """Return the points that get a cell, by their canonical JSON, and how many there are in all."""
    points = Points.of(spec)
    total = points.count(most)
    if total.number <= most:
        every = {point.to_record(): point for point in points}
        return every, Count(len(every), is_exact=True)
    known = ((trace, _restored(trace, spec.swept)) for trace in traces)
    return {trace: point for trace, point in known if point in points}, total


def _restored(trace: str, order: Sequence[str]) -> Point:
    """Return the point of canonical JSON, its parameters in the given order and unknown ones last."""
    assignment = {name: restore(form) for name, form in json.loads(trace).items()}
    names = dict.fromkeys(name for name in (*order, *assignment) if name in assignment)
    return Point.of({name: assignment[name] for name in names})


def _runs_by_point(record: SweepRecord) -> Mapping[str, Sequence[RunRecord]]:
    """Return the runs that stand for each point, points in canonical JSON."""
    runs: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in record.runs:
        for assignment in decode(record.name, run.tags):
            runs[to_form(assignment)].append(run)
    return runs


def _cell(point: Point, runs: Sequence[RunRecord], blocked: Blocked | None, metric: str) -> Cell:
    """Return a point's cell: its result, else what goes on now, else what it waits for, else its last attempt."""
    results = [run for run in runs if run.key]
    if results:
        return _measured(point, min(results, key=lambda run: (run.end_time or 0, run.run_id)), metric)
    running = [run for run in runs if not run.status.is_over]
    if running:
        return Cell(point, PointState.RUNNING, run=min(running, key=_start))
    if blocked:
        state = PointState.FAILED if blocked.is_failure else PointState.BLOCKED
        return Cell(point, state, blocked.reason, blocked_by=blocked.run_id)
    if runs:
        return _unfinished(point, max(runs, key=_start))
    return Cell(point, PointState.MISSING)


def _start(run: RunRecord) -> tuple[int, str]:
    return run.start_time, run.run_id


def _measured(point: Point, run: RunRecord, metric: str) -> Cell:
    """Return the cell of a point with a result, which has failed if the result does not say the metric."""
    value = run.metrics.get(metric)
    if value is None:
        logged = ", ".join(sorted(run.metrics)) or "none"
        reason = f"finished without the metric {metric}; it logged: {logged}"
        return Cell(point, PointState.FAILED, reason, run)
    if math.isnan(value):
        return Cell(point, PointState.FAILED, f"finished with NaN for the metric {metric}", run)
    return Cell(point, PointState.FINISHED, run=run, value=float(value))


def _unfinished(point: Point, run: RunRecord) -> Cell:
    """Return the cell of a point whose last attempt is over and is no result."""
    match run.status:
        case RunStatus.FAILED:
            return Cell(point, PointState.FAILED, run.reason or "the run failed and does not say why", run)
        case RunStatus.KILLED:
            return Cell(point, PointState.MISSING, run.reason or "the run was stopped", run)
        case _ if Tag.SUPERSEDED in run.tags:
            return Cell(point, PointState.MISSING, "its result was superseded", run)
        case _:
            return Cell(point, PointState.FAILED, run.reason or "the run ended without committing a result", run)


def _check_metric(record: SweepRecord, spec: Spec, metric: str) -> None:
    logged = {name for run in record.runs for name in run.metrics}
    if logged and metric not in logged and metric != spec.metric:
        raise InputError(
            f"sweep {record.name}: no run logged a metric {metric}; {did_you_mean(metric, logged | {spec.metric})}"
        )
