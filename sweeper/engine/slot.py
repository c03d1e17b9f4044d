"""A slot: a process in which calls are executed, one at a time, and its successors."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path

from sweeper.engine import process
from sweeper.engine.base import Execution, TaskCall, WorkerLost

CLOSING_SECONDS = 10.0
"""How long a process is waited for that is about to end."""


class Slot:
    """A process behind an executor of its own, and its successors.

    The process starts with the first call: a sweep that finds all its results need not wait for any.
    """

    def __init__(self, context: BaseContext, setup: process.Setup) -> None:
        self._context = context
        self._setup = setup
        self._environment: Mapping[str, str] = {}
        self._executor: ProcessPoolExecutor | None = None
        self._worker: BaseProcess | None = None
        self._killed_for_memory = 0
        self._is_spent = False

    def readiness(self, environment: Mapping[str, str]) -> int:
        """Return how well it suits a call with an environment: 2 if its process has that, 1 if there is none yet."""
        return 1 if self._executor is None else 2 * (self._environment == environment)

    def run(self, call: TaskCall, environment: Mapping[str, str] | None = None) -> Future[Execution]:
        """Execute a call; the future says how the process went if it went.

        A process has its environment from its start on: one that has another is replaced.
        """
        if self.readiness(environment or {}) == 0:
            self.close()
        self._environment = environment or {}
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
            self._executor = None

    def _submit(self, call: TaskCall) -> Future[process.Return]:
        if self._executor is not None:
            with contextlib.suppress(BrokenProcessPool):  # it died idle, or with the call before
                if not self._is_spent:
                    return self._executor.submit(process.run, call)
            self._executor.shutdown(wait=False)
        self._is_spent = False
        self._killed_for_memory = killed_for_memory()
        setup = replace(self._setup, environment={**self._setup.environment, **self._environment})
        self._executor = ProcessPoolExecutor(1, self._context, process.start, (setup,))
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
    if code != -signal.SIGKILL:
        return f"the worker process was killed by {_name_of(-code)}"
    hint = ": out of memory" if killed_for_memory() > killed_before else "; out of memory?"
    return f"the worker process was killed by SIGKILL{hint}"


def _name_of(number: int) -> str:
    """Return a signal's name; most of the real-time signals have none."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
