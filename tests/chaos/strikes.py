"""Kills at random moments: what is killed, when, and what is to become of the sweep."""

from __future__ import annotations

import contextlib
import enum
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.chaos.arena import Arena, Driver, wait_until

LAST_SECONDS = 0.3
"""How long after its last task a sweep may still be at something."""

STUTTER_SECONDS = 0.05
"""How long after an entry of the ledger a kill may come."""


class Target(enum.StrEnum):
    """What is killed, and how."""

    DRIVER = "the driver, kill -9"
    WORKER = "a worker, kill -9"
    KEEPER = "the process that watches over a worker, kill -9"
    ALL = "the driver and all its workers at once, kill -9"
    SERVER = "the process that workers are forked from, kill -9"
    TERM = "the driver, SIGTERM"
    HANG_UP = "the driver, SIGHUP"


ENDS_BY = {
    Target.DRIVER: {0, -signal.SIGKILL},
    Target.ALL: {0, -signal.SIGKILL},
    Target.WORKER: {0, 1},
    Target.KEEPER: {0, 1},
    Target.SERVER: {0, 1},
    Target.TERM: {0, 130, -signal.SIGTERM},
    Target.HANG_UP: {0, 130, -signal.SIGHUP},
}
"""The exit codes that a driver may end with, where it was alive when it was hit."""

SUDDEN = {Target.DRIVER, Target.ALL, Target.SERVER}
"""After these Python itself may complain, in a process that was just starting."""


@dataclass(frozen=True, slots=True)
class Siege:
    """How a sweep is to be killed again and again.

    ``tasks`` is how many it has, and ``start_seconds`` how long a driver takes until the first of them.
    """

    start: Callable[[], Driver]
    targets: Sequence[Target]
    tasks: int
    start_seconds: float

    def lay(self, arena: Arena, rng: random.Random, kills: int) -> Counter[Target]:
        """Run a sweep and kill it, up to ``kills`` times or until it is done; then let it end. Return what was hit."""
        hit: Counter[Target] = Counter()
        for _ in range(kills):
            driver = self.start()
            target = rng.choice(self.targets)
            self._await_moment(arena, driver, rng)
            was_hit = strike(driver, target, rng)
            code = driver.wait()
            wait_until(lambda driver=driver: not driver.has_orphans, "the workers have ended with their driver")
            hit[target] += was_hit
            expected = ENDS_BY[target] if was_hit else {0, 1}
            assert code in expected, f"exit code {code} after {target}\n{arena.output}"
            if target not in SUDDEN:
                assert "Traceback (most recent call last)" not in arena.output, f"after {target}\n{arena.output}"
            if code == 0:
                break
        arena.finish(self.start)
        return hit

    def _await_moment(self, arena: Arena, driver: Driver, rng: random.Random) -> None:
        """Wait for a moment of the driver's life: before its first task, between two entries, or after the last."""
        before = len(arena.ledger)
        left = 2 * (self.tasks - len({task for event, task, _ in arena.ledger if event == "done"}))
        kind = rng.random()
        if kind < 0.2 or left <= 0:
            time.sleep(rng.uniform(0, self.start_seconds))
            return
        entries = left if kind > 0.85 else rng.randint(1, left)
        while driver.is_alive and len(arena.ledger) - before < entries:
            time.sleep(0.001)
        time.sleep(rng.uniform(0, LAST_SECONDS if entries == left else STUTTER_SECONDS))


def strike(driver: Driver, target: Target, rng: random.Random) -> bool:
    """Send a signal to a target; return whether there was one."""
    number = {Target.TERM: signal.SIGTERM, Target.HANG_UP: signal.SIGHUP}.get(target, signal.SIGKILL)
    if not driver.is_alive:
        return False
    match target:
        case Target.ALL:
            return _strike_all(driver)
        case Target.WORKER | Target.KEEPER:
            victims = driver.workers if target is Target.WORKER else driver.keepers
            return bool(victims) and _send(rng.choice(victims), number)
        case Target.SERVER:
            server = driver.server
            return server is not None and _send(server, number)
        case _:
            return _send(driver.pid, number)


def _strike_all(driver: Driver) -> bool:
    """Kill a process group at one stroke, and all that is not in it."""
    others = [*driver.keepers, *driver.workers]
    with contextlib.suppress(ProcessLookupError):
        os.killpg(driver.pid, signal.SIGKILL)
    for other in (driver.pid, *others):  # a fork that has just begun is in no group of its own yet
        _send(other, signal.SIGKILL)
    return True


def _send(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
