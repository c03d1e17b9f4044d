"""The engine on a Dask cluster: each call goes to one worker, chosen here, and what becomes of it comes back as events.

Dask carries calls and tells who is there; it decides nothing. It would run a call again elsewhere when its worker is
gone, and wait for ever for a resource that no worker has. So a call is sent to one process by its address, when a
thread and what it needs are free there, and counts as lost when that process is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sweeper.engine.base import Execution, TaskCall, WorkerLost
from sweeper.engine.dask import worker
from sweeper.engine.dask.cluster import Connection
from sweeper.engine.dask.hosts import Host, choose, shortage, totals
from sweeper.engine.dask.relay import Relay, Ticket
from sweeper.engine.dask.roster import Admit, Roster, Watcher
from sweeper.errors import EngineError

if TYPE_CHECKING:
    import distributed

SHORTAGE_SECONDS = 60.0
"""How long a call waits for another worker that has what it needs, once the last one is gone."""

STOPPING_SECONDS = 15.0
"""How long a worker is given to answer that it has stopped something."""


@dataclass(eq=False, slots=True)
class _Order:
    """A call that was submitted: it waits until a host has room, and is there until it has ended."""

    call: TaskCall
    needs: Mapping[str, float]
    attempt: str
    ticket: Ticket | None
    future: Future[Execution] = field(default_factory=Future)
    host: Host | None = None
    task: distributed.Future[Any] | None = None
    short_since: float | None = None


class DaskEngine:
    """Executes calls on the workers of a cluster, as many as they have threads; workers may come and go.

    ``token`` is the driver's, and ``admit`` is asked before a worker is given calls; ``notice`` is told, in any thread,
    what somebody who watches should know.
    """

    is_concurrent = True

    def __init__(self, connection: Connection, token: str, admit: Admit, notice: Callable[[str], None]) -> None:
        self._connection, self._client = connection, connection.client
        self._token = token
        self._notice = notice
        self._changing = threading.RLock()
        self._orders: dict[str, _Order] = {}
        self._is_closed = False
        self._relay = Relay(self._client)
        watcher = Watcher(self._place, self._lose_host, self._look_for_shortage, self._fail, notice)
        self._roster = Roster(connection, token, admit, watcher)
        try:
            self._client.subscribe_topic(worker.topic(token), self._hear)
            self._roster.open()
        except BaseException:
            self.close()
            raise

    @property
    def slots(self) -> int:
        """How many calls workers execute at a time; one where there is none: its call waits for a worker."""
        return max(1, sum(host.slots for host in self._roster.hosts))

    @property
    def resources(self) -> Mapping[str, float]:
        """What all workers together declare; of what was there once, no less than the most that one of them had."""
        there = totals(self._roster.hosts)
        return {name: max(there.get(name, 0.0), most) for name, most in self._roster.most.items()}

    def has_room(self, resources: Mapping[str, float]) -> bool:
        """Whether a call that asks for so much can start now, or never can: then submitting it says so."""
        with self._changing:
            hosts = self._roster.hosts
            is_short = any(order.short_since for order in self._orders.values())  # then it is said already
            never = not is_short and not any(host.could_run(resources) for host in hosts)
            return never or choose(hosts, resources) is not None

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """Execute a call on a worker that has room for it, as soon as there is one."""
        ticket = self._relay.keep(call.reporter) if call.reporter is not None else None
        key = f"{call.name.rpartition('.')[2]}-{uuid.uuid4().hex}"  # Dask's dashboard shows what is before the number
        order = _Order(replace(call, reporter=ticket), resources, key, ticket)
        with self._changing:
            self._orders[order.attempt] = order
        if self._roster.failure is not None:
            self._fail(self._roster.failure)
        self._place()
        self._look_for_shortage()
        return order.future

    def cancel(self, future: Future[Execution]) -> bool:
        """Stop a call with all that its process has started; the future ends once the worker says that they have."""
        with self._changing:
            order = next((one for one in self._orders.values() if one.future is future), None)
            host = order.host if order is not None else None
        if order is None:
            return False
        if host is None:
            self._settle(order.attempt, WorkerLost("stopped before it began"))
        else:
            assert self._client.loop is not None
            self._client.loop.add_callback(self._stop, order.attempt, host)
        return True

    def close(self) -> None:
        """Stop what runs, and let go of the workers; those of a cluster of our own end."""
        self._is_closed = True
        addresses = self._roster.close()
        if addresses:
            with contextlib.suppress(Exception):  # a worker is gone, or the scheduler: then so is what it ran
                self._client.sync(self._ask, addresses, worker.leave, self._token)
        self._relay.close()
        self._connection.close()
        for attempt in [*self._orders]:
            self._settle(attempt, WorkerLost("the engine is closed"))

    def _place(self) -> None:
        """Send what waits to workers that have room for it, the oldest first."""
        with self._changing:
            if self._is_closed or self._roster.failure:
                return
            for order in [order for order in self._orders.values() if order.host is None]:
                host = choose(self._roster.hosts, order.needs)
                if host is not None:
                    self._send(order, host)

    def _send(self, order: _Order, host: Host) -> None:
        order.host, order.short_since = host, None
        host.taken[order.attempt] = order.needs
        work = worker.Work(self._token, order.attempt, host.process, pickle.dumps(order.call))
        order.task = self._client.submit(
            pickle.loads,
            pickle.dumps(work),
            key=order.attempt,
            workers=[host.address],
            allow_other_workers=False,
            resources=dict(order.needs) or None,
            retries=0,
            pure=False,
        )
        order.task.add_done_callback(lambda task: self._hear_from_dask(order.attempt, task))
        if host not in self._roster.hosts:  # it went meanwhile, before this call was there to be lost
            self._lose_host(host)

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take in what a worker tells of a call, in the thread of the connection."""
        message = event[1]
        with self._changing:
            order = self._orders.get(message["attempt"])
        if order is None:
            return
        if "ended" in message:
            self._settle(order.attempt, pickle.loads(message["ended"]))  # noqa: S301 (of a worker that was admitted)
        elif not order.future.running():
            order.future.set_running_or_notify_cancel()

    def _hear_from_dask(self, attempt: str, task: distributed.Future[Any]) -> None:
        """Take in what Dask says of a call that could not say itself what became of it."""
        if task.status == "error":
            error = task.exception()
            self._settle(attempt, EngineError(f"a worker could not execute a call: {type(error).__name__}: {error}"))

    async def _stop(self, attempt: str, host: Host) -> None:
        with contextlib.suppress(Exception):  # the worker is gone, which is told in another way, or does not answer
            if await self._ask([host.address], worker.stop, self._token, attempt):
                self._settle(attempt, WorkerLost("stopped"))

    async def _ask(self, addresses: list[str], function: Callable[..., Any], *args: str) -> bool:
        """Return whether a function says on each of some workers that it has done what it is for."""
        answers = await asyncio.wait_for(self._client.run(function, *args, workers=addresses), STOPPING_SECONDS)
        return all(answers.values())

    def _lose_host(self, host: Host) -> None:
        with self._changing:
            attempts = [*host.taken]
        for attempt in attempts:
            self._settle(attempt, WorkerLost(f"its Dask worker, {host.address}, is gone"))

    def _look_for_shortage(self) -> None:
        """Say so where no worker has what a call needs; it fails if none ever had, or none comes in time."""
        with self._changing:
            hosts = self._roster.hosts
            short = [order for order in self._orders.values() if order.host is None and hosts]
            short = [order for order in short if not any(host.could_run(order.needs) for host in hosts)]
        for order in short:
            reason = shortage(order.call.name, order.needs, hosts, self._connection.address)
            had = self._roster.most
            if order.short_since is None and all(had.get(name, 0.0) >= much for name, much in order.needs.items()):
                order.short_since = time.monotonic()
                self._notice(f"{reason}; waiting {SHORTAGE_SECONDS:g} s for it")
            elif order.short_since is None or time.monotonic() - order.short_since > SHORTAGE_SECONDS:
                self._settle(order.attempt, EngineError(reason))

    def _fail(self, failure: EngineError) -> None:
        """Let all calls end for want of a scheduler."""
        for attempt in [*self._orders]:
            self._settle(attempt, failure)

    def _settle(self, attempt: str, ending: Execution | BaseException) -> None:
        """Let a call end, and give its place to another."""
        with self._changing:
            order = self._orders.pop(attempt, None)
            if order is not None and order.host is not None:
                order.host.taken.pop(attempt, None)
        if order is None:
            return
        if order.task is not None:
            order.task.release()
        if order.ticket is not None:
            self._relay.drop(order.ticket)
        if isinstance(ending, BaseException):
            order.future.set_exception(ending)
        else:
            order.future.set_result(ending)
        self._place()
