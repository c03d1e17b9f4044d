"""The loop: ask the search, submit to the engine, tell what came back.

While there is room in the window and the search has points, a point is asked for: one that the store answers is told
at once, any other goes to Luigi with what it requires. What ends is told, forgotten, and makes room.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import luigi

from sweeper.binding import Binding
from sweeper.engine.base import Ending, Engine, Execution, TaskCall, call_for
from sweeper.engine.worker import Finished, SchedulingWorker
from sweeper.errors import StoreAway, TaskError
from sweeper.failures import Failure, Failures, absence
from sweeper.listener import Listener, Summary
from sweeper.points import Point
from sweeper.policy import Policy
from sweeper.record import SweepRun
from sweeper.renewal import Renewal
from sweeper.replicates import Replicates
from sweeper.resources import Resources
from sweeper.retries import Retries
from sweeper.salvage import Salvage
from sweeper.search.base import Done, Search, Wait
from sweeper.store.api import ApiStore
from sweeper.store.driver import Driver
from sweeper.store.index import Index
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.attempt import reason_of
from sweeper.teller import Teller
from sweeper.waiting import WaitingRoom
from sweeper.window import Window

WINDOW = 32
"""Instances held at once, at least; with many slots, four for each."""

ASKS_AT_ONCE = 200
"""Points asked for before the loop looks at what has ended meanwhile."""


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
        record: SweepRun,
        listener: Listener,
        policy: Policy,
    ) -> None:
        self._binding = binding
        self._spec = binding.spec
        self._search = search
        self._driver = driver
        self._index = index
        self._record = record
        self._listener = listener
        self._replicates = Replicates(binding.spec)
        resources = Resources(binding, engine)
        self._worker = SchedulingWorker(
            engine, self._call, needs=resources.needs, limits=resources.limits, left=self._replicates.left
        )
        self._window = Window(self._worker, lambda: max(WINDOW, 4 * engine.slots))
        self._waiting = WaitingRoom(store, index)
        self._renewal = Renewal(store, index, binding.spec.metrics, rerun_changed=policy.rerun_changed)
        self._failures = Failures(store)
        self._retries = Retries(binding.spec)
        self._salvage = Salvage(store, index, driver.run_id)
        self._is_stopping = False
        self._has_asked_all = False
        self._may_ask = False
        self._summary = Summary()
        on_trouble = self._phase_out if policy.fail_fast else None
        self._teller = Teller(binding.spec, search, record, listener, self._summary, self._replicates, on_trouble)

    def run(self, at_end: Callable[[], None] = lambda: None) -> Summary:
        """Run until every point has ended, or the sweep is stopped; return what it came to.

        ``at_end`` is called when only the record is left to be closed.
        """
        began = time.monotonic()
        self._listener.began(self._spec, self._search.expected())
        try:
            with contextlib.closing(self._search):
                self._loop_or_abandon()
        finally:
            at_end()
            self._summary.seconds = time.monotonic() - began
            with contextlib.suppress(StoreAway):  # what is not on the record is asked again by the next run
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

    def _loop_or_abandon(self) -> None:
        try:
            self._loop()
        except KeyboardInterrupt:
            self._abandon()
        except StoreAway as error:
            self._wind_down(error)
        except BaseException:
            self._abandon()
            raise

    def _loop(self) -> None:
        while True:
            self._driver.catch_up(self._index.refresh)
            self._top_up()
            if not self._worker.is_busy and (self._is_stopping or self._is_over()):
                break
            self._listener.running(self._worker.running)
            self._record.flush()
            finished = self._worker.step(wait=not self._may_ask, within=self._retries.seconds_left)
            for one in finished:
                self._take(one)
            if not (finished or self._worker.is_busy or self._is_stopping or self._may_ask):
                self._block_stuck()
                self._retries.pause()

    def _phase_out(self) -> None:
        self._is_stopping = True
        self._worker.stop()

    def _is_over(self) -> bool:
        return self._has_asked_all and self._window.is_empty and self._waiting.is_empty and self._retries.is_empty

    def _top_up(self) -> None:
        """Take up points while there is room, but not so long that a free worker waits."""
        for point in self._waiting.ready(is_idle=not self._worker.is_busy):
            self._begin(point)
        while not self._is_stopping and self._window.has_room and (again := self._retries.pop()):
            self._begin(again)
        self._may_ask = False
        for _ in range(ASKS_AT_ONCE):
            if self._is_stopping or self._has_asked_all or self._retries.is_full or not self._window.has_room:
                return
            asked = self._search.ask(self._is_blocked)
            if isinstance(asked, Wait):
                return
            if isinstance(asked, Done):
                self._has_asked_all = True
                return
            self._begin(asked)
        self._may_ask = self._window.has_room and not self._retries.is_full

    def _begin(self, point: Point) -> None:
        try:
            task = self._binding.instance(point)
            key = key_of(task)
        except Exception as error:  # noqa: BLE001 (requires() and to_mlflow_tags() are the user's)
            self._teller.fail([point], Failure("", self._binding.task.get_task_family(), reason_of(error)))
            return
        try:
            self._place(point, task, key)
        except TaskError as error:
            self._teller.fail([point], Failure(key, task.get_task_family(), str(error)))

    def _place(self, point: Point, task: MlflowTask, key: str) -> None:
        """Tell a point's outcome if it is known, else hold it."""
        self._record.claim(point, key)
        if self._window.join(key, point):
            return
        if self._retries.joins(task, point):
            return
        if failure := self._failures.of(key):
            self._teller.fail([point], failure)
        elif result := self._renewal.reusable(task):
            self._teller.reuse(point, result)
        elif failure := self._failures.upstream_of(task):
            self._teller.block([point], failure)
        else:
            self._renewal.look_after_inputs(task)
            self._window.hold(task, key, point, self._replicates.group(point))

    def _is_blocked(self, point: Point) -> bool:
        """Whether a point could not run, because something that it requires has failed in this run."""
        try:
            return self._failures.upstream_of(self._binding.instance(point)) is not None
        except Exception:  # noqa: BLE001 (requires() is the user's; such a point fails when it is taken up)
            return False

    def _take(self, finished: Finished) -> None:
        """Tell what became of a task: of its points if it is final, of those that waited for it if it has no result."""
        task, key = finished.task, key_of(finished.task)
        self._driver.leave(key)
        if finished.execution.ending is Ending.CLAIMED:
            for held in self._window.release_requiring(task):
                self._waiting.add(task, held.points)
            return
        execution = self._salvage.concluded(task, finished.execution)
        if execution.result:
            self._renewal.supersede(key, execution.result)
            if not finished.execution.ending.is_success:
                self._worker.mark_done(task)
        if self._is_tried_again(task, execution):
            return
        execution = self._retries.conclude(key, execution)
        final = self._window.release(key)
        points = final.points if final else []
        if execution.ending.is_success:
            self._failures.discard(key)
            self._teller.end(points, execution)
            return
        failure = self._failures.add(task, execution, is_final=bool(points))
        self._teller.fail(points, failure, is_on_record=bool(execution.run_id) and len(points) == 1)
        self._pass_on(task, failure)

    def _pass_on(self, task: luigi.Task, failure: Failure) -> None:
        """Block what requires a task that failed; what requires one that was pruned as a point begins anew."""
        for held in self._window.release_requiring(task):
            if failure.blocks:
                self._teller.block(held.points, failure)
            else:
                for point in held.points:
                    self._begin(point)

    def _is_tried_again(self, task: luigi.Task, execution: Execution) -> bool:
        """Let a task that failed wait for its next attempt, with the points that need it; False if there is none."""
        prospect = self._retries.take(task, execution)
        if not prospect:
            return False
        for held in self._window.release_requiring(task):
            self._retries.add(key_of(task), held.points)
        if not self._is_stopping:
            self._listener.noticed(f"{task.get_task_family()} failed: {execution.reason}; {prospect}")
        return True

    def _block_stuck(self) -> None:
        """Block what is held and cannot run: something that it requires is not there, and nobody makes it."""
        for held in self._window.release_all():
            self._teller.block(held.points, absence(held.task))

    def _call(self, task: luigi.Task) -> TaskCall:
        """Return the call of a task that is ready: only a final one stands for points, and reports on them."""
        points = self._window.points(task)
        for required in task.deps():
            if isinstance(required, MlflowTask) and (reused := find_result(required)):
                self._renewal.notice(required, reused)
        attempt = self._retries.attempt(key_of(task))
        return call_for(
            task,
            labels={
                **(self._record.labels(points) if points else self._record.upstream_labels()),
                **({Tag.ATTEMPT: str(attempt)} if attempt > 1 else {}),
            },
            metrics=self._spec.metrics if isinstance(task, self._binding.task) else (),
            timeout=self._spec.timeouts.get(task.get_task_family(), self._spec.timeout),
            is_contended=self._driver.enter(key_of(task)),
            replaces=self._renewal.replaced(key_of(task)),
            reporter=self._search.reporter(points[0]) if points else None,
        )

    def _wind_down(self, error: StoreAway) -> None:
        """Start nothing more without a store, but lose nothing: let what runs finish, and keep its results here.

        Raises ``StoreAway`` in the end, or what stops it before.
        """
        self._listener.noticed(f"{error}; nothing more is started, what runs may finish, and its results are kept")
        self._phase_out()
        try:
            while self._worker.is_busy:
                self._listener.running(self._worker.running)
                self._worker.step()
        except BaseException:
            self._abandon()
            raise
        outlook = self._salvage.outlook()
        raise StoreAway(f"the store does not answer any more{outlook}: run the same command again") from error

    def _abandon(self) -> None:
        """Stop what runs, and leave a clean record of it."""
        self._summary.is_interrupted = True
        with contextlib.suppress(StoreAway):  # then the next run closes what this one leaves
            self._salvage.abandon(self._worker.cancel_all())

    def _status(self) -> RunStatus:
        if self._summary.is_interrupted:
            return RunStatus.KILLED
        return RunStatus.FINISHED if self._summary.exit_code == 0 else RunStatus.FAILED
