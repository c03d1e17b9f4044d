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
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distributed.worker import Worker

    from sweeper.engine.base import Execution, TaskCall
    from sweeper.engine.dask.relay import Exchange
    from sweeper.engine.process import Setup
    from sweeper.engine.slot import Slot

PROCESS = uuid.uuid4().hex
"""Tells this process from one that has the same address later."""

LOOK_SECONDS = 0.2
"""How often a thread looks whether its call is still wanted."""

IDLE_SECONDS = 30.0
"""How long a process without work is kept."""

ENDING_SECONDS = 8.0
"""How long it is waited for what was killed."""


@dataclass(frozen=True, slots=True)
class Work:
    """A call on its way to a Dask worker, so that unpickling it there executes it.

    Dask's scheduler unpickles what it passes on, and need have neither sweeper nor the user's code: to it this is bytes
    and ``pickle.loads``. ``token`` is its driver's, ``attempt`` its key in Dask; ``process`` the only one that may
    execute it: Dask would send it anew to one that has taken the address over. ``call`` is pickled.
    """

    token: str
    attempt: str
    process: str
    call: bytes

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str | bytes, ...]]:
        """Return ``execute`` with what it is to be given."""
        return execute, (self.token, self.attempt, self.process, self.call)


@dataclass(slots=True)
class _Pool:
    """What this process does for one driver: slots at work, idle ones with the time since when, calls to refuse."""

    setup: Setup
    busy: dict[str, tuple[Slot, Future[Execution]]] = field(default_factory=dict)
    idle: list[tuple[Slot, float]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)


_pools: dict[str, _Pool] = {}
_changing = threading.Lock()
_tidying: threading.Thread | None = None
_exchange: Exchange | None = None


def topic(token: str) -> str:
    """Return the topic of the events that are for a driver."""
    return f"sweeper-{token}"


async def greet(dask_worker: Worker) -> None:
    """Make this Dask worker ready to have processes, and begin to import what they need."""
    from sweeper.engine.local import warm_up

    # a nanny starts its workers as daemons in the sense of multiprocessing, which may not have children
    multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]  # noqa: SLF001
    warm_up(dask_worker.state.nthreads)


def furnish(token: str, setup: Setup) -> None:
    """Take in what the processes that work for a driver are given at their start."""
    with _changing:
        _pools[token] = replace(_pools[token], setup=setup) if token in _pools else _Pool(setup)


def take_up(token: str, folder: str, *, is_own: bool) -> str:
    """Begin to work for a driver, in its folder if that is here; return which process this is.

    ``is_own`` says that the driver has started this worker, for itself alone.
    """
    if is_own:
        with contextlib.suppress(PermissionError):  # it is out of reach of the terminal already
            os.setsid()
    furnish(token, replace(_pools[token].setup, folder=folder))
    return PROCESS


def execute(token: str, attempt: str, process: str, call: bytes) -> None:
    """Execute a call in a process of ours, and tell its driver when it began and how it ended."""
    from distributed import get_worker

    worker = get_worker()
    worker.log_event(topic(token), {"attempt": attempt, "began": True})
    try:
        ending: Execution | BaseException = _execute(worker, token, attempt, process, call)
    except BaseException as error:  # noqa: BLE001 (the driver raises it, where it is told apart)
        ending = error
    worker.log_event(topic(token), {"attempt": attempt, "ended": _pickled(ending)})


async def stop(token: str, attempt: str) -> bool:
    """Kill the body of a call, or see to it that it never begins; False if it could not be ended in time."""
    with _changing:
        if token not in _pools:
            return True
        _pools[token].refused.add(attempt)
        running = _pools[token].busy.get(attempt)
    return running is None or await asyncio.to_thread(_end, [running])


async def leave(token: str) -> bool:
    """End all that is done for a driver; False if not all could be ended in time."""
    with _changing:
        pool = _pools.pop(token, None)
    return pool is None or await asyncio.to_thread(_close, pool)


