"""A clock that jumps, and clocks that differ: the same table, nothing computed twice, nothing left running."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from sweeper.report.results import results
from sweeper.search.base import Outcome
from sweeper.store import open_reader
from sweeper.store.records import Result, RunRecord, RunStatus
from sweeper.store.tags import Tag
from tests.sweeping import CHAIN, TROUBLE, Recorder, runs, sweep

HOUR = 3600.0
DAY = 24 * HOUR
POINTS = f"""
task = "{CHAIN}:Fit"
metric = "score"
[grid]
rate = [0.1, 0.2, 0.3]
seed = [0, 1]
"""
GATES = f"""
task = "{TROUBLE}:Gate"
metric = "score"
[grid]
number = [0, 1, 2, 3]
"""
PATIENCE_SECONDS = 120


@dataclass
class Clock:
    """The clock on the wall, set wrong by some seconds."""

    offset: float = 0.0
    right = staticmethod(time.time)

    def __call__(self) -> float:
        """Return the time that it shows."""
        return self.right() + self.offset


@dataclass
class Setter(Recorder):
    """A listener that sets the clock when so many points have ended."""

    clock: Clock = field(default_factory=Clock)
    jumps: dict[int, float] = field(default_factory=dict)

    def told(self, outcome: Outcome) -> None:
        """Set the clock, if it is time to."""
        super().told(outcome)
        self.clock.offset += self.jumps.get(len(self.outcomes), 0.0)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that this process goes by, and those that are forked from it."""
    clock = Clock()
    monkeypatch.setattr(time, "time", clock)
    return clock


def scores(uri: str) -> dict[tuple[float, int], float]:
    """Return the score of each point."""
    frame = results("sweep", tracking_uri=uri)
    return dict(zip(zip(frame["rate"], frame["seed"], strict=True), frame["score"], strict=True))


@pytest.mark.parametrize("jump", [HOUR, -HOUR, DAY, -DAY])
def test_a_clock_that_jumps_in_mid_sweep_changes_nothing(jump: float, clock: Clock, store_uri: str) -> None:
    swept = sweep(POINTS, store_uri, listener=Setter(clock=clock, jumps={2: jump}))
    assert swept.states == {"computed": 6}
    assert scores(store_uri) == pytest.approx(
        {(rate, seed): 4.0 - abs(rate - 0.1) + seed / 100 for rate in (0.1, 0.2, 0.3) for seed in (0, 1)}
    )
    clock.offset = 0.0
    assert sweep(POINTS, store_uri).states == {"reused": 6}
    assert Counter(run.experiment for run in runs(store_uri)) == {"fit": 6, "scale": 1, "collect": 1}
    assert open_reader(store_uri).runs_with(Tag.KIND, status=RunStatus.RUNNING) == []
    assert min(run.seconds or 0.0 for run in runs(store_uri)) >= 0


def test_a_clock_that_was_set_back_makes_no_negative_times() -> None:
    run = RunRecord("a", "fit", RunStatus.FINISHED, start_time=2_000, end_time=1_000, artifact_uri="")
    assert run.seconds == 0
    assert Result("key", "a", "fit", "", start_time=2_000, end_time=1_000).seconds == 0


def start(clock: Clock, offset: float, uri: str) -> multiprocessing.process.BaseProcess:
    """Start a sweep in a process whose clock is wrong."""

    def body() -> None:
        clock.offset = offset
        raise SystemExit(sweep(GATES, uri).summary.exit_code)

    child = multiprocessing.get_context("fork").Process(target=body)
    child.start()
    return child


def ended(child: multiprocessing.process.BaseProcess) -> int | None:
    """Wait for a process; return its exit code."""
    child.join(PATIENCE_SECONDS)
    return child.exitcode


def wait_for(name: str) -> None:
    """Wait until a file is there."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not Path(name).exists():
        assert time.monotonic() < until, name
        time.sleep(0.01)


@pytest.mark.parametrize("offset", [HOUR, -DAY])
def test_drivers_whose_clocks_differ_do_nothing_twice(offset: float, clock: Clock, store_uri: str) -> None:
    """The second comes while the first is at work, finds what that makes, and takes what it leaves."""
    first = start(clock, offset, store_uri)
    wait_for("begun-0")
    second = start(clock, 0.0, store_uri)
    wait_for("begun-1")
    Path("open-all").touch()
    assert (ended(first), ended(second)) == (0, 0)
    done = [run for run in runs(store_uri) if run.status is RunStatus.FINISHED]
    assert len({run.key for run in done}) == len(done) == 4
    assert open_reader(store_uri).runs_with(Tag.KIND, status=RunStatus.RUNNING) == []
