"""Killed at random moments and run again, a sweep ends as if nothing had happened."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from sweeper.store.connections import disconnect
from tests.chaos.arena import Arena, Driver
from tests.chaos.conftest import MakeArena, Uninterrupted
from tests.chaos.evidence import check
from tests.chaos.scale import at_scale
from tests.chaos.strikes import Siege, Target
from tests.chaos.sweeps import GRID_TASKS, PRUNED_TASKS, STUDY_TASKS
from tests.chaos.tally import Tally
from tests.postgres import Postgres
from tests.servers import tracking_server

KILLS_AT_ONE_SWEEP = 5
IN_ORDER = (Target.TERM, Target.HANG_UP)
AT_ONCE = (Target.DRIVER, Target.DRIVER, Target.ALL)
ONE_TASK = (Target.WORKER, Target.KEEPER)


def killed(
    make: Callable[[], tuple[Arena, Siege]],
    rng: random.Random,
    kills: int,
    verify: Callable[[Arena], int],
    tally: Tally,
) -> None:
    """Kill sweeps at random moments until so many kills have hit; hold each sweep against the uninterrupted one."""
    hit: Counter[Target] = Counter()
    while hit.total() < kills:
        arena, siege = make()
        hit += siege.lay(arena, rng, min(KILLS_AT_ONE_SWEEP, kills - hit.total()))
        verify(arena)
    for target, number in hit.items():
        tally.kills(target, number)


@pytest.mark.parametrize("workers", at_scale([2], [1, 2, 3]))
def test_a_grid(workers: int, arena: MakeArena, uninterrupted: Uninterrupted, rng: random.Random, tally: Tally):
    expected = uninterrupted("grid")

    def make() -> tuple[Arena, Siege]:
        field = arena()
        targets = (*AT_ONCE, *ONE_TASK, *IN_ORDER)
        return field, Siege(lambda: field.fork("grid", workers=workers), targets, GRID_TASKS, 0.4)

    killed(make, rng, at_scale(4, 30), lambda field: check(field, "grid", expected, tally), tally)


@pytest.mark.parametrize("workers", at_scale([2], [1, 2, 3]))
@pytest.mark.parametrize(("name", "tasks"), [("study", STUDY_TASKS), ("pruned", PRUNED_TASKS)])
def test_a_study(
    name: str,
    workers: int,
    tasks: int,
    arena: MakeArena,
    uninterrupted: Uninterrupted,
    rng: random.Random,
    tally: Tally,
):
    expected = uninterrupted(name, workers=workers)

    def make() -> tuple[Arena, Siege]:
        field = arena()
        targets = (*AT_ONCE, *ONE_TASK, *IN_ORDER)
        return field, Siege(lambda: field.fork(name, workers=workers), targets, tasks, 0.4)

    killed(make, rng, at_scale(3, 20), lambda field: check(field, name, expected, tally), tally)


def test_a_command_on_an_empty_folder(arena: MakeArena, uninterrupted: Uninterrupted, rng: random.Random, tally: Tally):
    """As a user has it: from the first import to the last process, while the store's tables are made too."""
    expected = uninterrupted("grid")

    def make() -> tuple[Arena, Siege]:
        field = arena(is_bare=True)
        targets = (*AT_ONCE, *ONE_TASK, Target.SERVER, *IN_ORDER)

        def start() -> Driver:
            return field.command("grid", "--workers", "2")

        return field, Siege(start, targets, GRID_TASKS, 8.0)

    killed(make, rng, at_scale(2, 30), lambda field: check(field, "grid", expected, tally), tally)


@pytest.mark.parametrize("kind", at_scale([], ["PostgreSQL", "a tracking server over PostgreSQL"]))
def test_a_grid_in_another_kind_of_store(
    kind: str,
    arena: MakeArena,
    uninterrupted: Uninterrupted,
    rng: random.Random,
    tally: Tally,
    postgres: Postgres,
    postgres_template: str,
    tmp_path: Path,
):
    expected = uninterrupted("grid")
    with ExitStack() as server:

        def make() -> tuple[Arena, Siege]:
            name = f"killed{uuid.uuid4().hex}"
            uri = postgres.create(name, postgres_template)
            if kind != "PostgreSQL":
                server.close()  # that of the sweep before
                (tmp_path / name).mkdir()
                uri = server.enter_context(tracking_server(tmp_path / name, uri))
            field = arena(uri=uri)
            targets = (*AT_ONCE, *ONE_TASK, *IN_ORDER)
            return field, Siege(lambda: field.fork("grid", workers=3), targets, GRID_TASKS, 1.0)

        killed(make, rng, 20, lambda field: check(field, "grid", expected, tally), tally)
    disconnect()
