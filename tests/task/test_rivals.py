"""Of several claims on one key one goes on, whatever the order in which they come to be seen."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from sweeper.store.driver import Driver
from sweeper.store.records import OpenRun, RunStatus
from sweeper.store.tags import Tag, knows_tag
from sweeper.task import key_of, rivals
from sweeper.task.context import Context
from sweeper.task.rivals import AlreadyDone, ClaimedElsewhere, win_or_leave, yield_to_result
from tests.pipelines.trouble import Trouble

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

KEY = "2-a"


@pytest.fixture
def other(store: ApiStore) -> Iterator[Driver]:
    """Another driver that is alive."""
    with contextlib.closing(Driver(store)) as driver:
        yield driver


def claimed(store: ApiStore, driver: Driver | Context, *, started: int) -> OpenRun:
    """Return a claim on the key, made at a time."""
    owner = driver.run_id if isinstance(driver, Driver) else driver.labels[Tag.DRIVER]
    run = store.start_run("train", "", tags={Tag.CLAIM: KEY, Tag.DRIVER: owner})
    _set_start(store, run.run_id, started)
    return replace(run, start_time=started)


def _set_start(store: ApiStore, run_id: str, started: int) -> None:
    import sqlite3

    from sweeper.store.locate import sqlite_path

    path = sqlite_path(store.uri)
    assert path is not None
    with contextlib.closing(sqlite3.connect(path, timeout=20)) as database, database:
        database.execute("UPDATE runs SET start_time = ? WHERE run_uuid = ?", (started, run_id))


def is_at_work(store: ApiStore, run: OpenRun) -> bool:
    return Tag.AT_WORK in store.run(run.run_id).tags


def test_who_is_alone_goes_on(context: Context, store: ApiStore):
    run = claimed(store, context, started=1000)
    win_or_leave(context, KEY, run)
    assert is_at_work(store, run)


def test_the_later_of_two_leaves(context: Context, store: ApiStore, other: Driver):
    first = claimed(store, other, started=1000)
    run = claimed(store, context, started=1001)
    with pytest.raises(ClaimedElsewhere, match=first.run_id):
        win_or_leave(context, KEY, run)
    left = store.run(run.run_id)
    assert (left.status, left.reason) == (RunStatus.KILLED, f"run {first.run_id} claimed this work first")


def test_the_earlier_leaves_too_if_the_later_one_is_at_work(context: Context, store: ApiStore, other: Driver):
    """It looked before the earlier one was to be seen: that one had waited for the database, say."""
    later = claimed(store, other, started=2000)
    store.log(later.run_id, tags={Tag.AT_WORK: "yes"})
    with pytest.raises(ClaimedElsewhere, match=later.run_id):
        win_or_leave(context, KEY, claimed(store, context, started=1000))


@pytest.mark.parametrize("decision", ["leaves", "goes on"])
def test_the_earlier_waits_until_the_later_one_has_decided(
    decision: str, context: Context, store: ApiStore, other: Driver, monkeypatch: pytest.MonkeyPatch
):
    later = claimed(store, other, started=2000)
    run = claimed(store, context, started=1000)
    looks = 0

    def decide(seconds: float) -> None:
        nonlocal looks
        looks += 1
        if looks == 3 and decision == "leaves":
            store.end_run(later.run_id, RunStatus.KILLED)
        elif looks == 3:
            store.log(later.run_id, tags={Tag.AT_WORK: "yes"})

    monkeypatch.setattr(rivals.time, "sleep", decide)
    expected = contextlib.nullcontext() if decision == "leaves" else pytest.raises(ClaimedElsewhere)
    with expected:
        win_or_leave(context, KEY, run)
    assert looks == 3
    assert is_at_work(store, run) is (decision == "leaves")


def test_a_run_that_was_made_twice_is_no_rival_of_its_own(context: Context, store: ApiStore):
    """The answer to the request that made it was lost, and it was made again."""
    claimed(store, context, started=1000)
    win_or_leave(context, KEY, claimed(store, context, started=1001))


@pytest.mark.parametrize("rounds", range(3))
def test_of_many_at_one_instant_exactly_one_goes_on(rounds: int, store: ApiStore, context: Context):
    drivers = [Driver(store, by_itself=False) for _ in range(4)]
    gate = threading.Barrier(len(drivers))
    went_on: list[str] = []

    def come(driver: Driver) -> None:
        here = replace(context, labels={Tag.DRIVER: driver.run_id})
        gate.wait()
        run = store.start_run("train", "", tags={Tag.CLAIM: KEY, Tag.DRIVER: driver.run_id})
        with contextlib.suppress(ClaimedElsewhere):
            win_or_leave(here, KEY, run)
            went_on.append(run.run_id)

    threads = [threading.Thread(target=come, args=(driver,)) for driver in drivers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(went_on) == 1
    for driver in drivers:
        driver.close()


def test_who_finds_a_result_before_its_own_commit_lets_that_one_count(context: Context, store: ApiStore, other: Driver):
    class Slow(Trouble):
        def _run(self) -> None:
            run = store.start_run("slow", "", tags={Tag.CLAIM: key_of(self), Tag.DRIVER: other.run_id})
            store.log(run.run_id, tags={Tag.KEY: key_of(self)})
            store.end_run(run.run_id, RunStatus.FINISHED)
            super()._run()

    context.is_contended = True
    task = Slow(number=1, ending="well")
    task.run()
    results = store.runs_with(Tag.KEY, status=RunStatus.FINISHED)
    assert len(results) == 1
    assert task.complete()
    [mine] = [run for run in store.runs_with(Tag.CLAIM) if run.status is RunStatus.KILLED]
    assert mine.reason == f"run {results[0].run_id} has made the result meanwhile"


def test_a_result_is_found_whatever_the_clock_of_who_made_it_says(context: Context, store: ApiStore):
    context.index.refresh(["train"])
    new = store.start_run("train", "", tags={Tag.CLAIM: "2-b"})
    store.log(new.run_id, tags={Tag.KEY: "2-b"})
    store.end_run(new.run_id, RunStatus.FINISHED)
    context.index.refresh(["train"])
    run = store.start_run("train", "", tags={Tag.CLAIM: KEY})
    store.log(run.run_id, tags={Tag.KEY: KEY})
    store.end_run(run.run_id, RunStatus.FINISHED, ended=1000)
    with pytest.raises(AlreadyDone, match=run.run_id):
        yield_to_result(context, KEY, "train")


def test_a_newcomer_is_greeted_once_what_was_sent_off_before_is_to_be_seen(store: ApiStore):
    first = Driver(store, by_itself=False)
    assert first.enter(KEY) is False
    newcomer = Driver(store, by_itself=False)

    def is_greeted() -> bool:
        first.keep_up()
        return knows_tag(newcomer.run_id) in store.run(first.run_id).tags

    assert not is_greeted()
    assert first.enter("2-c") is True, "what is sent off from now on looks for rivals, and need not be waited for"
    store.start_run("train", "", tags={Tag.CLAIM: KEY, Tag.DRIVER: first.run_id})
    assert is_greeted()
    for driver in (first, newcomer):
        driver.close()


def test_a_newcomer_is_greeted_once_what_was_sent_off_before_has_ended(store: ApiStore):
    first = Driver(store, by_itself=False)
    first.enter(KEY)
    newcomer = Driver(store, by_itself=False)
    first.keep_up()
    first.leave(KEY)
    first.keep_up()
    assert knows_tag(newcomer.run_id) in store.run(first.run_id).tags
    for driver in (first, newcomer):
        driver.close()


def test_a_driver_is_alone_again_once_it_has_read_what_the_last_of_the_others_has_done(store: ApiStore) -> None:
    first, looks = Driver(store, by_itself=False), list[bool]()
    others = [Driver(store, by_itself=False) for _ in range(2)]
    first.keep_up()
    for other in others:
        assert first.is_contended
        first.catch_up(lambda: looks.append(first.is_contended))
        assert looks == []
        other.close()
        first.keep_up()
    assert first.is_contended
    for _ in range(2):
        first.catch_up(lambda: looks.append(first.is_contended))
    assert (looks, first.is_contended) == ([True], False)
    first.close()
