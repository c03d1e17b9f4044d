"""Points that wait for another driver: it is at work that they need."""

from __future__ import annotations

import time

import luigi

from sweeper.points import Point
from sweeper.store.base import Store
from sweeper.store.index import Index
from sweeper.store.lease import first_claim
from sweeper.task import key_of

LOOK_SECONDS = 1.0
"""How often it is looked whether the other driver has finished, or is gone."""

LOOK_SHARE = 0.1
"""The share of the time that is spent on looking, at most: a store of many results takes long over it."""


class WaitingRoom:
    """The points that wait, by the task that they wait for."""

    def __init__(self, store: Store, index: Index) -> None:
        self._store = store
        self._index = index
        self._waiting: dict[str, tuple[luigi.Task, list[Point]]] = {}
        self._next_look = 0.0

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def add(self, task: luigi.Task, points: list[Point]) -> None:
        """Let points wait for a task."""
        self._waiting.setdefault(key_of(task), (task, []))[1].extend(points)

    def ready(self, *, is_idle: bool) -> list[Point]:
        """Return the points that wait no longer: their task has a result, or nobody is at it any more.

        Looks once a second, or less often; a caller who has nothing else to do is made to wait a little.
        """
        if not self._waiting:
            return []
        if time.monotonic() < self._next_look:
            if is_idle:
                time.sleep(LOOK_SECONDS / 5)
            return []
        began = time.monotonic()
        self._index.refresh()
        over = [key for key, (task, _) in self._waiting.items() if self._is_over(key, task)]
        ended = time.monotonic()
        self._next_look = max(began + LOOK_SECONDS, ended + (ended - began) / LOOK_SHARE)
        return [point for key in over for point in self._waiting.pop(key)[1]]

    def _is_over(self, key: str, task: luigi.Task) -> bool:
        if task.complete():
            return True
        if first_claim(self._store, key):
            return False
        self._index.look_up(key)  # a refresh goes by the clock of whoever was at it
        return True
