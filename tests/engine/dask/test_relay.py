"""What a task reports on a cluster reaches who listens in the driver, and the answer comes back."""

from __future__ import annotations

import contextlib
import multiprocessing
import pickle
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from optuna import TrialPruned

from sweeper.engine.dask import relay as relay_module
from sweeper.engine.dask.relay import Exchange, Relay, Ticket
from sweeper.errors import EngineError, StoreAway, StoreError, SweeperError
from sweeper.search.channel import ChannelReporter
from tests.clusters import cluster_in_threads
from tests.processes import CHILD_SECONDS
from tests.reporters import Broken

if TYPE_CHECKING:
    from distributed import Client, LocalCluster


class Listening:
    """Remembers what is reported, and answers when it may."""

    def __init__(self, *, stop_at: int = 100) -> None:
        self.heard: list[tuple[float, int]] = []
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()
        self._stop_at = stop_at

    def report(self, value: float, step: int) -> None:
        """Take in a value."""
        self.heard.append((value, step))
        self.is_asked.set()
        assert self.may_answer.wait(CHILD_SECONDS)
        if step >= self._stop_at:
            raise TrialPruned(f"pruned at step {step}")


@pytest.fixture(scope="module")
def threads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A cluster of one worker."""
    with cluster_in_threads(tmp_path_factory.mktemp("dask")) as threads:
        yield threads


@pytest.fixture(scope="module")
def client(threads: LocalCluster) -> Iterator[Client]:
    """A driver's connection to the cluster."""
    from distributed import Client

    with Client(threads, set_as_default=False) as client:
        yield client


@pytest.fixture
def relay(client: Client) -> Iterator[Relay]:
    """The driver's end, open."""
    with contextlib.closing(Relay(client)) as relay:
        yield relay


@pytest.fixture
def exchange(threads: LocalCluster) -> Iterator[Exchange]:
    """The end of the cluster's worker, open."""
    with contextlib.closing(Exchange(next(iter(threads.workers.values())))) as exchange:
        yield exchange


def report(reporter: ChannelReporter, *steps: int) -> str:
    """Report each step as its own value; return how it ended, '' if it did not."""
    try:
        for step in steps:
            reporter.report(float(step), step)
    except Exception as error:  # noqa: BLE001 (whatever it is, the test shall see it)
        return f"{type(error).__name__}: {error}"
    return ""


def test_a_report_goes_to_the_driver_and_its_answer_to_the_task(relay: Relay, exchange: Exchange) -> None:
    listening = Listening(stop_at=2)
    assert report(exchange.reporter(relay.keep(listening)), 0, 1, 2, 3) == "TrialPruned: pruned at step 2"
    assert listening.heard == [(0.0, 0), (1.0, 1), (2.0, 2)]


def test_processes_that_report_at_once_get_each_its_own_answer(relay: Relay, exchange: Exchange) -> None:
    """A slow answer holds up its own task alone."""
    slow, quick = Listening(stop_at=1), Listening()
    slow.may_answer.clear()
    with multiprocessing.get_context("spawn").Pool(1) as other, ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(report, exchange.reporter(relay.keep(slow)), 1)
        assert slow.is_asked.wait(CHILD_SECONDS)
        answered = other.apply_async(report, (exchange.reporter(relay.keep(quick)), 1, 2))
        assert answered.get(CHILD_SECONDS) == ""
        slow.may_answer.set()
        assert waiting.result(CHILD_SECONDS) == "TrialPruned: pruned at step 1"
    assert quick.heard == [(1.0, 1), (2.0, 2)]


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        (StoreError("the store is locked"), "StoreError: the store is locked"),
        (StoreAway("the store is away"), "StoreError: the store is away"),
        (EngineError("no"), "EngineError: no"),
        (SweeperError("no"), "SweeperError: no"),
        (ZeroDivisionError("by zero"), "SweeperError: ZeroDivisionError: by zero"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_the_driver_raises_is_raised_at_the_task(
    raised: Exception, expected: str, relay: Relay, exchange: Exchange
) -> None:
    assert report(exchange.reporter(relay.keep(Broken(raised))), 1) == expected


def test_a_lost_report_is_made_again_and_heard_once(
    relay: Relay, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "AGAIN_SECONDS", 0.2)
    sent = exchange._worker.log_event
    lost: list[object] = []

    def lose_the_first(topic: str, message: object) -> None:
        if lost:
            sent(topic, message)
        lost.append(message)

    monkeypatch.setattr(exchange._worker, "log_event", lose_the_first)
    listening = Listening()
    assert report(exchange.reporter(relay.keep(listening)), 1) == ""
    assert len(lost) == 2
    assert listening.heard == [(1.0, 1)]


def test_what_is_asked_again_while_the_answer_is_on_its_way_is_decided_once(
    relay: Relay, exchange: Exchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(relay_module, "TIMES", 100)
    listening = Listening()
    listening.may_answer.clear()
    threading.Timer(0.5, listening.may_answer.set).start()
    assert report(exchange.reporter(relay.keep(listening)), 1) == ""
    assert listening.heard == [(1.0, 1)]


def test_a_driver_that_is_gone_is_said(relay: Relay, exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "AGAIN_SECONDS", 0.05)
    reporter = exchange.reporter(relay.keep(Listening()))
    relay.close()
    assert report(reporter, 1) == "EngineError: the driver is gone: nobody takes in what the task reports"


def test_a_task_that_nobody_waits_for_is_told_so(relay: Relay, exchange: Exchange) -> None:
    ticket = relay.keep(Listening())
    relay.drop(ticket)
    assert report(exchange.reporter(ticket), 1) == "EngineError: the driver does not wait for this task any more"


def test_what_travels_holds_no_key(relay: Relay) -> None:
    """A ticket is two names: the key of a channel stays on the machine that listens."""
    ticket = relay.keep(Listening())
    assert pickle.loads(pickle.dumps(ticket)) == Ticket(ticket.topic, ticket.number)
    assert len(pickle.dumps(ticket)) < 200
