"""Engines to run tasks on, and what runs one."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import pytest

from sweeper.engine.base import Engine, Execution, TaskCall, call_for
from sweeper.engine.inline import InlineEngine
from sweeper.task.context import current

if TYPE_CHECKING:
    import luigi

    from sweeper.task.context import Context

CALL_SECONDS = 120

Execute = Callable[..., Execution]


@pytest.fixture
def local(context: Context, store_uri: str) -> Iterator[Engine]:
    """A process in which tasks run."""
    from sweeper.engine.local import LocalEngine
    from sweeper.engine.process import Setup

    with contextlib.closing(LocalEngine(1, Setup(store_uri, tuple(sys.path)))) as engine:
        yield engine


@pytest.fixture(params=["inline", "local"])
def engine(context: Context, request: pytest.FixtureRequest) -> Engine:
    """Each of the engines."""
    return InlineEngine() if request.param == "inline" else request.getfixturevalue("local")


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