def _execute(worker: Worker, token: str, attempt: str, process: str, call: bytes) -> Execution:
    from sweeper.engine.base import WorkerLost

    if process != PROCESS:
        raise WorkerLost("its Dask worker has been started anew")
    slot = _take(token)
    try:
        future = _begin(token, attempt, slot, _connected(worker, pickle.loads(call)))  # noqa: S301 (our own driver's)
        is_killed = False
        while not wait([future], LOOK_SECONDS).done:
            if not is_killed and not _is_wanted(worker, attempt):
                is_killed = True
                slot.kill()
                _forsake(token, attempt)
        return future.result()
    finally:
        _give_back(token, attempt, slot)


def _forsake(token: str, attempt: str) -> None:
    """Work no more for a driver that has let go of a call without a word: it is gone, or the scheduler."""
    with _changing:
        pool = _pools.get(token)
        if pool is None or attempt in pool.refused:
            return
        del _pools[token]
    _close(pool)


def _take(token: str) -> Slot:
    from sweeper.engine.slot import Slot

    with _changing:
        pool = _pool(token)
        _keep_tidy()
        if pool.idle:
            return pool.idle.pop()[0]
    return Slot(multiprocessing.get_context("forkserver"), pool.setup)


def _begin(token: str, attempt: str, slot: Slot, call: TaskCall) -> Future[Execution]:
    from sweeper.engine.base import WorkerLost

    with _changing:  # a call that is to be stopped is refused here, or is there to be killed
        pool = _pool(token)
        if attempt in pool.refused:
            raise WorkerLost("stopped before it began")
        future = slot.run(call)
        pool.busy[attempt] = slot, future
    return future


def _connected(worker: Worker, call: TaskCall) -> TaskCall:
    """Return a call whose reporter, if it has one, speaks to the driver through this worker."""
    global _exchange  # noqa: PLW0603
    from sweeper.engine.dask.relay import Exchange, Ticket

    if not isinstance(call.reporter, Ticket):
        return call
    with _changing:
        _exchange = _exchange or Exchange(worker)
    return replace(call, reporter=_exchange.reporter(call.reporter))


def _pool(token: str) -> _Pool:
    """Return what is done for a driver; raises ``WorkerLost`` if it has left."""
    from sweeper.engine.base import WorkerLost

    if token not in _pools:
        raise WorkerLost("its driver has left")
    return _pools[token]


def _give_back(token: str, attempt: str, slot: Slot) -> None:
    with _changing:
        pool = _pools.get(token)
        if pool is not None:
            pool.busy.pop(attempt, None)
            pool.refused.discard(attempt)
            pool.idle.append((slot, time.monotonic()))
            return
    slot.close()


def _is_wanted(worker: Worker, attempt: str) -> bool:
    """Whether anybody waits for a call: Dask forgets it when its driver is gone, and closes where the scheduler is."""
    from distributed.core import Status

    task = worker.state.tasks.get(attempt)
    is_open = worker.status not in (Status.closing, Status.closed, Status.failed)
    return is_open and task is not None and task.state in ("executing", "long-running")


def _end(running: list[tuple[Slot, Future[Execution]]]) -> bool:
    for slot, _ in running:
        slot.kill()
    return not wait([future for _, future in running], ENDING_SECONDS).not_done


def _close(pool: _Pool) -> bool:
    is_ended = _end([*pool.busy.values()])  # who waits for each of them closes its slot
    for slot, _ in pool.idle:
        slot.kill()
    for slot, _ in pool.idle:
        slot.close()
    return is_ended


def _keep_tidy() -> None:
    """See to it that idle processes end, also where the driver is gone without a word."""
    global _tidying  # noqa: PLW0603
    if _tidying is None:
        _tidying = threading.Thread(target=_tidy, name="sweeper-tidying", daemon=True)
        _tidying.start()


def _tidy() -> None:
    while True:
        time.sleep(IDLE_SECONDS / 4)
        old: list[Slot] = []
        with _changing:
            before = time.monotonic() - IDLE_SECONDS
            for pool in _pools.values():
                old += [slot for slot, since in pool.idle if since < before]
                pool.idle = [(slot, since) for slot, since in pool.idle if since >= before]
        for slot in old:
            slot.close()


def _pickled(ending: Any) -> bytes:
    from sweeper.errors import EngineError

    try:
        return pickle.dumps(ending)
    except Exception:  # noqa: BLE001 (a task's exceptions never come here, but what it is raised from may)
        return pickle.dumps(EngineError(f"{type(ending).__name__}: {ending}"))
