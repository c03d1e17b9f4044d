"""Luigi's scheduler, told from outside what there is room for and what is urgent."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from luigi.scheduler import Scheduler
from luigi.task_status import RUNNING

from sweeper.engine.machine import TOLERANCE

LAST = (-math.inf,)
"""The rank of what runs already."""


class ResourceScheduler(Scheduler):
    """Gives out whatever fits, the most urgent first; it never tries again by itself.

    ``limits`` are the totals of what is counted here, by name; of all else that a task asks for ``has_room`` tells
    whether it is free now. ``urgency`` ranks tasks by their ids where Luigi's own priority does not: the higher the
    sooner.

    Luigi's own keeps what is free for tasks of a higher rank that lack something else. Here they lose it to what can
    start: no worker idles while something fits.
    """

    def __init__(
        self,
        limits: Mapping[str, float],
        has_room: Callable[[Mapping[str, float]], bool],
        urgency: Callable[[str], tuple[int, int]],
    ) -> None:
        super().__init__(resources=dict(limits), retry_delay=-1)
        self.was_short = False
        self._limits = limits
        self._has_room = has_room
        self._urgency = urgency
        self._used: Mapping[str, float] = {}
        self._room: dict[frozenset[tuple[str, float]], bool] = {}

    def get_work(self, **kwargs: Any) -> Any:
        """Return what may start; ``was_short`` then says whether something lacked a resource."""
        self.was_short = False
        self._used = {}
        self._room = {}  # of one decision: nothing starts meanwhile, and many tasks ask for the same
        return super().get_work(**{**kwargs, "current_tasks": None})  # no answer is lost on the way to this process

    def count_pending(self, worker: str) -> dict[str, Any]:
        """Return what an answer says beside the task: Luigi counts all that is held, and here nobody asks."""
        return {
            "n_pending_tasks": 0,
            "n_unique_pending": 0,
            "n_pending_last_scheduled": 0,
            "worker_state": self._state.get_worker(worker).state,
            "running_tasks": [],
        }

    def _used_resources(self) -> Any:
        self._used = super()._used_resources()
        return self._used

    def _has_resources(self, needed_resources: Mapping[str, float], used_resources: Any) -> bool:  # noqa: ARG002
        counted = needed_resources.keys() & self._limits.keys()
        has = all(
            self._used.get(name, 0) + needed_resources[name] <= self._limits[name] + TOLERANCE for name in counted
        ) and self._is_room_for(needed_resources)
        self.was_short = self.was_short or not has
        return has

    def _is_room_for(self, needed: Mapping[str, float]) -> bool:
        asked = frozenset(needed.items())
        if asked not in self._room:
            self._room[asked] = self._has_room(needed)
        return self._room[asked]

    def _rank(self, task: Any) -> tuple[Any, ...]:
        return LAST if task.status == RUNNING else (task.priority, *self._urgency(task.id), -task.time)
