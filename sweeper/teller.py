"""Tells what became of points: the search, who watches the sweep, and its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from sweeper.engine.base import Execution
from sweeper.failures import Failure
from sweeper.listener import Listener, Summary
from sweeper.points import Point
from sweeper.record import SweepRun
from sweeper.replicates import Replicates
from sweeper.search.base import Outcome, PointState, Search
from sweeper.spec import Spec
from sweeper.store.records import Result
from sweeper.task.attempt import is_number


class Teller:
    """Tells each point's end once, ``replicates`` too; ``on_trouble`` is called after one that failed or is blocked."""

    def __init__(
        self,
        spec: Spec,
        search: Search,
        record: SweepRun,
        listener: Listener,
        summary: Summary,
        replicates: Replicates,
        on_trouble: Callable[[], None] | None = None,
    ) -> None:
        self._spec = spec
        self._search = search
        self._record = record
        self._listener = listener
        self._summary = summary
        self._replicates = replicates
        self._on_trouble = on_trouble

    def reuse(self, point: Point, result: Result) -> None:
        """Tell of a point that the store has a result for."""
        self._record.add(result, [point])
        self._conclude(self._measured(point, PointState.REUSED, result))

    def end(self, points: Sequence[Point], execution: Execution) -> None:
        """Tell of the points of a final instance, if it is one, that has a result now."""
        result = execution.result
        if result is None:  # of a plain Luigi task, which is never final
            return
        if execution.is_found or len(points) > 1:
            self._record.add(result, points)
        for number, point in enumerate(points):
            state = PointState.REUSED if number or execution.is_found else PointState.COMPUTED
            self._conclude(self._measured(point, state, result, execution.logged))

    def fail(self, points: Iterable[Point], failure: Failure, *, is_on_record: bool = False) -> None:
        """Tell of points without a result; those that failed are noted where the report finds them."""
        for point in points:
            if failure.state is PointState.FAILED and not is_on_record:
                self._record.note(point, failure.reason, failure.run_id, is_failure=True)
            self._tell(failure.outcome(point))

    def block(self, points: Iterable[Point], failure: Failure) -> None:
        """Tell of points that cannot run, because something that they require has failed."""
        blocked = failure.downstream()
        for point in points:
            self._record.note(point, blocked.reason, blocked.run_id, is_failure=False)
            self._tell(blocked.outcome(point))

    def _measured(self, point: Point, state: PointState, result: Result, logged: tuple[str, ...] = ()) -> Outcome:
        """Return a point's outcome from its result: without the numbers to compare there is none."""
        outcome = Outcome(point, state, run_id=result.run_id, seconds=result.seconds)
        for name in self._spec.metrics:
            if name not in result.metrics:
                others = f"; it logged: {', '.join(logged)}" if logged else ""
                reason = f"finished without the metric {name}{others}"
            elif not is_number(result.metrics[name]):
                reason = f"finished with NaN for the metric {name}"
            else:
                continue
            return replace(outcome, state=PointState.FAILED, reason=reason, cause=result.key)
        metrics = {name: result.metrics[name] for name in self._spec.metrics}
        return replace(outcome, value=metrics[self._spec.metric], metrics=metrics)

    def _conclude(self, measured: Outcome) -> None:
        self._summary.incomparable += measured.state is PointState.FAILED
        self._tell(measured)

    def _tell(self, outcome: Outcome) -> None:
        self._search.tell(outcome)
        self._replicates.end(outcome.point)
        self._summary.states[outcome.state] += 1
        self._listener.told(outcome)
        if self._on_trouble and outcome.state in (PointState.FAILED, PointState.BLOCKED):
            self._on_trouble()
