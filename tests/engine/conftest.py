"""Engines to run tasks on, and what runs one."""

from __future__ import annotations

import contextlib
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from sweeper.engine.base import Engine, Execution, TaskCall, call_for
from sweeper.engine.inline import InlineEngine
from sweeper.task.context import current

if TYPE_CHECKING:
    import luigi

    from sweeper.engine.process import Setup
    from sweeper.task.context import Context
    from tests.clusters import DaskCluster

CALL_SECONDS = 120

Execute = Callable[..., Execution]


@pytest.fixture
def local(context: Context, store_uri: str) -> Iterator[Engine]:
    """A process in which tasks run."""
    from sweeper.engine.local import LocalEngine
    from sweeper.engine.process import Setup

    with contextlib.closing(LocalEngine(1, Setup(store_uri, tuple(sys.path)))) as engine:
        yield engine


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A Dask cluster of two workers, one of them without a nanny; who kills anything of a cluster has another."""
    from tests.clusters import dask_cluster

    with dask_cluster(tmp_path_factory.mktemp("dask")) as cluster:
        cluster.add_worker("first")
        cluster.add_worker("second", "--no-nanny")
        cluster.pids()
        yield cluster


@pytest.fixture
def on_dask(context: Context, store_uri: str, cluster: DaskCluster) -> Iterator[Engine]:
    """Workers of a Dask cluster in whose processes tasks run, wherever their code comes from."""
    from sweeper.engine.process import Setup

    with contextlib.closing(dask_engine(cluster.address, Setup(store_uri, tuple(sys.path)))) as engine:
        yield engine


def dask_engine(address: str, setup: Setup, notice: Callable[[str], None] = print) -> Engine:
    """Return an engine that takes every worker for fit."""
    from sweeper.engine.dask import worker
    from sweeper.engine.dask.cluster import connect
    from sweeper.engine.dask.engine import DaskEngine

    connection, driver = connect(address), uuid.uuid4().hex

    def admit(addresses: Sequence[str]) -> dict[str, str]:
        connection.client.run(worker.greet, workers=[*addresses])
        connection.client.run(worker.furnish, driver, setup, workers=[*addresses])
        return dict.fromkeys(addresses, "")

    return DaskEngine(connection, driver, admit, notice)


@pytest.fixture(params=["inline", "local", "on_dask"])
def engine(context: Context, request: pytest.FixtureRequest) -> Engine:
    """Each of the engines."""
    return InlineEngine() if request.param == "inline" else request.getfixturevalue(request.param)


@pytest.fixture
def execute(engine: Engine) -> Execute:
    """Run a task on an engine, and wait for what became of it."""
    return executing(engine)


def executing(engine: Engine) -> Execute:
    """Return what runs a task on an engine; ``change`` is done to the call on its way."""

    def execute(
        task: luigi.Task,
        *,
        metrics: tuple[str, ...] = ("score",),
        change: Callable[[TaskCall], TaskCall] = lambda call: call,
    ) -> Execution:
        return submit(engine, task, metrics=metrics, change=change).result(timeout=CALL_SECONDS)

    return execute


def score(execution: Execution) -> float:
    """Return the score that an execution came to."""
    assert execution.result is not None
    return execution.result.metrics["score"]


def submit(
    engine: Engine,
    task: luigi.Task,
    *,
    metrics: tuple[str, ...] = (),
    change: Callable[[TaskCall], TaskCall] = lambda call: call,
) -> Future[Execution]:
    """Start a task on an engine."""
    labels = {**current().labels, "colour": "red"}
    return engine.submit(change(call_for(task, labels=labels, metrics=metrics)), resources={})
