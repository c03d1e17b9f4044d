"""What becomes of calls while workers come and go, and while they do not answer: on a cluster that is made up."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future

import pytest

from sweeper.engine.base import Execution, TaskCall, WorkerLost
from sweeper.engine.dask import engine as engine_module
from sweeper.engine.dask import roster
from sweeper.engine.dask.engine import DaskEngine
from sweeper.errors import EngineError
from tests.engine.dask.made_up import SECONDS, MadeUp, made_up, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often."""
    monkeypatch.setattr(roster, "LOOK_SECONDS", 0.02)
    monkeypatch.setattr(engine_module, "AGAIN_SECONDS", 0.02)


@contextlib.contextmanager
def opened(**workers: float) -> Iterator[tuple[DaskEngine, MadeUp, list[str]]]:
    """Open an engine; what it says is in the list."""
    said: list[str] = []
    with (
        made_up(**workers) as (client, connection),
        contextlib.closing(DaskEngine(connection, "driver", lambda some: dict.fromkeys(some, ""), said.append)) as one,
    ):
        yield one, client, said


def submit(engine: DaskEngine, **needs: float) -> Future[Execution]:
    return engine.submit(TaskCall("module", "Task", b"", b"", "key"), resources=needs)


def test_a_call_that_is_cancelled_while_a_place_becomes_free_is_never_sent(monkeypatch: pytest.MonkeyPatch):
    with opened(one=0) as (engine, client, _):
        first, second = submit(engine), submit(engine)
        settle = engine._settle
        (running, _) = engine._orders.values()
        other = threading.Thread(target=settle, args=(running, WorkerLost("gone")))

        def settle_late(*args: object) -> None:
            other.start()
            other.join(0.3)  # the other thread gives the place away, if it may
            settle(*args)  # type: ignore[arg-type]

        monkeypatch.setattr(engine, "_settle", settle_late)
        assert engine.cancel(second)
        monkeypatch.setattr(engine, "_settle", settle)
        other.join()
        assert [str(future.exception(SECONDS)) for future in (first, second)] == ["gone", "stopped before it began"]
        assert [sent.key for sent in client.sent] == [running.key]


def test_who_could_not_stop_a_call_is_asked_until_it_could():
    with opened(one=0) as (engine, client, _):
        client.stops = [TimeoutError(), False, OSError("broken"), True]
        future = submit(engine)
        assert engine.cancel(future)
        assert engine.cancel(future)
        with pytest.raises(WorkerLost, match="stopped"):
            future.result(SECONDS)
        assert client.asked_to_stop == 4


def test_who_is_gone_is_not_asked_to_stop_any_more():
    with opened(one=0) as (engine, client, _):
        client.stops = [False]
        future = submit(engine)
        assert engine.cancel(future)
        until(lambda: client.asked_to_stop > 1)
        client.go("one")
        with pytest.raises(WorkerLost, match="its Dask worker, one, is gone"):
            future.result(SECONDS)
        asked = client.asked_to_stop
        time.sleep(0.1)
        assert client.asked_to_stop <= asked + 1


def test_what_was_there_again_meanwhile_is_waited_for_anew(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine_module, "SHORTAGE_SECONDS", 1.0)
    with opened(plain=0, gpu=1) as (engine, client, said):
        futures = [submit(engine, gpu=1, cpu=2) for _ in range(3)]
        client.go("gpu")
        until(lambda: len([line for line in said if "waiting 1 s for it" in line]) == 2)
        client.come("gpu", gpu=1)
        until(lambda: len(client.sent) == 2)
        time.sleep(1.1)  # the third has waited too long, but for the worker that is back
        client.go("gpu")
        with pytest.raises(WorkerLost):
            futures[1].result(SECONDS)
        with pytest.raises(TimeoutError):
            futures[2].result(0.1)
        with pytest.raises(EngineError, match="Task needs cpu = 2, gpu = 1, and no worker has that"):
            futures[2].result(SECONDS)
        assert len(client.sent) == 2


def test_what_workers_have_together_changes_as_they_come_and_go():
    with opened(plain=0, gpu=2) as (engine, client, _):
        assert (engine.slots, engine.resources) == (2, {"gpu": 2.0})
        client.come("more", slots=3, gpu=1)
        until(lambda: engine.slots == 5)
        assert engine.resources == {"gpu": 3.0}
        for name in ("plain", "gpu", "more"):
            client.go(name)
        assert (engine.slots, engine.resources) == (1, {"gpu": 2.0}), "as much as one of them had"
