"""The engine in this process: for debugging, and for most tests."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future

from sweeper.engine.base import Execution, TaskCall
from sweeper.engine.execute import execute


class InlineEngine:
    """Executes a call as it is submitted. Time-outs cannot be kept here: nothing is left to stop the task."""

    slots = 1
    is_concurrent = False
    resources: Mapping[str, float] = {}

    def __init__(self, *, debug: bool = False) -> None:
        self._debug = debug

    def has_room(self, resources: Mapping[str, float]) -> bool:  # noqa: ARG002
        """Return True: one call at a time has all there is."""
        return True

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:  # noqa: ARG002
        """Execute a call and return its ended future."""
        future: Future[Execution] = Future()
        try:
            future.set_result(execute(call, debug=self._debug))
        except Exception as error:  # noqa: BLE001 (a future holds it, as from any other engine)
            future.set_exception(error)
        return future

    def cancel(self, future: Future[Execution]) -> bool:  # noqa: ARG002
        """Return False: a call is over when ``submit`` returns."""
        return False

    def close(self) -> None:
        """Do nothing."""
