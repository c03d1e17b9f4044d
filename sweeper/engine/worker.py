"""Luigi decides what may run; an engine runs it.

A ``luigi.worker.Worker`` hands each ready task to an engine and takes the outcome back from a queue, so many tasks are
in flight without a process each, and a pool on a laptop and a cluster are one path. Luigi's scheduler scans all that
it holds at each decision, so what is done with is forgotten: the cost of a task does not grow with the sweep.
"""

from __future__ import annotations

import math
import queue
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, wait
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import luigi
from luigi.task_status import DONE, FAILED
from luigi.worker import Worker

from sweeper.engine.base import Ending, Engine, Execution, TaskCall
from sweeper.engine.flight import Flight, SetTimeout
from sweeper.engine.scheduler import ResourceScheduler
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.context import current
from sweeper.task.pipeline import upstream_first

WAIT_SECONDS = 0.5
"""How long a step waits before it looks at time-outs and at requests to stop."""

STOPPING_SECONDS = 10.0
"""How long what was stopped is waited for: a process that the system does not let go must not hold up the end."""


Needs = Callable[[luigi.Task], Mapping[str, float]]
"""Returns how much a task asks for of each resource, by name; raises ``TaskError`` where it cannot have it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A task that came back from the engine."""

    task: luigi.Task
    execution: Execution


class SchedulingWorker(Worker):
    """Runs a changing set of final tasks, with all that they require, on an engine.

    ``limits`` are the totals of resources that are counted here and not by the engine. Final tasks are held in groups,
    as replicates of one configuration are; of a group ``left`` tells how many have not ended.
    """

    def __init__(
        self,
        engine: Engine,
        call: Callable[[luigi.Task], TaskCall],
        *,
        needs: Needs = luigi.Task.process_resources,
        limits: Mapping[str, float] = MappingProxyType({}),
        left: Callable[[Hashable], int] = lambda _: 1,
    ) -> None:
        scheduler = ResourceScheduler(limits, self._has_room, self._urgency)
        super().__init__(
            scheduler=scheduler,
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
        self._needs = needs
        self._limits = limits
        self._left = left
        self._finished: list[Finished] = []
        self._flying: dict[str, Future[Execution]] = {}
        self._holders: defaultdict[str, Counter[Hashable]] = defaultdict(Counter)
        self._closures: dict[str, dict[str, luigi.Task]] = {}
        self._groups: dict[str, Hashable] = {}
        self._resources: dict[str, Mapping[str, float]] = {}
        self._is_dry = True
        self._add_worker()

    @property
    def is_busy(self) -> bool:
        """Whether a task is running."""
        return bool(self._running_tasks)

    @property
    def running(self) -> list[luigi.Task]:
        """The tasks that are running."""
        return [self._scheduled_tasks[task_id] for task_id in self._running_tasks]

    @property
    def is_short(self) -> bool:
        """Whether a slot was left free, because nothing that is held may start."""
        return self._is_dry and self._has_free_slot

    @property
    def is_held_back(self) -> bool:
        """Whether a slot is free, and what could run in it lacks a resource."""
        return self._scheduler.was_short and self._has_free_slot

    def hold(self, task: luigi.Task, group: Hashable = None) -> None:
        """Take a final task in, with what it requires and is not complete; without a group it is one of its own.

        Raises ``TaskError`` for one that asks for what it cannot have.
        """
        closure = {required.task_id: required for required in upstream_first(task)}
        needs = {task_id: self._needs(one) for task_id, one in closure.items() if task_id not in self._resources}
        self._resources.update(needs)
        self._closures[task.task_id] = closure
        self._groups[task.task_id] = group = task.task_id if group is None else group
        for task_id in closure:
            self._holders[task_id][group] += 1
        self.add(task)

    def forget(self, task: luigi.Task) -> None:
        """Let go of a final task, and of what no other held task requires."""
        closure = self._closures.pop(task.task_id)
        group = self._groups.pop(task.task_id)
        for task_id in closure:
            self._holders[task_id] -= Counter([group])
        gone = {task_id: one for task_id, one in closure.items() if not self._holders[task_id]}
        for task_id in gone:
            del self._holders[task_id], self._resources[task_id]
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
        was_held_back = self.is_held_back
        self._start_what_may()
        if self._running_tasks:
            is_news = self.is_held_back and not was_held_back  # the caller may have other tasks, which fit
            self._take_in(min(within, WAIT_SECONDS) if wait and not is_news else 0.0)
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

    @property
    def _has_free_slot(self) -> bool:
        return len(self._running_tasks) < self.worker_processes

    def _start_what_may(self) -> None:
        self.worker_processes = self._engine.slots
        self._is_dry = False
        while self._has_free_slot:
            task_id = self._get_work().task_id
            if task_id is None:
                self._is_dry = True
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
        future = self._engine.submit(call, resources=self._of_machines(self._resources[task.task_id]))
        self._flying[key] = future
        return future

    def _has_room(self, needed: Mapping[str, float]) -> bool:
        return self._engine.has_room(self._of_machines(needed))

    def _of_machines(self, needed: Mapping[str, float]) -> dict[str, float]:
        """Return what of a task's needs the engine gives: that on which there is no limit, or of which it has some.

        Cores always: they also say how many threads the task is to have.
        """
        given = {*self._engine.resources, "cpu"}
        return {name: amount for name, amount in needed.items() if name not in self._limits or name in given}

    def _urgency(self, task_id: str) -> tuple[int, int]:
        """Return how urgent a task is: what most groups wait for, then what is of a group of which fewest are left."""
        groups = self._holders.get(task_id, ())
        return (len(groups), 0) if len(groups) > 1 else (1, -sum(map(self._left, groups)))

    def _add_task(self, **kwargs: Any) -> None:
        super()._add_task(**{**kwargs, "resources": dict(self._resources.get(kwargs["task_id"], {}))})

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
