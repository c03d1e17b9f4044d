"""Who keeps an eye on a cluster's workers says so when that fails, once: on a cluster that is made up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from sweeper.engine.dask import roster as roster_module
from sweeper.engine.dask.roster import Roster, Watcher
from sweeper.errors import EngineError, StoreError
from tests.engine.dask.made_up import SECONDS, MadeUp, made_up, until


@dataclass
class Watching:
    """What is told of workers; ``raised`` is raised when they are looked at, and ``looking`` while one looks on."""

    said: list[str] = field(default_factory=list)
    raised: Exception | None = None
    looking: Exception | None = None
    looked: int = 0
    is_lost: threading.Event = field(default_factory=threading.Event)
    lost: list[EngineError] = field(default_factory=list)

    def admit(self, addresses: Sequence[str]) -> dict[str, str]:
        """Say that all are fit."""
        self.looked += 1
        if self.raised:
            raise self.raised
        return dict.fromkeys(addresses, "")

    def look(self) -> None:
        """Look on."""
        if self.looking:
            raise self.looking

    def lose(self, failure: EngineError) -> None:
        """Take in that nobody is watched any more."""
        self.lost.append(failure)
        self.is_lost.set()


@pytest.fixture
def watching() -> Watching:
    """What is told."""
    return Watching()


@pytest.fixture
def opened(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Roster, MadeUp]]:
    """A roster with one worker, and the cluster that it is of."""
    monkeypatch.setattr(roster_module, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(roster_module, "REFRESH_SECONDS", 0.05)
    watcher = Watcher(lambda: None, lambda _: None, watching.look, watching.lose, watching.said.append)
    with made_up(first=0) as (client, connection):
        roster = Roster(connection, "driver", watching.admit, watcher)
        with contextlib.ExitStack() as stack:
            stack.callback(roster.close)
            roster.open()
            yield roster, client


def test_a_fault_while_looking_on_is_not_silent(opened: tuple[Roster, MadeUp], watching: Watching):
    roster, _ = opened
    watching.looking = ZeroDivisionError("by zero")
    assert watching.is_lost.wait(SECONDS)
    assert watching.lost == [roster.failure]
    assert str(roster.failure).startswith(
        "the workers at tcp://made-up:8786 cannot be watched any more: ZeroDivisionError: by zero; "
    )


def test_why_newcomers_are_not_used_is_said_once_and_again_when_it_is_something_else(
    opened: tuple[Roster, MadeUp], watching: Watching
):
    roster, client = opened
    watching.said.clear()
    for raised in (StoreError("the disk is full"), ZeroDivisionError("by zero"), OSError("broken")):
        watching.raised, looked = raised, watching.looked
        if raised.args == ("the disk is full",):
            client.come("second")
        until(lambda enough=looked + 4: watching.looked >= enough)
    watching.raised = None
    until(lambda: len(roster.sites) == 2)
    until(lambda: len(watching.said) == 3)
    assert watching.said == [
        "workers that have come are not used yet: the disk is full",
        "workers that have come are not used yet: ZeroDivisionError: by zero",
        "1 worker more: up to 2 tasks at a time",
    ]
