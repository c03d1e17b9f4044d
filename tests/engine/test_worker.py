"""Luigi decides what may run, an engine runs it, and what is done with is forgotten."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import luigi
import pytest
from luigi.task_register import Register

from sweeper.engine import worker as worker_module
from sweeper.engine.base import Ending, Execution, TaskCall, WorkerLost, call_for
from sweeper.engine.worker import Finished, SchedulingWorker
from sweeper.errors import EngineError, StoreError, TaskError
from sweeper.store.records import Result
from sweeper.task import MlflowTask
from tests.pipelines.chain import Fit
from tests.pipelines.trouble import NeedsFile, Trouble, Twins, TwoRoads

if TYPE_CHECKING:
    from sweeper.task.context import Context

DONE = Execution(Ending.DONE)


@dataclass
class HandEngine:
    """An engine whose calls end when the test says so."""

    slots: int = 2
    is_concurrent: bool = True
    resources: Mapping[str, float] = field(default_factory=dict)
    calls: list[TaskCall] = field(default_factory=list)
    futures: list[Future[Execution]] = field(default_factory=list)

    def has_room(self, resources: Mapping[str, float]) -> bool:
        """Have room for whatever is wanted."""
        return True

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """Take note of a call."""
        self.calls.append(call)
        self.futures.append(Future())
        return self.futures[-1]

    def begin(self, number: int = -1) -> None:
        """Let a call run."""
        self.futures[number].set_running_or_notify_cancel()

    def cancel(self, future: Future[Execution]) -> bool:
        """Lose a call."""
        future.set_exception(WorkerLost("it was killed"))
        return True

    def close(self) -> None:
        """Do nothing."""

    @property
    def names(self) -> list[str]:
        """The names of the tasks that were called for."""
        return [call.name for call in self.calls]

    def end(self, number: int = -1, execution: Execution = DONE) -> None:
        """End a call."""
        self.futures[number].set_result(execution)


class QuickEngine(HandEngine):
    """An engine whose calls are over at once, each with a result."""

    def __init__(self, context: Context) -> None:
        super().__init__(slots=1)
        self._context = context

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """End a call well."""
        future = super().submit(call, resources=resources)
        self._context.index.add(Result(call.key, f"run{len(self.calls)}", "", "", 0, 1))
        self.end()
        return future


@pytest.fixture
def engine(context: Context) -> HandEngine:
    """An engine that the test works by hand."""
    return HandEngine()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a step in which nothing ends be short."""
    monkeypatch.setattr(worker_module, "WAIT_SECONDS", 0.02)


@pytest.fixture
def worker(engine: HandEngine) -> SchedulingWorker:
    """A worker on that engine."""
    return worker_on(engine)


def worker_on(engine: HandEngine, timeout: float | None = None) -> SchedulingWorker:
    return SchedulingWorker(engine, lambda task: call_for(task, labels={}, timeout=timeout))


def finish(worker: SchedulingWorker) -> list[Finished]:
    """Step until something has ended."""
    for _ in range(20):
        if finished := worker.step():
            return finished
    pytest.fail("nothing ended")


def sizes(worker: SchedulingWorker) -> dict[str, int]:
    """Return how much is remembered, and where."""
    state: Any = worker._scheduler._state
    instances: Any = getattr(Register, "_Register__instance_cache")  # noqa: B009 (the name is mangled)
    return {
        "scheduler": len(state._tasks),
        "scheduler's worker": sum(len(one.tasks) for one in state.get_active_workers()),
        "worker": len(worker._scheduled_tasks),
        "holders": len(worker._holders),
        "closures": len(worker._closures),
        "flying": len(worker._flying),
        "history": len(worker._add_task_history) + len(worker._get_work_response_history),
        "instances": sum(issubclass(task, MlflowTask) for task, _ in instances),
    }


def test_a_task_starts_when_what_it_requires_is_done(worker: SchedulingWorker, engine: HandEngine):
    worker.hold(Fit())
    for name in ("Collect", "Scale", "Fit"):
        worker.step()
        assert engine.names[-1] == name
        engine.end()
        assert [one.task.task_family for one in finish(worker)] == [name]
    assert engine.names == ["Collect", "Scale", "Fit"]


def test_what_held_tasks_share_is_called_once(worker: SchedulingWorker, engine: HandEngine):
    for seed in range(4):
        worker.hold(Fit(seed=seed))
    worker.step()
    engine.end()
    finish(worker)
    worker.step()
    assert engine.names == ["Collect", "Scale"]


def test_no_more_runs_at_once_than_there_are_slots(worker: SchedulingWorker, engine: HandEngine):
    for number in range(5):
        worker.hold(Trouble(number=number))
    worker.step()
    assert len(engine.calls) == 2
    assert [task.task_family for task in worker.running] == ["Trouble", "Trouble"]
    engine.end(0)
    finish(worker)
    worker.step()
    assert len(engine.calls) == 3


@pytest.mark.parametrize("ending", [Ending.FAILED, Ending.PRUNED])
def test_what_depends_on_a_failure_is_not_started(ending: Ending, worker: SchedulingWorker, engine: HandEngine):
    task = Fit()
    worker.hold(task)
    worker.step()
    engine.end(execution=Execution(ending, reason="no"))
    (failed,) = finish(worker)
    assert worker.waiting_for(failed.task) == [task]
    worker.step()
    assert engine.names == ["Collect"]


