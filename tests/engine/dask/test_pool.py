"""What a Dask worker does for a driver begins with its calls and ends with the driver: nothing is left open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, cast

import pytest

from sweeper.engine.base import Ending, Execution, TaskCall, WorkerLost
from sweeper.engine.dask import pool as pool_module
from sweeper.engine.dask import worker as worker_side
from sweeper.engine.dask.pool import Pool
from sweeper.engine.dask.relay import Ticket
from sweeper.engine.process import Setup
from sweeper.search.channel import ChannelReporter

if TYPE_CHECKING:
    from distributed.worker import Worker

WORKER = cast("Worker", None)
"""Only reports that are made go through it."""


class Slot:
    """A slot whose calls end when they are killed."""

    def __init__(self, *_: object) -> None:
        self.future: Future[Execution] = Future()
        self.call: TaskCall | None = None
        self.environment: Mapping[str, str] = {}
        self.is_closed = False
        made.append(self)

    def readiness(self, environment: Mapping[str, str]) -> int:
        """Return how well it suits."""
        return 2 * (self.environment == environment)

    def run(self, call: TaskCall, environment: Mapping[str, str]) -> Future[Execution]:
        """Begin a call."""
        self.call, self.environment, self.future = call, environment, Future()
        return self.future

    def kill(self) -> None:
        """End it."""
        if self.call is not None and not self.future.done():
            self.future.set_exception(WorkerLost("killed"))

    def close(self) -> None:
        """End the process."""
        self.is_closed = True


made: list[Slot] = []


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """What is done for a driver, with slots that have no processes."""
    made.clear()
    monkeypatch.setattr("sweeper.engine.slot.Slot", Slot)
    with contextlib.closing(Pool(Setup("sqlite://"))) as pool:
        yield pool


def call(reporter: Any = None) -> TaskCall:
    return TaskCall("module", "Task", b"", b"", "key", reporter=reporter)


def run(pool: Pool, order: str, reporter: Any = None) -> ChannelReporter:
    """Run a call until its end; return what it reported to."""
    with pool.executing(order, call(reporter), {}, WORKER) as future:
        future.set_result(Execution(Ending.DONE))
    given = made[-1].call
    assert given is not None
    return cast("ChannelReporter", given.reporter)


def listens(reporter: ChannelReporter) -> bool:
    try:
        socket.create_connection(reporter.address).close()
    except ConnectionRefusedError:
        return False
    return True


def test_the_way_back_of_a_drivers_reports_is_closed_when_it_leaves(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(worker_side._pools, "driver", pool)
    reporter = run(pool, "first", Ticket("reports", 1))
    assert run(pool, "second", Ticket("reports", 2)).address == reporter.address
    assert listens(reporter)
    assert asyncio.run(worker_side.leave("driver"))
    assert not listens(reporter)
    assert "driver" not in worker_side._pools


def test_it_is_closed_too_when_nothing_was_done_for_a_while(pool: Pool, monkeypatch: pytest.MonkeyPatch):
    """So a driver that is gone without a word keeps no port."""
    reporter = run(pool, "first", Ticket("reports", 1))
    pool.tidy()
    assert listens(reporter)
    monkeypatch.setattr(pool_module, "IDLE_SECONDS", -1.0)
    pool.tidy()
    assert not listens(reporter)
    assert made[0].is_closed
    assert listens(run(pool, "second", Ticket("reports", 2)))


def test_a_call_that_is_stopped_before_it_begins_is_refused_and_that_is_forgotten(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
):
    assert pool.stop("first")
    with pytest.raises(WorkerLost, match="stopped before it began"), pool.executing("first", call(), {}, WORKER):
        pass
    assert not pool.is_stopped("first")
    assert pool.stop("never comes")
    pool.tidy()
    assert pool.is_stopped("never comes")
    monkeypatch.setattr(pool_module, "IDLE_SECONDS", -1.0)
    with pool.executing("running", call(), {}, WORKER) as future:
        assert pool.stop("running")
        pool.tidy()
        assert [pool.is_stopped(order) for order in ("never comes", "running")] == [False, True]
        assert isinstance(future.exception(), WorkerLost)


def test_a_pool_that_is_closed_ends_what_runs_and_begins_nothing(pool: Pool):
    with pool.executing("first", call(), {}, WORKER) as future:
        assert pool.close()
        assert str(future.exception()) == "killed"
    assert made[0].is_closed
    with pytest.raises(WorkerLost, match="its driver has left"), pool.executing("second", call(), {}, WORKER):
        pass
    assert made[1].is_closed


def test_a_call_sees_the_devices_and_has_the_threads_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    made.clear()
    monkeypatch.setattr("sweeper.engine.slot.Slot", Slot)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    pool = Pool(Setup("sqlite://"))
    with pool.executing("first", call(), {"gpu": 1, "cpu": 2}, WORKER) as first:
        with pool.executing("second", call(), {"gpu": 1}, WORKER) as second:
            assert [slot.environment.get("CUDA_VISIBLE_DEVICES") for slot in made] == ["4", "5"]
            assert [slot.environment.get("OMP_NUM_THREADS") for slot in made] == ["2", None]
            second.set_result(Execution(Ending.DONE))
        with pool.executing("third", call(), {"gpu": 0.5}, WORKER) as third:
            assert made[1].environment["CUDA_VISIBLE_DEVICES"] == "5", "where the process is that has this device"
            third.set_result(Execution(Ending.DONE))
        first.set_result(Execution(Ending.DONE))
    pool.close()
