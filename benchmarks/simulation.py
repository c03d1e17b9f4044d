"""A sweep on paper: slots that ask one driver for tasks, a store that serves them, workers that are lost.

A task takes, one after the other: a decision of the driver, which makes one at a time; the store's work before its
body; the body; the store's work after it. The store does so many things at a time; who comes while all are busy waits
in line. A worker that is lost comes back later, and its task begins anew.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

Body = Callable[[random.Random], float]
"""Draws how many seconds a task's own work takes."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a sweep runs on. Times are in seconds.

    ``decision`` is the driver's time for a task, from its predecessor's end to its own start; ``before`` and ``after``
    are the store's around the body, which ``servers`` of it spend at a time; ``start`` is what a slot's first task
    costs beyond the others, spent in the store's servers too. ``between_losses`` is the mean time between two losses
    of one slot, exponential; ``recovery`` is how long a lost slot is away.
    """

    slots: int
    decision: float = 0.0
    before: float = 0.0
    after: float = 0.0
    servers: int = 1
    start: float = 0.0
    between_losses: float = math.inf
    recovery: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """How a sweep went: ``useful`` are the slot-seconds of bodies that ended, ``wasted`` of those that were lost."""

    tasks: int
    makespan: float
    attempts: int
    lost: int
    useful: float
    wasted: float
    driver_seconds: float
    store_seconds: float

    @property
    def rate(self) -> float:
        """Tasks a second."""
        return self.tasks / self.makespan

    def utilisation(self, slots: int) -> float:
        """Return the share of the slots' time that bodies fill which ended."""
        return self.useful / (slots * self.makespan)


class _Station:
    """Servers with one line before them, first come, first served; it must be asked in the order of time."""

    def __init__(self, servers: int) -> None:
        self._free_at = [0.0] * servers
        self.busy = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """Return when somebody is done who comes now and takes so long."""
        begins = max(now, self._free_at[0])
        heapq.heapreplace(self._free_at, begins + seconds)
        self.busy += seconds
        return begins + seconds


class _Sweep:
    """One sweep on its way: what is done as things happen, in the order of time."""

    def __init__(self, cluster: Cluster, tasks: int, body: Body, seed: int) -> None:
        self._cluster = cluster
        self._body = body
        self._draw = random.Random(seed)  # noqa: S311 (nothing secret is drawn)
        self._driver, self._store = _Station(1), _Station(cluster.servers)
        self._events: list[_Event] = []
        self._waiting = self._tasks = tasks
        self._idle: list[int] = []
        self._fresh = set(range(cluster.slots))
        self._attempts = self._lost = 0
        self._makespan = self._useful = self._wasted = 0.0

    def run(self) -> Course:
        for slot in range(self._cluster.slots):
            self._free(0.0, slot)
        while self._events:
            now, slot, event, length = heapq.heappop(self._events)
            event(self, now, slot, length)
        return Course(
            tasks=self._tasks,
            makespan=self._makespan,
            attempts=self._attempts,
            lost=self._lost,
            useful=self._useful,
            wasted=self._wasted,
            driver_seconds=self._driver.busy,
            store_seconds=self._store.busy,
        )

    def _at(
        self, when: float, slot: int, event: Callable[[_Sweep, float, int, float], None], length: float = 0
    ) -> None:
        heapq.heappush(self._events, _Event(when, slot, event, length))

    def _free(self, now: float, slot: int, _: float = 0) -> None:
        if not self._waiting:
            self._idle.append(slot)
            return
        self._waiting -= 1
        self._at(self._driver.serve(now, self._cluster.decision), slot, _Sweep._decided)

    def _decided(self, now: float, slot: int, _: float) -> None:
        self._attempts += 1
        start = self._cluster.start if slot in self._fresh else 0.0
        self._fresh.discard(slot)
        self._at(self._store.serve(now, start + self._cluster.before), slot, _Sweep._begun)

    def _begun(self, now: float, slot: int, _: float) -> None:
        length, between = self._body(self._draw), self._cluster.between_losses
        life = math.inf if math.isinf(between) else self._draw.expovariate(1 / between)
        self._at(now + min(length, life), slot, _Sweep._ended if length <= life else _Sweep._gone, min(length, life))

    def _ended(self, now: float, slot: int, length: float) -> None:
        self._useful += length
        recorded = self._store.serve(now, self._cluster.after)
        self._makespan = max(self._makespan, recorded)
        self._at(recorded, slot, _Sweep._free)

    def _gone(self, now: float, slot: int, length: float) -> None:
        self._lost += 1
        self._wasted += length
        self._waiting += 1
        self._fresh.add(slot)
        self._at(now + self._cluster.recovery, slot, _Sweep._free)
        if self._idle:
            self._free(now, self._idle.pop())


class _Event(NamedTuple):
    when: float
    slot: int
    what: Callable[[_Sweep, float, int, float], None]
    length: float

    def __lt__(self, other: tuple[Any, ...]) -> bool:
        return self[:2] < other[:2]


def simulate(cluster: Cluster, tasks: int, body: Body, *, seed: int = 0) -> Course:
    """Return how so many tasks go on a cluster; ``body`` draws how many seconds each takes."""
    return _Sweep(cluster, tasks, body, seed).run()


def steady(seconds: float) -> Body:
    """Return what draws the same length for each body."""
    return lambda _: seconds


def varied(seconds: float, spread: float) -> Body:
    """Return what draws lengths around a mean, evenly from ``1 - spread`` to ``1 + spread`` times as long."""
    return lambda draw: seconds * draw.uniform(1 - spread, 1 + spread)