def test_two_instances_of_the_same_work_that_run_at_once_are_one_call(worker: SchedulingWorker, engine: HandEngine):
    worker.hold(Twins())
    worker.step()
    assert engine.names == ["Noted"]
    assert len(worker.running) == 2
    engine.end()
    finished = finish(worker)
    finished += [] if len(finished) == 2 else finish(worker)
    assert {one.task.param_kwargs["note"] for one in finished} == {"one", "other"}
    worker.step()
    assert engine.names == ["Noted", "Twins"]


def test_a_stopped_worker_starts_nothing_and_takes_in_what_runs(worker: SchedulingWorker, engine: HandEngine):
    for number in range(4):
        worker.hold(Trouble(number=number))
    worker.step()
    worker.stop()
    engine.end(0)
    engine.end(1)
    finished = finish(worker)
    finished += [] if len(finished) == 2 else finish(worker)
    worker.step()
    assert (len(engine.calls), worker.is_busy) == (2, False)


def test_what_is_cancelled_comes_back_as_interrupted(worker: SchedulingWorker, engine: HandEngine):
    task = Trouble()
    worker.hold(task)
    worker.step()
    assert worker.cancel_all() == [task]
    (finished,) = finish(worker)
    assert (finished.execution.ending, finished.execution.reason) == (Ending.INTERRUPTED, "interrupted")


def test_a_lost_worker_is_a_failure_that_says_how(worker: SchedulingWorker, engine: HandEngine):
    worker.hold(Trouble())
    worker.step()
    engine.futures[0].set_exception(WorkerLost("killed by SIGKILL"))
    (finished,) = finish(worker)
    assert (finished.execution.ending, finished.execution.reason) == (Ending.LOST, "killed by SIGKILL")


@pytest.mark.parametrize("error", [StoreError("gone"), EngineError("no workers")])
def test_what_is_no_fault_of_the_task_comes_out(error: Exception, worker: SchedulingWorker, engine: HandEngine):
    worker.hold(Trouble())
    worker.step()
    engine.futures[0].set_exception(error)
    with pytest.raises(type(error), match=str(error)):
        finish(worker)


def test_a_task_that_is_over_its_time_is_cancelled(engine: HandEngine):
    worker = worker_on(engine, timeout=0.01)
    worker.hold(Trouble())
    worker.step()
    time.sleep(0.02)
    assert worker.step() == [], "what waits for its place is not over its time"
    engine.begin()
    (finished,) = finish(worker)
    assert (finished.execution.ending, finished.execution.reason) == (Ending.FAILED, "timed out after 0.01 s")


def test_slots_that_join_are_used(worker: SchedulingWorker, engine: HandEngine):
    for number in range(4):
        worker.hold(Trouble(number=number))
    worker.step()
    assert len(engine.calls) == 2
    engine.slots = 3
    worker.step()
    assert len(engine.calls) == 3


def test_a_task_that_cannot_be_sent_has_failed(engine: HandEngine):
    def refuse(_: luigi.Task) -> TaskCall:
        raise TaskError("its parameters cannot be sent")

    worker = SchedulingWorker(engine, refuse)
    worker.hold(Trouble())
    (finished,) = finish(worker)
    assert finished.execution.reason == "TaskError: its parameters cannot be sent"


@pytest.mark.parametrize("window", [1, 32])
def test_what_is_remembered_does_not_grow_with_the_points(window: int, context: Context):
    worker = worker_on(QuickEngine(context))
    held: list[luigi.Task] = []
    largest: list[dict[str, int]] = []
    for number in range(500):
        held.append(Fit(seed=number, note=str(number)))
        worker.hold(held[-1])
        while len(held) >= window:
            for one in finish(worker):
                if one.task in held:
                    held.remove(one.task)
                    worker.forget(one.task)
        largest.append(sizes(worker))
    early, late = largest[window + 50], largest[-1]
    assert late == early
    assert max(late.values()) <= 2 * (window + 3)


def test_after_everything_is_forgotten_nothing_is_left(context: Context):
    Register.clear_instance_cache()
    worker = worker_on(QuickEngine(context))
    tasks = [Fit(seed=seed) for seed in range(3)]
    for task in tasks:
        worker.hold(task)
    while len(worker._closures):
        for one in finish(worker):
            if one.task in tasks:
                worker.forget(one.task)
    assert {name for name, size in sizes(worker).items() if size} == set()


def test_what_nobody_can_run_is_never_called(worker: SchedulingWorker, engine: HandEngine):
    worker.hold(NeedsFile(number=1))
    assert worker.step() == []
    assert (engine.calls, worker.is_busy) == ([], False)


def test_two_instances_of_the_same_work_in_one_slot_are_one_call(context: Context):
    engine = QuickEngine(context)
    worker = worker_on(engine)
    worker.hold(Twins())
    while not any(isinstance(one.task, Twins) for one in finish(worker)):
        pass
    assert engine.names == ["Noted", "Twins"]


def test_what_still_runs_when_its_points_are_forgotten_ends_in_peace(context: Context):
    engine = HandEngine()
    worker = worker_on(engine)
    task = TwoRoads()
    worker.hold(task)
    worker.step()
    failing = engine.names.index("Trouble")
    engine.end(failing, Execution(Ending.FAILED, reason="no"))
    finish(worker)
    worker.forget(task)
    assert [running.task_family for running in worker.running] == ["Gate"]
    engine.end(1 - failing)
    assert [one.task.task_family for one in finish(worker)] == ["Gate"]
    assert {name for name, size in sizes(worker).items() if size} == set()
