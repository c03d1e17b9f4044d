"""An address without a scheduler behind it is said to be one, and why; certificates are for test_dask_tls.py."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.engine.dask import address, opening
from sweeper.engine.dask.address import check_answers
from sweeper.errors import EngineError, InputError
from sweeper.session import EngineName, run_spec
from tests.servers import free_port
from tests.sweeping import CHAIN, Recorder, write_spec

if TYPE_CHECKING:
    from distributed import LocalCluster


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "REACHING_SECONDS", 0.5)
    monkeypatch.setattr(address, "ANSWERING_SECONDS", 0.5)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCluster]:
    """A scheduler and a worker in this process, that speak over TCP."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(tmp_path_factory.mktemp("dask")),
        silence_logs=50,
    ) as cluster:
        yield cluster


@pytest.mark.parametrize("address", ["", "host", "tcp://host", "tcp://host:port", "tcp://:8786", "http://host:8786"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="write it as in tcp://host:8786"):
        check_answers(address)


def test_a_scheduler_answers(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ANSWERING_SECONDS", 60)
    check_answers(cluster.scheduler_address)
    check_answers(cluster.scheduler_address.removeprefix("tcp://"))


def test_a_worker_is_told_from_a_scheduler(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "ANSWERING_SECONDS", 60)
    with pytest.raises(EngineError, match="a Dask Worker is there; name the scheduler"):
        check_answers(cluster.workers[0].address)


def test_where_nobody_listens_it_is_said_what_starts_a_scheduler() -> None:
    with pytest.raises(EngineError, match="nobody listens there; `dask scheduler` starts"):
        check_answers(f"tcp://127.0.0.1:{free_port()}")


def test_who_is_about_to_start_is_waited_for_and_who_says_nothing_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(address, "REACHING_SECONDS", 60)
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        threading.Timer(0.3, late.listen).start()
        began = time.monotonic()
        with pytest.raises(EngineError, match="does not answer as a Dask scheduler does"):
            check_answers(f"tcp://127.0.0.1:{late.getsockname()[1]}")
        assert time.monotonic() - began > 0.3


def test_who_waits_for_an_address_is_told_so(monkeypatch: pytest.MonkeyPatch, store_uri: str) -> None:
    monkeypatch.setattr(opening, "QUIET_SECONDS", 0.1)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(EngineError, match="does not answer"):
        run_spec(
            Path(write_spec(f'task = "{CHAIN}:Fit"\nmetric = "score"\n')),
            Recorder(messages=told),
            engine=EngineName.DASK,
            tracking_uri=store_uri,
            address=(there := f"tcp://127.0.0.1:{silent.getsockname()[1]}"),
        )
    assert told == [f"waiting for a Dask scheduler at {there} to answer"]
