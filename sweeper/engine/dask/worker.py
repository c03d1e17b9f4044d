"""A Dask worker's side of the engine: each of its threads waits for a process of ours, which executes the call.

Dask cannot stop a thread, and code that crashes in one takes the whole Dask worker along. So calls run in the same
slots as on a laptop: what is printed is kept, what hangs is killed with its children, what crashes costs its own task.
What becomes of a call is told to its driver as events of the driver's topic, in order: Dask's result is not used, for
to fetch one from a worker that is gone would wait for ever.

Nothing is imported here that takes long: the Dask worker's event loop does it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import pickle
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeper.engine.dask.pool import IDLE_SECONDS, Pool

if TYPE_CHECKING:
    from distributed.worker import Worker

    from sweeper.engine.base import Execution
    from sweeper.engine.process import Setup

INCARNATION = uuid.uuid4().hex
"""Tells this process from one that has the same address later."""

LOOK_SECONDS = 0.2
"""How often a thread looks whether its call is still wanted."""


@dataclass(frozen=True, slots=True)
class Work:
    """A call on its way to a Dask worker, so that unpickling it there executes it.

    Dask's scheduler unpickles what it passes on, and need have neither sweeper nor the user's code: to it this is bytes
    and ``pickle.loads``. ``driver`` is the run of who sends it, ``order`` its key in Dask; ``incarnation`` is of the
    only process that may execute it: Dask would send it anew to one that has taken the address over. ``call`` is
    pickled, with what it needs.
    """

    driver: str
    order: str
    incarnation: str
    call: bytes

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str | bytes, ...]]:
        """Return ``execute`` with what it is to be given."""
        return execute, (self.driver, self.order, self.incarnation, self.call)


_pools: dict[str, Pool] = {}
"""What is done here for each driver."""

_tidying: threading.Thread | None = None


def topic(driver: str) -> str:
    """Return the topic of the events that are for a driver."""
    return f"sweeper-{driver}"


async def greet(dask_worker: Worker) -> None:
    """Make this Dask worker ready to have processes, and begin to import what they need."""
    from sweeper.engine.local import warm_up

    # a nanny starts its workers as daemons in the sense of multiprocessing, which may not have children
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # noqa: SLF001
    warm_up(dask_worker.state.nthreads)


def furnish(driver: str, setup: Setup) -> None:
    """Take in what the processes that work for a driver are given at their start."""
    _pools.setdefault(driver, Pool(setup)).setup = setup


def take_up(driver: str, folder: str, *, is_own: bool) -> str:
    """Begin to work for a driver, in its folder if that is here; return which process this is.

    ``is_own`` says that the driver has started this worker, for itself alone.
    """
    if is_own:
        with contextlib.suppress(PermissionError):  # it is out of reach of the terminal already
            os.setsid()
    furnish(driver, replace(_pools[driver].setup, folder=folder))
    _keep_tidy()
    return INCARNATION


def execute(driver: str, order: str, incarnation: str, call: bytes) -> None:
    """Execute a call in a process of ours, and tell its driver when it began and how it ended."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(topic(driver), {"order": order, "began": True})
    try:
        ending: Execution | BaseException = _execute(worker, driver, order, incarnation, call)
    except BaseException as error:  # noqa: BLE001 (the driver raises it, where it is told apart)
        ending = error
    worker.log_event(topic(driver), {"order": order, "ended": _pickled(ending)})


async def stop(driver: str, order: str) -> bool:
    """Kill the body of a call, or see to it that it never begins; False if it could not be ended in time."""
    pool = _pools.get(driver)
    return pool is None or await asyncio.to_thread(pool.stop, order)


async def leave(driver: str) -> bool:
    """End all that is done for a driver; False if not all could be ended in time."""
    pool = _pools.pop(driver, None)
    return pool is None or await asyncio.to_thread(pool.close)


def _execute(worker: Worker, driver: str, order: str, incarnation: str, call: bytes) -> Execution:
    from sweeper.engine.base import WorkerLost

    if incarnation != INCARNATION:
        raise WorkerLost("its Dask worker has been started anew")
    pool = _pools.get(driver)
    if pool is None:
        raise WorkerLost("its driver has left")
    task, needs = pickle.loads(call)  # noqa: S301 (our own driver's)
    with pool.executing(order, task, needs, worker) as future:
        while not wait([future], LOOK_SECONDS).done:
            if not _is_wanted(worker, order) and not pool.is_stopped(order):
                _forsake(driver, pool)
                break
        return future.result()


def _forsake(driver: str, pool: Pool) -> None:
    """Work no more for a driver that has let go of a call without a word: it is gone, or the scheduler."""
    if _pools.get(driver) is pool:
        _pools.pop(driver, None)
    pool.close()


def _is_wanted(worker: Worker, order: str) -> bool:
    """Whether anybody waits for a call: Dask forgets it when its driver is gone, and closes where the scheduler is."""
    from distributed.core import Status

    task = worker.state.tasks.get(order)
    is_open = worker.status not in (Status.closing, Status.closed, Status.failed)
    return is_open and task is not None and task.state in ("executing", "long-running")


def _keep_tidy() -> None:
    global _tidying  # noqa: PLW0603
    if _tidying is None:
        _tidying = threading.Thread(target=_tidy, name="sweeper-tidying", daemon=True)
        _tidying.start()


def _tidy() -> None:
    while True:
        time.sleep(IDLE_SECONDS / 4)
        for pool in [*_pools.values()]:
            pool.tidy()


def _pickled(ending: Any) -> bytes:
    from sweeper.errors import EngineError

    try:
        return pickle.dumps(ending)
    except Exception:  # noqa: BLE001 (a task's exceptions never come here, but what it is raised from may)
        return pickle.dumps(EngineError(f"{type(ending).__name__}: {ending}"))
