"""The loop: ask the search, submit to the engine, tell what came back.

While there is room in the window and the search has points, a point is asked for: one that the store answers is told
at once, any other goes to Luigi with what it requires. What ends is told, forgotten, and makes room.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import luigi

from sweeper.binding import Binding
from sweeper.engine.base import Ending, Engine, Execution, TaskCall, call_for
from sweeper.engine.worker import Finished, SchedulingWorker, closure_of
from sweeper.errors import TaskError
from sweeper.listener import Listener, Summary
from sweeper.points import Point
from sweeper.record import SweepRun
from sweeper.renewal import Renewal
from sweeper.search.base import Done, Outcome, PointState, Search, Wait
from sweeper.store.api import ApiStore
from sweeper.store.base import Result, RunStatus
from sweeper.store.index import Index
from sweeper.store.lease import Driver, close_lost
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.attempt import is_number, reason_of
from sweeper.waiting import WaitingRoom
from sweeper.window import Held, Window

WINDOW = 32
"""Instances held at once, at least; with many slots, four for each."""

ASKS_AT_ONCE = 200
"""Points asked for before the loop looks at what has ended meanwhile."""


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why a key has no result, remembered for the whole run."""

    family: str
    reason: str
    run_id: str = ""
    log: str = ""


class Sweep:
    """One run of a sweep, from the first ask to the last tell."""

    def __init__(
        self,
        binding: Binding,
        search: Search,
        engine: Engine,
        store: ApiStore,
        index: Index,
        driver: Driver,
        listener: Listener,
        *,
        fail_fast: bool = False,
        rerun_changed: bool = False,
    ) -> None:
        self._binding = binding
        self._spec = binding.spec
        self._search = search
        self._store = store
        self._index = index
        self._driver = driver
        self._listener = listener
        self._fail_fast = fail_fast
        self._worker = SchedulingWorker(engine, self._call)
        self._window = Window(self._worker, max(WINDOW, 4 * engine.slots))
        self._waiting = WaitingRoom(store, index)
        self._renewal = Renewal(store, index, rerun_changed=rerun_changed)
        self._failures: dict[str, _Failure] = {}
        self._is_stopping = False
        self._has_asked_all = False
        self._may_ask = False
        self._summary = Summary()

    def run(self) -> Summary:
        """Run until every point has ended, or the sweep is stopped; return what it came to."""
        began = time.monotonic()
        self._listener.began(self._spec, self._search.expected())
        self._record = SweepRun(self._store, self._binding, self._driver.run_id)
        try:
            self._loop()
        except KeyboardInterrupt:
            self._abandon()
        except BaseException:
            self._abandon()
            raise
        finally:
            self._summary.seconds = time.monotonic() - began
            self._record.close(self._status())
        for family, number in self._renewal.changed.items():
            made = "reused result was" if number == 1 else "reused results were"
            self._listener.noticed(
                f"{number} {made} made by other code than {family} has now; --rerun-changed makes them again"
            )
        return self._summary

    def stop(self) -> None:
        """Interrupt the sweep: start nothing more; what runs may finish. Safe to call from a signal handler."""
        self._summary.is_interrupted = True
        self._phase_out()

    def _loop(self) -> None:
        while True:
            self._top_up()
            if not self._worker.is_busy and (self._is_stopping or self._is_over()):
                break
            self._listener.running(self._worker.running)
            self._record.flush()
            finished = self._worker.step(wait=not self._may_ask)
            for one in finished:
                self._take(one)
            if not (finished or self._worker.is_busy or self._is_stopping or self._may_ask):
                self._block_stuck()

    def _phase_out(self) -> None:
        self._is_stopping = True
        self._worker.stop()

    def _is_over(self) -> bool:
        return self._has_asked_all and self._window.is_empty and self._waiting.is_empty

    def _top_up(self) -> None:
        """Take up points while there is room, but not so long that a free worker waits."""
        for point in self._waiting.ready(is_idle=not self._worker.is_busy):
            self._begin(point)
        self._may_ask = False
        for _ in range(ASKS_AT_ONCE):
            if self._is_stopping or self._has_asked_all or not self._window.has_room:
                return
            asked = self._search.ask(self._is_blocked)
            if isinstance(asked, Wait):
                return
            if isinstance(asked, Done):
                self._has_asked_all = True
                return
            self._begin(asked)
        self._may_ask = self._window.has_room

    def _begin(self, point: Point) -> None:
        try:
            task = self._binding.instance(point)
            key = key_of(task)
        except Exception as error:  # noqa: BLE001 (requires() and to_mlflow_tags() are the user's)
            self._fail(point, reason_of(error))
            return
        try:
            self._place(point, task, key)
        except TaskError as error:
            self._fail(point, str(error))

    def _place(self, point: Point, task: MlflowTask, key: str) -> None:
        """Tell a point's outcome if it is known, else hold it."""
        self._record.claim(point, key)
        if self._window.join(key, point):
            return
        if failure := self._failures.get(key):
            self._fail(point, failure.reason, failure.run_id)
        elif result := self._renewal.reusable(task):
            self._record.add(result, [point])
            self._tell(self._outcome(point, PointState.REUSED, result, result.metric))
        elif failure := self._failed_upstream(task):
            self._block([point], failure)
        else:
            self._window.hold(task, key, point)

    def _is_blocked(self, point: Point) -> bool:
        """Whether a point could not run, because something that it requires has failed in this run."""
        try:
            return self._failed_upstream(self._binding.instance(point)) is not None
        except Exception:  # noqa: BLE001 (requires() is the user's; such a point fails when it is taken up)
            return False

    def _failed_upstream(self, task: luigi.Task) -> _Failure | None:
        if not self._failures:
            return None
        failures = (self._failures.get(key_of(required)) for required in closure_of(task) if required is not task)
        return next((failure for failure in failures if failure), None)

    def _take(self, finished: Finished) -> None:
        """Tell what became of a task: of its points if it is final, of those that waited for it if it failed."""
        task, execution, key = finished.task, finished.execution, key_of(finished.task)
        if execution.ending is Ending.CLAIMED:
            for held in self._window.release_requiring(task):
                self._waiting.add(task, held.points)
            return
        if execution.result:
            self._renewal.supersede(key, execution.result)
        elif not execution.ending.is_success:
            execution = self._settled(task, execution)
        if not execution.ending.is_success:
            log = self._store.run(execution.run_id).log if execution.run_id else ""
            self._failures[key] = _Failure(task.get_task_family(), execution.reason, execution.run_id, log)
        if held_final := self._window.release(key):
            self._end(held_final, execution)
        if failure := self._failures.get(key):
            for held in self._window.release_requiring(task):
                self._block(held.points, failure)

    def _end(self, held: Held, execution: Execution) -> None:
        """Tell the points of a final instance that has run."""
        if not execution.result:
            is_cut = execution.ending is Ending.INTERRUPTED
            state = PointState.INTERRUPTED if is_cut else PointState.FAILED
            log = self._failures[held.key].log
            if state is PointState.FAILED and (not execution.run_id or len(held.points) > 1):
                for point in held.points:
                    self._record.note(point, execution.reason, execution.run_id, is_failure=True)
            for point in held.points:
                self._tell(Outcome(point, state, reason=execution.reason, run_id=execution.run_id, log=log))
            return
        if execution.is_found or len(held.points) > 1:
            self._record.add(execution.result, held.points)
        for number, point in enumerate(held.points):
            state = PointState.REUSED if number or execution.is_found else PointState.COMPUTED
            self._tell(self._outcome(point, state, execution.result, execution.metric, execution.metrics))

    def _outcome(
        self, point: Point, state: PointState, result: Result, value: float | None, metrics: tuple[str, ...] = ()
    ) -> Outcome:
        """Return a point's outcome from its result: without a number to compare there is none."""
        if is_number(value):
            return Outcome(point, state, value, run_id=result.run_id, seconds=result.seconds)
        logged = f"; it logged: {', '.join(metrics)}" if metrics else ""
        reason = f"finished without the metric {self._spec.metric}{logged}"
        if value is not None:
            reason = f"finished with NaN for the metric {self._spec.metric}"
        return Outcome(point, PointState.FAILED, reason=reason, run_id=result.run_id, seconds=result.seconds)

    def _settled(self, task: luigi.Task, execution: Execution) -> Execution:
        """Return a failure with its run closed: a lost worker could not do so itself, unless it was done already."""
        if execution.run_id:
            return execution
        is_cut = execution.ending is Ending.INTERRUPTED
        status = RunStatus.KILLED if is_cut else RunStatus.FAILED
        run_id = close_lost(self._store, key_of(task), self._driver.run_id, execution.reason, status)
        if not run_id and isinstance(task, MlflowTask):
            self._index.refresh()
            result = find_result(task)
            if result is not None:
                return Execution(Ending.DONE, result, result.metric, run_id=result.run_id)
        return replace(execution, run_id=run_id)

    def _block_stuck(self) -> None:
        """Block what is held and cannot run: something that it requires is not there, and nobody makes it."""
        for held in self._window.release_all():
            try:
                absent = [one for one in closure_of(held.task) if not one.complete()]
                leaf = next(one for one in absent if all(required.complete() for required in one.deps()))
            except Exception as error:  # noqa: BLE001 (complete() of a plain Luigi task is the user's)
                self._block(held.points, _Failure(held.task.get_task_family(), reason_of(error)))
                continue
            reason = f"{leaf!r:.200} is not there, and it is no task that can be run"
            self._block(held.points, _Failure(leaf.get_task_family(), reason))

    def _block(self, points: list[Point], failure: _Failure) -> None:
        reason = f"{failure.family} failed: {failure.reason}" if failure.run_id else failure.reason
        for point in points:
            self._record.note(point, reason, failure.run_id, is_failure=False)
            self._tell(Outcome(point, PointState.BLOCKED, reason=reason, run_id=failure.run_id, log=failure.log))

    def _fail(self, point: Point, reason: str, run_id: str = "") -> None:
        """Tell of a point that failed without a run of its own, and note it where the report finds it."""
        self._record.note(point, reason, run_id, is_failure=True)
        self._tell(Outcome(point, PointState.FAILED, reason=reason, run_id=run_id))

    def _tell(self, outcome: Outcome) -> None:
        self._search.tell(outcome)
        self._summary.states[outcome.state] += 1
        self._listener.told(outcome)
        if self._fail_fast and outcome.state in (PointState.FAILED, PointState.BLOCKED):
            self._phase_out()

    def _call(self, task: luigi.Task) -> TaskCall:
        """Return the call of a task that is ready: only a final one stands for points, and must log the metric."""
        points = self._window.points(task)
        for required in task.deps():
            if isinstance(required, MlflowTask) and (reused := find_result(required)):
                self._renewal.notice(required, reused)
        return call_for(
            task,
            labels=self._record.labels(points) if points else self._record.upstream_labels(),
            metric=self._spec.metric if points else "",
            timeout=self._spec.timeouts.get(task.get_task_family(), self._spec.timeout),
            is_contended=self._driver.is_contended,
            replaces=self._renewal.replaced(key_of(task)),
        )

    def _abandon(self) -> None:
        """Stop what runs, and leave a clean record of it."""
        self._summary.is_interrupted = True
        for task in self._worker.cancel_all():
            close_lost(self._store, key_of(task), self._driver.run_id, "interrupted", RunStatus.KILLED)

    def _status(self) -> RunStatus:
        if self._summary.is_interrupted:
            return RunStatus.KILLED
        return RunStatus.FINISHED if self._summary.exit_code == 0 else RunStatus.FAILED
