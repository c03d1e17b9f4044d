"""What the attempts to break sweeper share: uninterrupted sweeps to compare with, and the seed of what is random."""

from __future__ import annotations

import itertools
import os
import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.chaos import sweeps
from tests.chaos.arena import Arena, make_arena
from tests.chaos.evidence import Reports, reports

SEED_VARIABLE = "SWEEPER_CHAOS_SEED"

SPECS = {
    "grid": sweeps.GRID,
    "other": sweeps.OTHER_GRID,
    "single": sweeps.SINGLE,
    "ground": sweeps.GROUND,
    "study": sweeps.STUDY,
    "pruned": sweeps.PRUNED,
    "short": sweeps.SHORT_STUDY,
}

MakeArena = Callable[..., Arena]
Uninterrupted = Callable[..., Reports]


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    """What is random in a test; a test that fails shows the seed, by which its schedule can be had again."""
    seed = os.environ.get(SEED_VARIABLE) or str(secrets.randbits(32))
    print(f"{SEED_VARIABLE}={seed}")  # noqa: T201 (pytest shows it where a test fails)
    return random.Random(f"{seed} {request.node.name}")


@pytest.fixture
def arena(template: Path, tmp_path: Path) -> Iterator[MakeArena]:
    """Make projects in which sweeps are killed: with an empty store, or with ``is_bare=True`` without any."""
    numbers = itertools.count()
    with ExitStack() as stack:

        def make(*, is_bare: bool = False, uri: str = "") -> Arena:
            folder = tmp_path / f"arena-{next(numbers)}"
            return stack.enter_context(
                closing(make_arena(folder, None if is_bare or uri else template, uri=uri, specs=SPECS))
            )

        yield make


@pytest.fixture(scope="module")
def uninterrupted(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Uninterrupted:
    """Return what is reported of a sweep that nobody disturbs; of a study, with so many workers."""
    known: dict[tuple[str, int], Reports] = {}

    def of(name: str, *, workers: int = 0) -> Reports:
        if (name, workers) not in known:
            with closing(make_arena(tmp_path_factory.mktemp(name), template, specs=SPECS)) as arena:
                assert arena.fork(name, workers=workers).wait() == 0, arena.output
                known[name, workers] = reports(arena, name)
        return known[name, workers]

    return of
