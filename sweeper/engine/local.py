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
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from sweeper.engine import process
from sweeper.engine.base import Execution, TaskCall, WorkerLost
from sweeper.errors import EngineError

PRELOAD = "sweeper.engine.preload"
CLOSING_SECONDS = 10.0
"""How long a process is waited for that is about to end."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def warm_up(slots: int) -> None:
    """Start importing what workers need, in the process that they will be forked from; returns at once.

    The libraries read their number of threads as they load, so each slot's share of the cores is set from here on.
    """
    warnings.filterwarnings("ignore", "resource_tracker: process died unexpectedly", UserWarning)  # it gets a new one
    forkserver.set_forkserver_preload([PRELOAD])
    with _environment(thread_shares(slots)), _deaf_to_ctrl_c():
        forkserver.ensure_running()


def thread_shares(slots: int) -> dict[str, str]:
    """Return the variables that give each slot its share of the cores; what the user has set is left alone."""
    share = str(max(1, len(os.sched_getaffinity(0)) // slots))
    return {name: share for name in THREAD_VARIABLES if name not in os.environ}


class LocalEngine:
    """Executes calls in processes of its own."""

    is_concurrent = True

    def __init__(self, slots: int, setup: process.Setup) -> None:
        if slots < 1:
            raise EngineError(f"--workers {slots}: at least one worker is needed")
        self.slots = slots
        self.resources: Mapping[str, float] = {}
        warm_up(slots)
        context = multiprocessing.get_context("forkserver")
        self._free = [_Slot(context, setup) for _ in range(slots)]
        self._busy: dict[Future[Execution], _Slot] = {}

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:  # noqa: ARG002
        """Execute a call in a free slot."""
        self._collect()
        slot = self._free.pop()
        future = slot.run(call)
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
            self._free.append(self._busy.pop(future))


class _Slot:
    """A process behind an executor of its own, and its successors.

    The process starts with the first call: a sweep that finds all its results need not wait for any.
    """

    def __init__(self, context: BaseContext, setup: process.Setup) -> None:
        self._context = context
        self._setup = setup
        self._executor: ProcessPoolExecutor | None = None
        self._worker: BaseProcess | None = None
        self._killed_for_memory = 0
        self._is_spent = False

    def run(self, call: TaskCall) -> Future[Execution]:
        """Execute a call; the future says how the process went if it went."""
        inner = self._submit(call)
        outer: Future[Execution] = Future()
        outer.set_running_or_notify_cancel()
        worker = self._worker
        assert worker is not None

        def settle(done: Future[process.Return]) -> None:
            error = done.exception()
            if isinstance(error, BrokenProcessPool):
                outer.set_exception(WorkerLost(_how_it_went(worker, self._killed_for_memory)))
            elif error is not None:
                outer.set_exception(error)
            else:
                if done.result().is_spent:
                    self._is_spent = True
                    self.kill()
                outer.set_result(done.result().execution)

        inner.add_done_callback(settle)
        return outer

    def kill(self) -> None:
        """Have the process and all that descends from it killed: its keeper does that."""
        if self._worker is not None and self._worker.pid is not None and self._worker.is_alive():
            with contextlib.suppress(ProcessLookupError):  # another thread has found it ended just now
                os.kill(self._worker.pid, signal.SIGTERM)

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self.kill()
        if self._worker is not None:
            self._worker.join(CLOSING_SECONDS)
            if self._worker.is_alive():  # somebody has stopped its keeper
                self._worker.kill()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)

    def _submit(self, call: TaskCall) -> Future[process.Return]:
        if self._executor is not None:
            with contextlib.suppress(BrokenProcessPool):  # it died idle, or with the call before
                if not self._is_spent:
                    return self._executor.submit(process.run, call)
            self._executor.shutdown(wait=False)
        self._is_spent = False
        self._killed_for_memory = killed_for_memory()
        self._executor = ProcessPoolExecutor(1, self._context, process.start, (self._setup,))
        future = self._executor.submit(process.run, call)
        (self._worker,) = self._executor._processes.values()  # noqa: SLF001 (the only way to its pid and exit code)
        return future


def killed_for_memory() -> int:
    """Return how many processes this machine has killed for want of memory since it started; 0 if it does not say."""
    with contextlib.suppress(OSError):
        counters = dict(line.split() for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines())
        return int(counters.get("oom_kill", 0))
    return 0


def _how_it_went(worker: BaseProcess, killed_before: int) -> str:
    """Return how a worker ended, of which so many processes had been killed for want of memory at its start."""
    worker.join(timeout=CLOSING_SECONDS)
    code = worker.exitcode
    if code is None or code >= 0:
        return f"the worker process ended with exit code {code}"
    name = signal.Signals(-code).name
    if name != "SIGKILL":
        return f"the worker process was killed by {name}"
    hint = ": out of memory" if killed_for_memory() > killed_before else "; out of memory?"
    return f"the worker process was killed by {name}{hint}"


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
