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
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sweeper.engine.base import Execution, TaskCall, WorkerLost
from sweeper.engine.dask import worker
from sweeper.engine.dask.cluster import Connection
from sweeper.engine.dask.relay import Relay, Ticket
from sweeper.engine.dask.roster import Admit, Roster, Watcher
from sweeper.engine.dask.sites import Site, choose, is_enough, shortage
from sweeper.errors import EngineError

if TYPE_CHECKING:
    import distributed

SHORTAGE_SECONDS = 600.0
"""How long a call waits for another worker that has what it needs, once the last one is gone."""

STOPPING_SECONDS = 15.0
"""How long a worker is given to answer that it has stopped something."""

AGAIN_SECONDS = 1.0
"""How long after a worker could not stop something it is asked again."""


@dataclass(eq=False, slots=True)
class _Order:
    """A call that was submitted: it waits until a site has room, and is there until it has ended.

    ``key`` is the one that it has in Dask; ``short_since`` says since when no site has what it needs.
    """

    call: TaskCall
    needs: Mapping[str, float]
    key: str
    ticket: Ticket | None
    future: Future[Execution] = field(default_factory=Future)
    site: Site | None = None
    task: distributed.Future[Any] | None = None
    short_since: float | None = None
    is_stopping: bool = False


class DaskEngine:
    """Executes calls on the workers of a cluster, as many as they have threads; workers may come and go.

    ``driver`` is the driver's run, and ``admit`` is asked before a worker is given calls; ``notice`` is told, in any
    thread, what somebody who watches should know.
    """

    is_concurrent = True

    def __init__(self, connection: Connection, driver: str, admit: Admit, notice: Callable[[str], None]) -> None:
        self._connection, self._client = connection, connection.client
        self._driver = driver
        self._notice = notice
        self._changing = threading.RLock()
        self._orders: dict[str, _Order] = {}
        self._is_closed = False
        self._relay = Relay(self._client)
        watcher = Watcher(self._place, self._lose_site, self._look_for_shortage, self._fail, notice)
        self._roster = Roster(connection, driver, admit, watcher)
        try:
            self._client.subscribe_topic(worker.topic(driver), self._hear)
            self._roster.open()
        except BaseException:
            self.close()
            raise

    @property
    def slots(self) -> int:
        """How many calls workers execute at a time; one where there is none: its call waits for a worker."""
        return max(1, self._roster.slots)

    @property
    def resources(self) -> Mapping[str, float]:
        """What all workers together declare; of what was there once, no less than the most that one of them had."""
        there = self._roster.totals
        return {name: max(there.get(name, 0.0), most) for name, most in self._roster.most.items()}

    def has_room(self, resources: Mapping[str, float]) -> bool:
        """Whether a call that asks for so much can start now, or never can: then submitting it says so."""
        with self._changing:
            sites = self._roster.sites
            is_short = any(order.short_since for order in self._orders.values())  # then it is said already
            never = not is_short and not any(site.could_run(resources) for site in sites)
            return never or choose(sites, resources) is not None

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """Execute a call on a worker that has room for it, as soon as there is one."""
        ticket = self._relay.keep(call.reporter) if call.reporter is not None else None
        key = f"{call.name.rpartition('.')[2]}-{uuid.uuid4().hex}"  # Dask's dashboard shows what is before the number
        order = _Order(replace(call, reporter=ticket), resources, key, ticket)
        with self._changing:
            self._orders[order.key] = order
        if self._roster.failure is not None:
            self._fail(self._roster.failure)
        self._place()
        self._look_for_shortage()
        return order.future

    def cancel(self, future: Future[Execution]) -> bool:
        """Stop a call with all that its process has started; the future ends once the worker says that they have."""
        with self._changing:
            order = next((one for one in self._orders.values() if one.future is future), None)
            if order is None:
                return False
            if order.site is None:  # settled before another thread can send it off
                self._settle(order, WorkerLost("stopped before it began"))
            elif not order.is_stopping:
                order.is_stopping = True
                assert self._client.loop is not None
                self._client.loop.add_callback(self._stop, order, order.site)
        return True

    def close(self) -> None:
        """Stop what runs, and let go of the workers; those of a cluster of our own end."""
        self._is_closed = True
        addresses = self._roster.close()
        if addresses:
            with contextlib.suppress(Exception):  # a worker is gone, or the scheduler: then so is what it ran
                self._client.sync(self._ask, addresses, worker.leave, self._driver)
        self._relay.close()
        self._connection.close()
        for order in [*self._orders.values()]:
            self._settle(order, WorkerLost("the engine is closed"))

    def _place(self) -> None:
        """Send what waits to workers that have room for it, the oldest first."""
        with self._changing:
            if self._is_closed or self._roster.failure:
                return
            for order in [*self._orders.values()]:
                if order.site is None and (site := choose(self._roster.sites, order.needs)) is not None:
                    self._send(order, site)

    def _send(self, order: _Order, site: Site) -> None:
        order.site, order.short_since = site, None
        site.taken[order.key] = order.needs
        work = worker.Work(self._driver, order.key, site.incarnation, pickle.dumps((order.call, order.needs)))
        order.task = self._client.submit(
            pickle.loads,
            pickle.dumps(work),
            key=order.key,
            workers=[site.address],
            allow_other_workers=False,
            resources=site.declared(order.needs) or None,
            retries=0,
            pure=False,
        )
        order.task.add_done_callback(lambda task: self._hear_from_dask(order, task))
        if site not in self._roster.sites:  # it went meanwhile, before this call was there to be lost
            self._lose_site(site)

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take in what a worker tells of a call, in the thread of the connection."""
        message = event[1]
        with self._changing:
            order = self._orders.get(message["order"])
        if order is None:
            return
        if "ended" in message:
            self._settle(order, pickle.loads(message["ended"]))  # noqa: S301 (of a worker that was admitted)
        elif not order.future.running():
            order.future.set_running_or_notify_cancel()

    def _hear_from_dask(self, order: _Order, task: distributed.Future[Any]) -> None:
        """Take in what Dask says of a call that could not say itself what became of it."""
        if task.status == "error":
            error = task.exception()
            self._settle(order, EngineError(f"a worker could not execute a call: {type(error).__name__}: {error}"))

    async def _stop(self, order: _Order, site: Site) -> None:
        """Ask a worker to stop a call, again and again until it has ended in this way or another."""
        while order.key in self._orders and not self._is_closed:
            with contextlib.suppress(Exception):  # the worker is gone, which is told in another way, or does not answer
                if await self._ask([site.address], worker.stop, self._driver, order.key):
                    self._settle(order, WorkerLost("stopped"))
                    return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ask(self, addresses: list[str], function: Callable[..., Any], *args: str) -> bool:
        """Return whether a function says on each of some workers that it has done what it is for."""
        answers = await asyncio.wait_for(self._client.run(function, *args, workers=addresses), STOPPING_SECONDS)
        return all(answers.values())

    def _lose_site(self, site: Site) -> None:
        with self._changing:
            lost = [self._orders[key] for key in site.taken]
        for order in lost:
            self._settle(order, WorkerLost(f"its Dask worker, {site.address}, is gone"))

    def _look_for_shortage(self) -> None:
        """Say so where no worker has what a call needs; it fails if none ever had, or none comes in time."""
        notices: list[str] = []
        with self._changing:  # an order is settled before another thread can send it off
            sites = self._roster.sites
            for order in [order for order in self._orders.values() if order.site is None and sites]:
                if any(site.could_run(order.needs) for site in sites):
                    order.short_since = None
                else:
                    notices += self._in_want(order, sites)
        for notice in notices:
            self._notice(notice)

    def _in_want(self, order: _Order, sites: Sequence[Site]) -> list[str]:
        """Let a call wait, or fail, that none of the workers could execute; return what to say of it."""
        reason = shortage(order.call.name, order.needs, sites, self._connection.address)
        if order.short_since is None and is_enough(self._roster.most, order.needs):
            order.short_since = time.monotonic()
            return [f"{reason}; waiting {SHORTAGE_SECONDS:g} s for it"]
        if order.short_since is None or time.monotonic() - order.short_since > SHORTAGE_SECONDS:
            self._settle(order, EngineError(reason))
        return []

    def _fail(self, failure: EngineError) -> None:
        """Let all calls end for want of a scheduler."""
        for order in [*self._orders.values()]:
            self._settle(order, failure)

    def _settle(self, order: _Order, ending: Execution | BaseException) -> None:
        """Let a call end, unless it has, and give its place to another."""
        with self._changing:
            if self._orders.pop(order.key, None) is None:
                return
            if order.site is not None:
                order.site.taken.pop(order.key, None)
        if order.task is not None:
            order.task.release()
        if order.ticket is not None:
            self._relay.drop(order.ticket)
        if isinstance(ending, BaseException):
            order.future.set_exception(ending)
        else:
            order.future.set_result(ending)
        self._place()
