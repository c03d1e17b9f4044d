"""What a Dask worker does for one driver: slots in which calls run, and the way back for what they report.

Nothing is imported here that takes long: the Dask worker's event loop does it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from typing import TYPE_CHECKING

from sweeper.engine.machine import Machine, thread_variables, visible_devices, whole_threads
from sweeper.engine.placement import Placement

if TYPE_CHECKING:
    from distributed.worker import Worker

    from sweeper.engine.base import Execution, TaskCall
    from sweeper.engine.dask.relay import Exchange
    from sweeper.engine.process import Setup
    from sweeper.engine.slot import Slot

    Running = tuple[Slot, Future[Execution]]

IDLE_SECONDS = 30.0
"""How long is kept what nothing needs at the moment: a process without work, the way back, a call not to begin."""

ENDING_SECONDS = 8.0
"""How long it is waited for what was killed."""


class Pool:
    """Slots of one driver's, as many as there are calls at a time, each process with a ``setup``.

    Calls are known by their orders. One that needs GPUs sees as many of those that CUDA_VISIBLE_DEVICES names here, and
    one that needs cores has so many threads. Every method may be called in any thread.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._changing = threading.Lock()
        self._busy: dict[str, Running] = {}
        self._idle: list[tuple[Slot, float]] = []
        self._refused: dict[str, float] = {}
        self._exchange: Exchange | None = None
        self._is_closed = False
        self._placement = Placement(Machine(visible_devices(), shared_out=frozenset({"gpu"})), 1)

    @contextlib.contextmanager
    def executing(
        self, order: str, call: TaskCall, needs: Mapping[str, float], worker: Worker
    ) -> Iterator[Future[Execution]]:
        """Execute a call, whose reports go by way of a Dask worker; its slot is free again after the block.

        Raises ``WorkerLost`` if the call was stopped before it began, or the pool is closed.
        """
        with self._placed(needs) as environment:
            slot = self._take(environment)
            try:
                yield self._begin(order, slot, call, environment, worker)
            finally:
                self._give_back(order, slot)

    def stop(self, order: str) -> bool:
        """Kill the body of a call, or see to it that it never begins; False if it could not be ended in time."""
        with self._changing:
            self._refused[order] = time.monotonic()
            running = self._busy.get(order)
        return running is None or _end([running])

    def is_stopped(self, order: str) -> bool:
        """Whether a call was to be stopped."""
        with self._changing:
            return order in self._refused

    def tidy(self) -> None:
        """Let go of what was not needed for a while; the driver may be gone without a word."""
        before = time.monotonic() - IDLE_SECONDS
        exchange = None
        with self._changing:
            old = [slot for slot, since in self._idle if since < before]
            self._idle = [(slot, since) for slot, since in self._idle if since >= before]
            self._refused = {
                order: since for order, since in self._refused.items() if since >= before or order in self._busy
            }
            if not self._busy and not self._idle:
                exchange, self._exchange = self._exchange, None
        for slot in old:
            slot.close()
        if exchange is not None:
            exchange.close()

    def close(self) -> bool:
        """End all that is done for the driver; False if not all could be ended in time."""
        with self._changing:
            self._is_closed = True
            busy = [*self._busy.values()]
            idle, self._idle = [slot for slot, _ in self._idle], []
            exchange, self._exchange = self._exchange, None
        is_ended = _end(busy)  # who waits for each of them closes its slot
        for slot in idle:
            slot.kill()
        for slot in idle:
            slot.close()
        if exchange is not None:
            exchange.close()
        return is_ended

    @contextlib.contextmanager
    def _placed(self, needs: Mapping[str, float]) -> Iterator[dict[str, str]]:
        """Have what a call needs of GPUs and cores while the block lasts; yield the variables that tell of it."""
        with self._changing:
            place = self._placement.find(needs) if needs.get("gpu") else None
            if place is not None:
                self._placement.take(place)
        threads = thread_variables(whole_threads(needs["cpu"])) if "cpu" in needs else {}
        try:
            yield (place.environment if place else {}) | threads
        finally:
            if place is not None:
                with self._changing:
                    self._placement.give_back(place)

    def _take(self, environment: Mapping[str, str]) -> Slot:
        from sweeper.engine.slot import Slot

        with self._changing:
            if self._idle:
                best = max(self._idle, key=lambda idle: idle[0].readiness(environment))
                self._idle.remove(best)
                return best[0]
        return Slot(multiprocessing.get_context("forkserver"), self.setup)

    def _begin(
        self, order: str, slot: Slot, call: TaskCall, environment: Mapping[str, str], worker: Worker
    ) -> Future[Execution]:
        from sweeper.engine.base import WorkerLost

        with self._changing:  # a call that is to be stopped is refused here, or is there to be killed
            if self._is_closed:
                raise WorkerLost("its driver has left")
            if order in self._refused:
                raise WorkerLost("stopped before it began")
            future = slot.run(self._connected(call, worker), environment)
            self._busy[order] = slot, future
        return future

    def _connected(self, call: TaskCall, worker: Worker) -> TaskCall:
        """Return a call whose reporter, if it has one, speaks to the driver through a Dask worker."""
        from sweeper.engine.dask.relay import Exchange, Ticket

        if not isinstance(call.reporter, Ticket):
            return call
        self._exchange = self._exchange or Exchange(worker)
        return replace(call, reporter=self._exchange.reporter(call.reporter))

    def _give_back(self, order: str, slot: Slot) -> None:
        with self._changing:
            self._busy.pop(order, None)
            self._refused.pop(order, None)
            if not self._is_closed:
                self._idle.append((slot, time.monotonic()))
                return
        slot.close()


def _end(running: Iterable[Running]) -> bool:
    futures = []
    for slot, future in running:
        slot.kill()
        futures.append(future)
    return not wait(futures, ENDING_SECONDS).not_done
