"""The engine on this machine: one process a slot, forked from a server that has imported what all need.

A process that dies or is stopped costs its own task, and a few milliseconds for its successor. One
that a task has left unfit for the next is replaced too.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from multiprocessing import forkserver

from sweeper.engine.base import Execution, TaskCall
from sweeper.engine.machine import DEVICES_VARIABLE, Machine, available_cores, thread_shares
from sweeper.engine.placement import Place, Placement
from sweeper.engine.process import Setup
from sweeper.engine.slot import Slot
from sweeper.errors import EngineError

PRELOAD = "sweeper.engine.preload"


def warm_up(slots: int) -> None:
    """Start importing what workers need, in the process that they will be forked from; returns at once.

    The libraries read their number of threads as they load, so each slot's share of the cores is set from here on.
    """
    warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)  # it gets a new one
    forkserver.set_forkserver_preload([PRELOAD])
    with _environment(thread_shares(slots)), _deaf_to_ctrl_c():
        forkserver.ensure_running()


class LocalEngine:
    """Executes calls in processes of its own, each with its part of the machine."""

    is_concurrent = True

    def __init__(self, slots: int, setup: Setup, machine: Machine | None = None) -> None:
        if slots < 1:
            raise EngineError(f"--workers {slots}: at least one worker is needed")
        self.slots = slots
        machine = machine or Machine(cores=available_cores())
        self.resources: Mapping[str, float] = machine.resources
        self._placement = Placement(machine, slots)
        warm_up(slots)
        context = multiprocessing.get_context("forkserver")
        self._free = [Slot(context, setup) for _ in range(slots)]
        self._busy: dict[Future[Execution], Slot] = {}
        self._places: dict[Slot, Place] = {}
        devices = () if "gpu" in machine.shared_out else machine.devices
        self._own = {
            slot: {DEVICES_VARIABLE: devices[number % len(devices)]} if devices else {}
            for number, slot in enumerate(self._free)
        }

    def has_room(self, resources: Mapping[str, float]) -> bool:
        """Whether a call that asks for so much can start now."""
        self._collect()
        return bool(self._free) and self._placement.find(resources) is not None

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """Execute a call in a free slot: in one whose process has the environment, if there is one."""
        self._collect()
        place = self._placement.find(resources, [self._places[slot] for slot in self._free if slot in self._places])
        if place is None:
            raise EngineError(f"no room for a task that needs {dict(resources)}")
        shared_out = place.environment
        environments = {slot: self._own[slot] | shared_out for slot in self._free}
        slot = max(self._free, key=lambda slot: slot.readiness(environments[slot]))
        self._free.remove(slot)
        self._placement.take(place)
        self._places[slot] = place
        self._make_way()
        future = slot.run(call, environments[slot])
        self._busy[future] = slot
        return future

    def cancel(self, future: Future[Execution]) -> bool:
        """Kill the process that executes a call, and its children."""
        slot = self._busy.get(future)
        if slot is None or future.done():
            return False
        slot.kill()
        return True

    def close(self) -> None:
        """Kill what runs, and end the processes."""
        slots = [*self._free, *self._busy.values()]
        for slot in slots:
            slot.kill()
        for slot in slots:
            slot.close()
        self._free.clear()
        self._busy.clear()

    def _collect(self) -> None:
        """Take back the slots whose calls are over."""
        for future in [future for future in self._busy if future.done()]:
            slot = self._busy.pop(future)
            self._placement.give_back(self._places[slot])
            self._free.append(slot)

    def _make_way(self) -> None:
        """End what idles and may still keep memory of a device in which others need it."""
        idle = {slot: self._places[slot] for slot in self._free if slot in self._places}
        for slot in self._placement.crowded_out(idle):
            del self._places[slot]
            slot.close()


@contextlib.contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let a process that starts here ignore Ctrl-C, which a terminal sends to it too: the driver decides."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
