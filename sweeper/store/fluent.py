"""MLflow's fluent calls, and autologging, inside a task: they go to the task's run, and to nothing else.

MLflow resumes the run that ``MLFLOW_RUN_ID`` names when a fluent call finds no active run, and forgets the variable as
it does. That costs nothing when it is not used. A block that would end the run early (``with mlflow.start_run():``,
or autologging after a fit) leaves it RUNNING, and the next call resumes it.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient, fluent

from sweeper.store.client import asked_once, may_pass

_RUN_VARIABLE = "MLFLOW_RUN_ID"


def chosen_uri() -> str | None:
    """Return the tracking URI that this process has set with ``mlflow.set_tracking_uri``, or None."""
    return mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None


def choose(uri: str) -> None:
    """Send the fluent calls of this process to a store, as long as nobody says otherwise."""
    mlflow.set_tracking_uri(uri)


def is_store_away(error: BaseException) -> bool:
    """Whether a task was stopped by a call of its own to a store that does not answer."""
    return isinstance(error, MlflowException) and may_pass(error)


@contextlib.contextmanager
def adopted(run_id: str, uri: str) -> Iterator[None]:
    """Send the fluent calls of this thread to a run while the context lasts, and leave no trace afterwards."""
    variable_before = os.environ.get(_RUN_VARIABLE)
    tracking_before = chosen_uri()
    mlflow.set_tracking_uri(uri)
    original = fluent.end_run
    with _nothing_active():
        _replace_end_run(_sparing(original, run_id))
        os.environ[_RUN_VARIABLE] = run_id
        try:
            yield
        finally:
            while mlflow.active_run() is not None:
                with asked_once(), contextlib.suppress(MlflowException):  # the task's own last word is still to come
                    mlflow.end_run()
            _replace_end_run(original)
            os.environ.pop(_RUN_VARIABLE, None)
            if variable_before is not None:
                os.environ[_RUN_VARIABLE] = variable_before
            mlflow.set_tracking_uri(tracking_before)  # type: ignore[arg-type]  # None: as if it was never set


@contextlib.contextmanager
def _nothing_active() -> Iterator[None]:
    """Hide the runs and the experiment that this thread's caller has active, and give them back afterwards.

    MLflow has no public way to do either without ending a run.
    """
    stack = fluent._active_run_stack.get()  # noqa: SLF001
    runs, experiment = list(stack), fluent._active_experiment_id  # noqa: SLF001
    stack.clear()
    fluent._active_experiment_id = None  # noqa: SLF001
    try:
        yield
    finally:
        stack[:] = runs
        fluent._active_experiment_id = experiment  # noqa: SLF001


def _sparing(end_run: Callable[..., None], run_id: str) -> Callable[..., None]:
    """Return an ``end_run`` that does not end the task's run: the task's last word is its own.

    Nor is the run FINISHED for a moment: a process that is killed then would leave it so.
    """

    def spare(*args: Any, **kwargs: Any) -> None:
        client = fluent.MlflowClient  # type: ignore[attr-defined]
        fluent.MlflowClient = functools.partial(_Sparing, run_id)  # type: ignore[attr-defined, assignment]
        try:
            end_run(*args, **kwargs)
        finally:
            fluent.MlflowClient = client  # type: ignore[attr-defined]
        if mlflow.active_run() is None:
            os.environ[_RUN_VARIABLE] = run_id

    return spare


class _Sparing(MlflowClient):
    """A client that ends any run but one."""

    def __init__(self, spared: str) -> None:
        super().__init__()
        self._spared = spared

    def set_terminated(self, run_id: str, *args: Any, **kwargs: Any) -> None:
        """End a run."""
        if run_id != self._spared:
            super().set_terminated(run_id, *args, **kwargs)


def _replace_end_run(function: Callable[..., None]) -> None:
    mlflow.end_run = function
    fluent.end_run = function
