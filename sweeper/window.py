"""The window: the final instances that Luigi holds now, and the points that each stands for.

It is bounded, because Luigi's scheduler scans all that it holds at each decision.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import luigi

from sweeper.engine.worker import SchedulingWorker
from sweeper.points import Point
from sweeper.task import MlflowTask, key_of

AHEAD = 128
"""Instances held beyond the number of slots, at most, while no slot is short of work."""

MOST_HELD = 1024
"""Instances held at once, at most, while slots are free and what is held lacks a resource."""


@dataclass(frozen=True, slots=True)
class Held:
    """A final instance in the window; several points may bind it."""

    task: MlflowTask
    key: str
    points: list[Point]


class Window:
    """Up to ``size()`` final instances, more while those that are held leave slots free for want of a resource.

    While no slot is short of work, only some more than there are slots: a decision costs less the fewer wait for it.
    What leaves is forgotten by Luigi, with all that nothing else here requires.
    """

    def __init__(self, worker: SchedulingWorker, size: Callable[[], int]) -> None:
        self._worker = worker
        self._size = size
        self._held: dict[str, Held] = {}

    @property
    def has_room(self) -> bool:
        """Whether another instance may come in."""
        return len(self._held) < self._most()

    @property
    def is_empty(self) -> bool:
        """Whether nothing is held."""
        return not self._held

    def points(self, task: luigi.Task) -> list[Point]:
        """Return the points that a task is the final instance of; none for one that is only required."""
        held = self._held.get(key_of(task))
        return held.points if held else []

    def join(self, key: str, point: Point) -> bool:
        """Let an instance that is held already stand for one more point; False if none with the key is held."""
        if key not in self._held:
            return False
        self._held[key].points.append(point)
        return True

    def hold(self, task: MlflowTask, key: str, point: Point, group: Hashable = None) -> None:
        """Take in the final instance of a point, one of a group. Raises ``TaskError`` if it could never run."""
        self._worker.hold(task, group)
        self._held[key] = Held(task, key, [point])

    def release(self, key: str) -> Held | None:
        """Let go of the instance with a key, if it is held."""
        held = self._held.pop(key, None)
        if held:
            self._worker.forget(held.task)
        return held

    def release_requiring(self, task: luigi.Task) -> list[Held]:
        """Let go of every instance that is a task, or requires it."""
        released = [self.release(key_of(final)) for final in self._worker.waiting_for(task)]
        return [held for held in released if held]

    def release_all(self) -> list[Held]:
        """Let go of everything."""
        released = [self.release(key) for key in list(self._held)]
        return [held for held in released if held]

    def _most(self) -> int:
        """Return how many instances may be held now: many where a slot has nothing to do, else few."""
        if self._worker.is_held_back:
            return max(MOST_HELD, self._size())
        return self._size() if self._worker.is_short else min(self._size(), self._worker.worker_processes + AHEAD)
