"""Work that has failed and is to be tried again: when, how often still, and the points that wait for it.

A failure of the task's own and the loss of its worker are counted apart. Nobody sleeps for a retry: its points leave
the window, so that others come in, and come back when it is due.
"""

from __future__ import annotations

import heapq
import random
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import luigi

from sweeper.engine.base import Ending, Execution
from sweeper.points import Point
from sweeper.spec import Spec
from sweeper.spec.retry import Retry
from sweeper.store.records import after
from sweeper.task import key_of
from sweeper.task.pipeline import upstream_first

JITTER = 0.25
"""By how much of itself a delay is longer at most: what failed together is not tried again together."""

PAUSE_SECONDS = 0.2
"""How long nothing else is looked at, at most: a request to stop must not wait."""

MOST_WAITING = 10_000
"""Points that wait, at most, before no more are asked for."""


@dataclass(slots=True)
class _Tried:
    """How often a key failed, by whose fault, and the points that wait for the next attempt."""

    failed: int = 0
    lost: int = 0
    is_waiting: bool = False
    points: list[Point] = field(default_factory=list)

    @property
    def number(self) -> int:
        """How many attempts there were."""
        return self.failed + self.lost


class Retries:
    """The keys that failed in this run of a sweep and may be tried again."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._tried: dict[str, _Tried] = {}
        self._due: list[tuple[float, str]] = []
        self._ready: deque[Point] = deque()
        self._waiting = 0
        self._random = random.Random()  # noqa: S311 (it spreads retries, and guards nothing)

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not (self._due or self._ready)

    @property
    def is_full(self) -> bool:
        """Whether so many points wait that no more should come."""
        return self._waiting >= MOST_WAITING

    @property
    def seconds_left(self) -> float:
        """How long until the next attempt is due; infinite if none waits."""
        return max(self._due[0][0] - time.monotonic(), 0.0) if self._due else float("inf")

    def attempt(self, key: str) -> int:
        """Return the number of the attempt at a key that is next, or under way: from 1."""
        return self._tried[key].number + 1 if key in self._tried else 1

    def take(self, task: luigi.Task, execution: Execution) -> str:
        """Let a task that has failed wait for its next attempt; return what is to be said of it, '' if there is none.

        A twin of a task that waits already waits with it.
        """
        key, retry = key_of(task), self._retry_of(task)
        tried = self._tried.get(key, _Tried())
        if tried.is_waiting:
            return "its twin waits already"
        is_lost = execution.ending is Ending.LOST
        if not is_lost and not (execution.ending is Ending.FAILED and retry.covers(execution.raised)):
            return ""
        left = retry.lost - tried.lost if is_lost else retry.attempts - tried.failed - 1
        if left <= 0:
            return ""
        tried.lost += is_lost
        tried.failed += not is_lost
        tried.is_waiting = True
        self._tried[key] = tried
        seconds = retry.seconds_after(tried.number) * (1 + JITTER * self._random.random())
        heapq.heappush(self._due, (time.monotonic() + seconds, key))
        when = f"in {seconds:.0f} s" if seconds >= 1 else "now"
        return f"trying again {when}, attempt {tried.number + 1} of {tried.number + left}"

    def joins(self, task: luigi.Task, point: Point) -> bool:
        """Let a point wait if its task, or something that it requires, waits for another attempt; False if not."""
        keys = map(key_of, upstream_first(task)) if self._due else ()
        waiting = next(filter(self._is_waiting, keys), None)
        if waiting is not None:
            self.add(waiting, [point])
        return waiting is not None

    def add(self, key: str, points: Iterable[Point]) -> None:
        """Let points wait for the next attempt at a key that waits for one."""
        held = self._tried[key].points
        before = len(held)
        held.extend(points)
        self._waiting += len(held) - before

    def pop(self) -> Point | None:
        """Return a point whose wait is over, None if there is none."""
        while self._due and self._due[0][0] <= time.monotonic():
            tried = self._tried[heapq.heappop(self._due)[1]]
            self._ready.extend(tried.points)
            tried.is_waiting, tried.points = False, []
        if not self._ready:
            return None
        self._waiting -= 1
        return self._ready.popleft()

    def pause(self) -> None:
        """Wait a little for the next attempt, if there is one: for a caller who has nothing else to do."""
        if self._due:
            time.sleep(min(self.seconds_left, PAUSE_SECONDS))

    def conclude(self, key: str, execution: Execution) -> Execution:
        """Forget about a key; return how it ended, as it is told: a failure with the number of attempts."""
        attempts = self.attempt(key)
        self._tried.pop(key, None)
        if execution.ending.is_success:
            return execution
        return replace(execution, reason=after(execution.reason, attempts))

    def _retry_of(self, task: luigi.Task) -> Retry:
        return self._spec.retries.get(task.get_task_family(), self._spec.retry)

    def _is_waiting(self, key: str) -> bool:
        return key in self._tried and self._tried[key].is_waiting
