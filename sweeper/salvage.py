"""Executions that could not come to their end where they ran: brought to it by the driver."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from sweeper.engine.base import Ending, Execution
from sweeper.errors import StoreAway
from sweeper.store.lease import close_lost
from sweeper.store.records import Result, RunStatus
from sweeper.store.unrecorded import kept
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.late import record_late

if TYPE_CHECKING:
    import luigi

    from sweeper.store.api import ApiStore
    from sweeper.store.index import Index


class Salvage:
    """What a driver closes and records in place of workers that are lost, or that the store did not answer."""

    def __init__(self, store: ApiStore, index: Index, driver: str) -> None:
        self._store = store
        self._index = index
        self._driver = driver

    def concluded(self, task: luigi.Task, execution: Execution) -> Execution:
        """Return how a task ended in truth: a worker that is lost, or that the store did not answer, may have finished.

        Raises ``StoreAway`` for a result that nobody can record.
        """
        if execution.ending is Ending.KEPT:
            return self._recorded(key_of(task), execution)
        return execution if execution.ending.is_success else self._closed(task, execution)

    def _recorded(self, key: str, execution: Execution) -> Execution:
        """Return the success of a task whose result a worker could not record."""
        record_late(self._store)
        result = self._index.look_up(key)
        if result is None:
            raise StoreAway(execution.reason)
        return _success(result)

    def _closed(self, task: luigi.Task, execution: Execution) -> Execution:
        """Return a failure with its run closed: a lost worker could not do so itself, unless it was done already."""
        if execution.run_id:
            return execution
        is_cut = execution.ending is Ending.INTERRUPTED
        status = RunStatus.KILLED if is_cut else RunStatus.FAILED
        run_id = close_lost(self._store, key_of(task), self._driver, execution.reason, status)
        if not run_id and isinstance(task, MlflowTask):
            self._index.look_up(key_of(task))
            result = find_result(task) if task.complete() else None
            if result is not None:
                return _success(result)
        return replace(execution, run_id=run_id)

    def abandon(self, tasks: Iterable[luigi.Task]) -> None:
        """Close the runs of tasks that were stopped; who does not wait for a store wants no more of it."""
        self._store.patience.end()
        for task in tasks:
            close_lost(self._store, key_of(task), self._driver, "interrupted", RunStatus.KILLED)

    def outlook(self) -> str:
        """Return what becomes of the results that the store has not got, as words behind a complaint; '' for none."""
        number = sum(1 for _ in kept(self._store.uri))
        results = "1 result is" if number == 1 else f"{number} results are"
        return f"; {results} kept on this machine, and recorded by the next run" if number else ""


def _success(result: Result) -> Execution:
    return Execution(Ending.DONE, result, run_id=result.run_id)
