"""Why work has no result: remembered for a whole run of a sweep, so that nothing is tried twice in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeper.engine.base import Ending, Execution
from sweeper.points import Point
from sweeper.search.base import Outcome, PointState
from sweeper.store.base import Reader
from sweeper.task import key_of
from sweeper.task.attempt import reason_of
from sweeper.task.pipeline import upstream_first

if TYPE_CHECKING:
    import luigi


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a key has no result, and the state in which its points have ended.

    There is no ``key`` where the pipeline of a point could not be built.
    """

    key: str
    family: str
    reason: str
    state: PointState = PointState.FAILED
    run_id: str = ""
    log: str = ""

    @property
    def blocks(self) -> bool:
        """Whether what requires the key cannot run; what was pruned as a point may still be needed to its end."""
        return self.state is not PointState.PRUNED

    def downstream(self) -> Failure:
        """Return the failure as it is told of points that require the key."""
        reason = f"{self.family} failed: {self.reason}" if self.run_id else self.reason
        return replace(self, state=PointState.BLOCKED, reason=reason)

    def outcome(self, point: Point) -> Outcome:
        """Return the end of a point."""
        return Outcome(point, self.state, reason=self.reason, cause=self.key, run_id=self.run_id, log=self.log)


class Failures:
    """The keys that were tried and have no result."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._by_key: dict[str, Failure] = {}

    def add(self, task: luigi.Task, execution: Execution, *, is_final: bool) -> Failure:
        """Remember that a task has no result. Only a point can be pruned: what others require has failed."""
        state = PointState.FAILED
        if execution.ending is Ending.INTERRUPTED:
            state = PointState.INTERRUPTED
        elif execution.ending is Ending.PRUNED and is_final:
            state = PointState.PRUNED
        log = self._reader.run(execution.run_id).log if execution.run_id else ""
        failure = Failure(key_of(task), task.get_task_family(), execution.reason, state, execution.run_id, log)
        self._by_key[failure.key] = failure
        return failure

    def discard(self, key: str) -> None:
        """Forget about a key that has a result now."""
        self._by_key.pop(key, None)

    def of(self, key: str) -> Failure | None:
        """Return why a key has no result, if it was tried."""
        return self._by_key.get(key)

    def upstream_of(self, task: luigi.Task) -> Failure | None:
        """Return why a task cannot run, if something that it requires has failed."""
        if not self._by_key:
            return None
        required = (self._by_key.get(key_of(one)) for one in upstream_first(task)[:-1])
        return next((failure for failure in required if failure and failure.blocks), None)


def absence(task: luigi.Task) -> Failure:
    """Return why a task can never run: something upstream is not there, and nobody makes it."""
    try:
        absent = next(one for one in upstream_first(task) if not one.complete())
    except Exception as error:  # noqa: BLE001 (complete() of a plain Luigi task is the user's)
        return Failure(key_of(task), task.get_task_family(), reason_of(error))
    reason = f"{absent!r:.200} is not there, and it is no task that can be run"
    return Failure(key_of(absent), absent.get_task_family(), reason)
