"""Drivers that start at the same instant on an empty folder: each piece of work is done once, and all of them end."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.chaos.arena import Arena, Driver, wait_until
from tests.chaos.conftest import MakeArena, Uninterrupted
from tests.chaos.evidence import check
from tests.chaos.fuse import Fuse, steps_of
from tests.chaos.scale import at_scale
from tests.chaos.strikes import Target, strike
from tests.chaos.sweeps import GRID_TASKS
from tests.chaos.tally import Tally

ROUNDS = at_scale(1, 10)


def start_at_once(arena: Arena, names: Sequence[str]) -> list[Driver]:
    """Start a driver for each sweep; none goes on before all are there."""
    go = arena.folder / "go"

    def wait_for_go() -> None:
        wait_until(go.exists, "the others are there")
        Fuse(arena.folder, 0).light()

    drivers = [arena.fork(name, workers=1, before=wait_for_go) for name in names]
    time.sleep(0.1)
    go.touch()
    return drivers


@pytest.mark.parametrize("names", [("grid", "grid"), ("grid", "other")], ids="-".join)
def test_at_the_same_instant(names: tuple[str, str], arena: MakeArena, uninterrupted: Uninterrupted, tally: Tally):
    for number in range(ROUNDS):
        is_bare = names == ("grid", "grid") and number % 4 == 0
        field = arena(is_bare=is_bare)
        codes = [driver.wait() for driver in start_at_once(field, names)]
        assert codes == [0, 0], field.output
        for name in {*names}:
            check(field, name, uninterrupted(name), tally)
        assert _computed_more_than_once(field) == {}, field.output
        made = [step for step in steps_of(field.folder) if step.startswith("os.rename") and step.endswith(" mlflow.db")]
        assert len(made) == is_bare, made
        tally.faults("drivers started at the same instant", len(names))


def test_those_that_are_left_take_over(
    arena: MakeArena, uninterrupted: Uninterrupted, rng: random.Random, tally: Tally
):
    for _ in range(ROUNDS):
        field = arena()
        was_hit = _kill_one_of_three(field, rng)
        for name in ("grid", "other"):
            check(field, name, uninterrupted(name), tally)
        assert sum(_computed_more_than_once(field).values()) <= was_hit, field.output
        tally.kills("one of three drivers, kill -9", int(was_hit))


def _kill_one_of_three(arena: Arena, rng: random.Random) -> bool:
    """Let three drivers share the work, kill one of them, and wait for the others; return whether it was alive."""
    victim, *others = start_at_once(arena, ["grid", "grid", "other"])
    entries = rng.randint(1, 2 * GRID_TASKS)
    wait_until(lambda: len(arena.ledger) >= entries or not victim.is_alive, "tasks run")
    was_hit = victim.is_alive and strike(victim, Target.DRIVER, rng)
    victim.wait()
    codes = [driver.wait() for driver in others]
    assert codes == [0, 0], arena.output
    arena.finish(lambda: arena.fork("grid"))  # what a killed driver leaves behind is closed by the next one
    return was_hit


def _computed_more_than_once(arena: Arena) -> dict[str, int]:
    """Return how often more than once each task was begun, by its id."""
    begun = Counter(task for event, task, _ in arena.ledger if event == "begun")
    return {task: number - 1 for task, number in begun.items() if number > 1}
