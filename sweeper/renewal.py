"""Results that the present code, or the present sweep, does not take: made again, and superseded by what comes.

A result is never recomputed silently. One reason is always there: a result that lacks a metric of the sweep's, when the
code has changed since. The other is asked for, by ``--rerun-changed``: the result was made by other code, or is older
than one that it was made from.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sweeper.store.base import Store
from sweeper.store.index import Index
from sweeper.store.records import Result
from sweeper.store.tags import Tag
from sweeper.task import MlflowTask, find_result
from sweeper.task.attempt import is_number
from sweeper.task.pipeline import lost_inputs, upstream_first
from sweeper.task.source import source_digest


@dataclass(frozen=True, slots=True)
class Unfit:
    """A result that is not reused, and all runs with its key."""

    task: MlflowTask
    result: Result
    runs: frozenset[str]


def is_of_other_code(task: MlflowTask, result: Result) -> bool:
    """Whether a result was made by other code than its task has now."""
    return result.source != source_digest(type(task))


class Standards:
    """What a result has to be like to be reused by the present code in the present sweep."""

    def __init__(self, index: Index, metrics: Sequence[str], *, rerun_changed: bool) -> None:
        self._index = index
        self._metrics = metrics
        self._rerun_changed = rerun_changed
        self._renewed: set[str] = set()

    def forget_unfit(self, final: MlflowTask) -> dict[str, Unfit]:
        """Forget, to be made again, the results of a final task and what it requires that are not fit; return them."""
        unfit: dict[str, Unfit] = {}
        if self._rerun_changed:
            for task in upstream_first(final):
                if isinstance(task, MlflowTask) and self._is_stale(task):
                    self._forget(task, unfit)
        if not self._is_comparable(final):
            self._forget(final, unfit)
        return unfit

    def _is_stale(self, task: MlflowTask) -> bool:
        """Whether a result was made by other code, or is older than what it was made from."""
        result = find_result(task)
        if result is None or result.key in self._renewed:
            return False
        if is_of_other_code(task, result):
            return True
        for required in task.deps():
            if isinstance(required, MlflowTask):
                upstream = find_result(required)
                if upstream is None or upstream.end_time > result.start_time:
                    return True
        return False

    def _is_comparable(self, final: MlflowTask) -> bool:
        """Whether a result has the sweep's metrics, or would not have them either if it were made again."""
        result = find_result(final)
        return (
            result is None
            or not is_of_other_code(final, result)
            or all(is_number(result.metrics.get(name)) for name in self._metrics)
        )

    def _forget(self, task: MlflowTask, unfit: dict[str, Unfit]) -> None:
        result = find_result(task)
        if result is not None:
            unfit[result.key] = Unfit(task, result, frozenset(self._index.discard(result.key)))
            self._renewed.add(result.key)


class Renewal:
    """Which results are to be made again, and what becomes of those that are not taken."""

    def __init__(self, store: Store, index: Index, metrics: Sequence[str], *, rerun_changed: bool) -> None:
        self._store = store
        self._index = index
        self._standards = Standards(index, metrics, rerun_changed=rerun_changed)
        self._old: dict[str, frozenset[str]] = {}
        self._changed: dict[str, set[str]] = {}
        self._readable: set[str] = set()

    def reusable(self, task: MlflowTask) -> Result | None:
        """Return the result of a final task that may be reused; one that may not is forgotten, to be made again."""
        for key, unfit in self._standards.forget_unfit(task).items():
            self._old[key] = unfit.runs
        result = find_result(task)
        if result is not None:
            self.notice(task, result)
        return result

    def look_after_inputs(self, task: MlflowTask) -> None:
        """See to it that what a task is to read is made again where somebody has deleted it."""
        for _, result in lost_inputs(task, self._readable):
            if result.has_artifacts:
                found = f"found to be gone on {time.strftime('%Y-%m-%d', time.gmtime())}"
                self._store.log(result.run_id, tags={Tag.ARTIFACTS: found})
                self._index.put(replace(result, has_artifacts=False))

    @property
    def changed(self) -> dict[str, int]:
        """How many reused results of each family were made by other code than it has now."""
        return {family: len(runs) for family, runs in self._changed.items()}

    def notice(self, task: MlflowTask, result: Result) -> None:
        """Take note of a result that is reused, if it was made by other code than its task has now."""
        if is_of_other_code(task, result):
            self._changed.setdefault(task.get_task_family(), set()).add(result.run_id)

    def replaced(self, key: str) -> tuple[str, ...]:
        """Return the runs whose results with a key are being made again."""
        return tuple(sorted(self._old.get(key, ())))

    def supersede(self, key: str, result: Result) -> None:
        """Mark the results that another was made anew for."""
        for old in self._old.pop(key, frozenset()) - {result.run_id}:
            self._store.log(old, tags={Tag.SUPERSEDED: result.run_id})
