"""Who is alive, and what the dead left behind."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from sweeper.store import driver as drivers
from sweeper.store import pulse
from sweeper.store.api import ApiStore
from sweeper.store.driver import Driver
from sweeper.store.host import Process
from sweeper.store.lease import bury_the_dead, close_lost, is_dead, living_drivers
from sweeper.store.pulse import LONG_SILENCE_SECONDS
from sweeper.store.records import DRIVERS_EXPERIMENT, RunStatus
from sweeper.store.tags import Kind, Tag, has_tag, knows_tag

HOUR = 3600


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another process, that waits to be killed."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield process
    process.kill()
    process.communicate()


def register(store: ApiStore, process: Process, *, beat: float) -> str:
    """Register a process as a driver whose last beat was at a time; return its run."""
    tags: dict[str, str] = {Tag.KIND: Kind.DRIVER, Tag.BEAT: repr(beat), Tag.PROCESS: process.to_json()}
    return store.start_run(DRIVERS_EXPERIMENT, "", tags=tags).run_id


def claim(store: ApiStore, key: str, driver: str) -> str:
    """Start a run on a key, for a driver."""
    tags: dict[str, str] = {Tag.KIND: Kind.TASK, Tag.CLAIM: key, Tag.DRIVER: driver}
    return store.start_run("train", "", tags=tags).run_id


def test_a_driver_lives_until_it_is_closed(store: ApiStore) -> None:
    with contextlib.closing(Driver(store)) as driver:
        assert [record.run_id for record in living_drivers(store)] == [driver.run_id]
        assert bury_the_dead(store) == 0
    assert living_drivers(store) == []
    assert store.run(driver.run_id).status is RunStatus.FINISHED


def test_a_process_that_is_gone_is_dead_at_once(store: ApiStore, other: subprocess.Popen[bytes]) -> None:
    driver = register(store, Process.of(other.pid), beat=time.time())
    assert not is_dead(store.run(driver))
    os.kill(other.pid, signal.SIGKILL)
    _wait_for_zombie(other.pid)
    assert is_dead(store.run(driver)), "a zombie does no work"
    other.wait()
    assert is_dead(store.run(driver))


def _wait_for_zombie(pid: int) -> None:
    while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def test_a_living_process_is_alive_however_long_it_was_silent(store: ApiStore) -> None:
    """A laptop that slept for a night has lost nothing."""
    assert not is_dead(store.run(register(store, Process.current(), beat=0)))


@pytest.mark.parametrize(
    "change",
    [{"boot": "an earlier one"}, {"started": 1}, {"started": 1.0}],
    ids=["before a reboot", "with a number used again", "as older versions wrote it"],
)
def test_a_process_is_told_from_another_with_its_number(store: ApiStore, change: dict[str, object]) -> None:
    process = dataclasses.replace(Process.current(), **change)  # type: ignore[arg-type]
    assert is_dead(store.run(register(store, process, beat=time.time())))


AWAY = dataclasses.replace(Process.current(), host="elsewhere", pid=1)


@pytest.mark.parametrize(
    ("silence", "dead"), [(0, False), (3 * HOUR, False), (-3 * HOUR, False), (LONG_SILENCE_SECONDS + 5, True)]
)
def test_at_one_look_a_driver_on_another_host_may_have_another_time(
    store: ApiStore, silence: float, *, dead: bool
) -> None:
    assert is_dead(store.run(register(store, AWAY, beat=time.time() - silence))) is dead


@pytest.mark.parametrize("shift", [0, 3 * HOUR, -3 * HOUR])
def test_a_driver_on_another_host_is_dead_if_no_beat_follows_whatever_its_clock_says(
    store: ApiStore, monkeypatch: pytest.MonkeyPatch, shift: float
) -> None:
    now = time.monotonic()
    beat = time.time() + shift
    driver = register(store, AWAY, beat=beat)
    verdicts = []
    for later, has_beaten in ((0, False), (290, False), (295, True), (590, False), (600, False)):
        monkeypatch.setattr(pulse.time, "monotonic", lambda later=later: now + later)
        if has_beaten:
            store.log(driver, tags={Tag.BEAT: repr(beat + 30)})
        verdicts.append(is_dead(store.run(driver)))
    assert verdicts == [False, False, False, False, True]


def test_one_that_seems_silent_is_asked_and_is_dead_if_it_does_not_answer(
    store: ApiStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drivers, "ANSWER_SECONDS", 0.3)
    silent = register(store, AWAY, beat=time.time() - HOUR)
    left = claim(store, "a", silent)
    store.log(silent, tags={has_tag("study"): "yes"})
    with contextlib.closing(Driver(store)) as driver:
        assert driver.take("study") is None
        driver.meet_others(pytest.fail)
    assert [store.run(run).status for run in (silent, left)] == [RunStatus.KILLED] * 2


def test_one_that_answers_is_alive_though_its_clock_is_wrong(store: ApiStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "ANSWER_SECONDS", 0.0)
    other = register(store, AWAY, beat=time.time() - HOUR)
    with contextlib.closing(Driver(store)) as driver:
        store.log(other, tags={knows_tag(driver.run_id): "yes", has_tag("study"): "has"})
        found = driver.take("study")
        assert found is not None
        assert found.run_id == other
        driver.meet_others(pytest.fail)
    assert store.run(other).status is RunStatus.RUNNING


@pytest.mark.parametrize("rounds", range(3))
def test_of_several_who_want_a_study_at_one_instant_exactly_one_has_it(rounds: int, store: ApiStore) -> None:
    drivers = [Driver(store, by_itself=False) for _ in range(3)]
    gate = threading.Barrier(len(drivers))
    refused: list[str] = []

    def want(driver: Driver) -> None:
        gate.wait()
        if driver.take("study") is not None:
            refused.append(driver.run_id)

    threads = [threading.Thread(target=want, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    for driver in drivers:
        driver.close()


def test_what_is_no_driver_at_all_is_dead(store: ApiStore) -> None:
    run = store.start_run(DRIVERS_EXPERIMENT, "", tags={Tag.KIND: Kind.DRIVER, Tag.PROCESS: "{}", Tag.BEAT: "x"})
    assert is_dead(store.run(run.run_id))


def test_exactly_the_runs_of_dead_drivers_are_buried(store: ApiStore) -> None:
    here = Process.current()
    living = register(store, here, beat=time.time())
    away = register(store, dataclasses.replace(here, host="elsewhere"), beat=time.time())
    dead = register(store, dataclasses.replace(here, started=1.0), beat=time.time())
    silent = register(store, dataclasses.replace(here, host="elsewhere"), beat=0)
    over = register(store, here, beat=time.time())
    store.end_run(over, RunStatus.FINISHED)
    kept = {claim(store, f"1-{number}", driver) for number, driver in enumerate((living, away))}
    lost = {claim(store, f"1-{number}", driver) for number, driver in enumerate((dead, silent, over, "unknown"))}
    foreign = store.start_run("train", "", tags={}).run_id
    done = claim(store, "1-done", dead)
    store.log(done, tags={Tag.KEY: "1-done"})
    store.end_run(done, RunStatus.FINISHED)

    assert bury_the_dead(store) == len(lost)

    def with_status(status: RunStatus) -> set[str]:
        return {record.run_id for record in store.runs_with(Tag.CLAIM, status=status)}

    assert with_status(RunStatus.KILLED) == lost
    assert with_status(RunStatus.RUNNING) == kept
    assert with_status(RunStatus.FINISHED) == {done}
    assert all("ended before the task did" in store.run(run_id).reason for run_id in lost)
    assert store.run(foreign).status is RunStatus.RUNNING
    assert {record.run_id for record in living_drivers(store)} == {living, away}
    assert bury_the_dead(store) == 0


def test_a_sweep_of_a_dead_driver_is_ended_too(store: ApiStore) -> None:
    dead = register(store, dataclasses.replace(Process.current(), started=1.0), beat=time.time())
    sweep = store.start_run("train", "", tags={Tag.KIND: Kind.SWEEP, Tag.NAME: "a", Tag.DRIVER: dead})
    bury_the_dead(store)
    assert store.run(sweep.run_id).status is RunStatus.KILLED


def test_a_lost_run_is_ended_with_its_reason_and_no_other(store: ApiStore) -> None:
    mine, others = claim(store, "1-a", "me"), claim(store, "1-a", "another")
    assert close_lost(store, "1-a", "me", "out of memory", RunStatus.FAILED) == mine
    assert (store.run(mine).status, store.run(mine).reason) == (RunStatus.FAILED, "out of memory")
    assert store.run(others).status is RunStatus.RUNNING
    assert close_lost(store, "1-b", "me", "", RunStatus.FAILED) == ""
