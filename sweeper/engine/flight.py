"""A task in flight between Luigi's worker and an engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING

from sweeper.engine.base import Ending, Execution, WorkerLost, lineage
from sweeper.errors import EngineError, StoreAway, StoreError
from sweeper.store.unrecorded import ResultKept

if TYPE_CHECKING:
    import luigi

INTERRUPTED = "interrupted"

SetTimeout = Callable[[float | None], None]
"""Is told how many seconds a call may take; None leaves it to the task."""


class Flight:
    """A task in flight, with the interface of Luigi's ``TaskProcess``.

    ``launch`` submits it, ``cancel`` stops it, and ``landed`` is called, in any thread, when it has ended.
    """

    use_multiprocessing = True
    exitcode = None

    def __init__(
        self,
        task: luigi.Task,
        launch: Callable[[luigi.Task, SetTimeout], Future[Execution]],
        cancel: Callable[[Future[Execution]], bool],
        landed: Callable[[Flight], None],
    ) -> None:
        self.task = task
        self.worker_timeout: float | None = None
        self.timeout_time: float | None = None
        self._launch = launch
        self._cancel = cancel
        self._landed = landed
        self._reason = ""
        self._future: Future[Execution] | None = None

    def start(self) -> None:
        """Submit the task."""
        try:
            self._future = self._launch(self.task, self._set_timeout)
        except Exception as error:  # noqa: BLE001 (what cannot be submitted has failed, and its reason is told)
            self._future = Future()
            self._future.set_exception(error)
        # Luigi takes the future's end for the process's: from then on the result waits on the queue
        self._future.add_done_callback(lambda _: self._landed(self))

    def is_alive(self) -> bool:
        """Whether the task runs; Luigi asks before it looks at the time-out."""
        return self._future is not None and not self._future.done()

    def terminate(self) -> None:
        """Stop the task."""
        self._reason = self._reason or INTERRUPTED
        if self._future is not None:
            self._cancel(self._future)

    def expire_if_overdue(self) -> None:
        """Stop the task if its time is over; it counts from when the task is first seen to run."""
        if self._reason or not self.worker_timeout or self._future is None or not self._future.running():
            return
        if self.timeout_time is None:
            self.timeout_time = time.monotonic() + self.worker_timeout
        elif time.monotonic() > self.timeout_time:
            self._reason = f"timed out after {self.worker_timeout:g} s"
            self.terminate()

    def _set_timeout(self, seconds: float | None) -> None:
        own = self.task.worker_timeout
        self.worker_timeout = seconds or own or None

    def execution(self) -> Execution:
        """Return how the task ended. Raises ``StoreError`` or ``EngineError`` where not the task is to blame."""
        assert self._future is not None
        future = self._future
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, WorkerLost):
            return self._cut_short(error)
        if isinstance(error, ResultKept):
            return Execution(Ending.KEPT, reason=str(error), run_id=error.run_id)
        if isinstance(error, StoreAway):
            return Execution(Ending.LOST, reason=str(error))
        if isinstance(error, StoreError | EngineError):
            raise error
        return Execution(Ending.FAILED, reason=f"{type(error).__name__}: {error}")

    def _cut_short(self, lost: WorkerLost) -> Execution:
        """Return how a task ended whose worker is gone: stopped on purpose, out of time, or lost."""
        if self._reason == INTERRUPTED:
            return Execution(Ending.INTERRUPTED, reason=INTERRUPTED)
        if self._reason:
            return Execution(Ending.FAILED, reason=self._reason, raised=lineage(TimeoutError))
        return Execution(Ending.LOST, reason=str(lost))
