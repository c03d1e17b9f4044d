"""Luigi decides what may run; an engine runs it.

A ``luigi.worker.Worker`` hands each ready task to an engine and takes the outcome back from a queue, so many tasks are
in flight without a process each, and a pool on a laptop and a cluster are one path. Luigi's scheduler scans all that
it holds at each decision, so what is done with is forgotten: the cost of a task does not grow with the sweep.
"""

from __future__ import annotations

import math
import queue
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from typing import Any

import luigi
from luigi.scheduler import Scheduler
from luigi.task_status import DONE, FAILED
from luigi.worker import Worker

from sweeper.engine.base import Ending, Engine, Execution, TaskCall
from sweeper.engine.flight import Flight, SetTimeout
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.context import current
from sweeper.task.pipeline import upstream_first

WAIT_SECONDS = 0.5
"""How long a step waits before it looks at time-outs and at requests to stop."""

STOPPING_SECONDS = 10.0
"""How long what was stopped is waited for: a process that the system does not let go must not hold up the end."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that came back from the engine."""

    task: luigi.Task
    execution: Execution


class SchedulingWorker(Worker):
    """Runs a changing set of final tasks, with all that they require, on an engine."""

    def __init__(self, engine: Engine, call: Callable[[luigi.Task], TaskCall]) -> None:
        super().__init__(
            scheduler=Scheduler(retry_delay=-1),  # never by itself: a failed key is remembered by the driver
            worker_processes=engine.slots,
            wait_interval=WAIT_SECONDS,
            wait_jitter=0.0,
            no_install_shutdown_handler=True,
            keep_alive=False,
            send_failure_email=False,
        )
        self._task_result_queue: Any = queue.Queue()
        self._engine = engine
        self._call = call
        self._finished: list[Finished] = []
        self._flying: dict[str, Future[Execution]] = {}
        self._holders: Counter[str] = Counter()
        self._closures: dict[str, dict[str, luigi.Task]] = {}
        self._add_worker()

    @property
    def is_busy(self) -> bool:
        """Whether a task is running."""
        return bool(self._running_tasks)

    @property
    def running(self) -> list[luigi.Task]:
        """The tasks that are running."""
        return [self._scheduled_tasks[task_id] for task_id in self._running_tasks]

    def hold(self, task: luigi.Task) -> None:
        """Take a final task in, with what it requires and is not complete."""
        closure = {required.task_id: required for required in upstream_first(task)}
        self._closures[task.task_id] = closure
        self._holders.update(closure.keys())
        self.add(task)

    def forget(self, task: luigi.Task) -> None:
        """Let go of a final task, and of what no other held task requires."""
        closure = self._closures.pop(task.task_id)
        self._holders.subtract(closure.keys())
        gone = {task_id: one for task_id, one in closure.items() if self._holders[task_id] <= 0}
        for task_id in gone:
            del self._holders[task_id]
        # what still runs, for points that were blocked meanwhile, is forgotten when it ends
        self._forget({task_id: one for task_id, one in gone.items() if task_id not in self._running_tasks})

    def waiting_for(self, task: luigi.Task) -> list[luigi.Task]:
        """Return the held final tasks that require a task, or are it."""
        return [self._scheduled_tasks[final] for final, closure in self._closures.items() if task.task_id in closure]

    def mark_done(self, task: luigi.Task) -> None:
        """Let run what requires a task that has come back without a result, and turned out to have one."""
        if task.task_id in self._holders:
            self._tell_scheduler(task, DONE)

    def step(self, *, wait: bool = True, within: float = math.inf) -> list[Finished]:
        """Start what may start, and return what has ended.

        With ``wait``, once something has: within so many seconds, and half a one at most.
        """
        self._start_what_may()
        if self._running_tasks:
            self._take_in(min(within, WAIT_SECONDS) if wait else 0.0)
        if self._engine.is_concurrent and all(one.execution.ending.is_success for one in self._finished):
            self._start_what_may()  # so that the slot works on while the caller looks at what it has finished
        self._add_task_history.clear()
        self._get_work_response_history.clear()
        finished, self._finished = self._finished, []
        return finished

    def stop(self) -> None:
        """Start nothing more."""
        self._start_phasing_out()

    def cancel_all(self) -> list[luigi.Task]:
        """Stop what runs; return the tasks that were stopped, once nothing writes to their runs any more."""
        stopped = self.running
        for flight in self._running_tasks.values():
            flight.terminate()
        wait(self._flying.values(), STOPPING_SECONDS)
        return stopped

    def _start_what_may(self) -> None:
        self.worker_processes = self._engine.slots
        while len(self._running_tasks) < self.worker_processes:
            task_id = self._get_work().task_id
            if task_id is None:
                return
            self._run_task(task_id)

    def _run_task(self, task_id: str) -> None:
        """Start a task, unless it runs on from when other points required it."""
        if task_id not in self._running_tasks:
            super()._run_task(task_id)

    def _create_task_process(self, task: luigi.Task) -> Flight:
        return Flight(task, self._launch, self._engine.cancel, self._task_result_queue.put)

    def _launch(self, task: luigi.Task, set_timeout: SetTimeout) -> Future[Execution]:
        """Submit a task; or answer for it with its twin, work with the same identity that is done or in flight."""
        result = find_result(task) if isinstance(task, MlflowTask) and task.complete() else None
        if result is not None:
            done: Future[Execution] = Future()
            done.set_result(Execution(Ending.DONE, result, run_id=result.run_id, is_found=True))
            return done
        key = key_of(task)
        twin = self._flying.get(key)
        if twin is not None and not twin.done():
            return twin
        call = self._call(task)
        set_timeout(call.timeout)
        future = self._engine.submit(call, resources=task.process_resources())
        self._flying[key] = future
        return future

    def _take_in(self, seconds: float) -> None:
        for flight in self._running_tasks.values():
            flight.expire_if_overdue()
        try:
            flight = self._task_result_queue.get(timeout=seconds)
            while True:
                self._land(flight)
                flight = self._task_result_queue.get_nowait()
        except queue.Empty:
            return

    def _land(self, flight: Flight) -> None:
        task, execution = flight.task, flight.execution()
        self._running_tasks.pop(task.task_id)
        self._flying.pop(key_of(task), None)
        self._finished.append(Finished(task, execution))
        if execution.result is not None:
            current().index.add(execution.result)  # before anything else starts that needs it, or is its twin
        if task.task_id not in self._holders:
            self._forget({task.task_id: task})
            return
        self._tell_scheduler(task, DONE if execution.ending.is_success else FAILED)

    def _tell_scheduler(self, task: luigi.Task, status: str) -> None:
        self._add_task(
            worker=self._id,
            task_id=task.task_id,
            status=status,
            runnable=None,
            params=task.to_str_params(),
            family=task.task_family,
            module=task.task_module,
        )

    def _forget(self, tasks: dict[str, luigi.Task]) -> None:
        state = self._scheduler._state  # noqa: SLF001 (Luigi forgets by time only)
        known = [state.get_task(task_id) for task_id in tasks if state.has_task(task_id)]
        for worker in state.get_active_workers():
            worker.tasks.difference_update(known)
        state.inactivate_tasks([task.id for task in known])
        for task_id, task in tasks.items():
            self._scheduled_tasks.pop(task_id, None)
            # of the metaclass, not of Register: clear_instance_cache() on a task gives its metaclass one of its own
            instances = getattr(type(type(task)), "_Register__instance_cache", None) or {}
            instances.pop((type(task), tuple(task.param_kwargs.items())), None)
