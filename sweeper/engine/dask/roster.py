"""Who is there on a cluster: workers that come are looked at and taken in, those that go are let go of, at once."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.engine.dask import worker
from sweeper.engine.dask.admission import refusal
from sweeper.engine.dask.sites import Site, totals
from sweeper.errors import EngineError, SweeperError

if TYPE_CHECKING:
    from sweeper.engine.dask.cluster import Connection

LOOK_SECONDS = 0.25
"""How often it is looked whether the scheduler is there, and whether workers have come."""

REFRESH_SECONDS = 10.0
"""How often all workers are asked for, also where no event says that one has come."""

_EVERYTHING = "all"
"""The topic by which a Dask scheduler tells of its workers."""

Admit = Callable[[Sequence[str]], Mapping[str, str]]
"""Returns why each of some workers cannot be given calls, '' if it can: then it has what it needs for them."""


@dataclass(frozen=True, slots=True)
class Watcher:
    """What is called, in any thread, when workers have ``come``, and when one has ``gone``.

    ``looking`` is called again and again, and ``lost`` once if the scheduler is gone, or nobody can keep up any more;
    ``notice`` is told what somebody who watches should know.
    """

    come: Callable[[], None]
    gone: Callable[[Site], None]
    looking: Callable[[], None]
    lost: Callable[[EngineError], None]
    notice: Callable[[str], None]


class Roster:
    """The workers of a cluster that are given a driver's calls, by their addresses.

    ``slots`` and ``totals`` are what those that are there have together, ``most`` the most of each resource that one of
    them had so far. ``failure`` says why nobody is watched any more, None while all are.
    """

    def __init__(self, connection: Connection, driver: str, admit: Admit, watcher: Watcher) -> None:
        self._connection, self._client = connection, connection.client
        self._driver, self._admit = driver, admit
        self._watcher = watcher
        self._changing = threading.Lock()
        self._sites: dict[str, Site] = {}
        self._unfit: set[str] = set()
        self._departed: set[str] = set()
        self._trouble = ""
        self._is_stale = True
        self._is_closed = False
        self.slots = 0
        self.totals: Mapping[str, float] = {}
        self.most: Mapping[str, float] = {}
        self.failure: EngineError | None = None

    @property
    def sites(self) -> list[Site]:
        """The workers that are there now."""
        with self._changing:
            return [*self._sites.values()]

    def open(self) -> None:
        """Take in the workers that are there, and keep up from here on; where there is none, wait for the first.

        Raises ``EngineError`` if one of them is not fit, or the scheduler goes.
        """
        self._client.subscribe_topic(_EVERYTHING, self._hear)
        if misfits := self._take_in(self._newcomers()):
            raise refusal(misfits)
        assert self._client.loop is not None
        asyncio.run_coroutine_threadsafe(self._keep_up(), self._client.loop.asyncio_loop)  # type: ignore[attr-defined]
        address = self._connection.address
        if not self.sites:
            self._watcher.notice(f"no worker at {address} yet: waiting for one; `dask worker {address}` starts one")
        while not (self.sites or self.failure):
            time.sleep(LOOK_SECONDS)
        if self.failure is not None:
            raise self.failure

    def close(self) -> list[str]:
        """Keep up no more; return the addresses of the workers that were there."""
        self._is_closed = True
        with contextlib.suppress(Exception):  # else the scheduler tells this client that it goes, when it has gone
            self._client.unsubscribe_topic(_EVERYTHING)
        with self._changing:
            addresses = [*self._sites]
            self._sites.clear()
            self._count()
        return addresses if self.failure is None else []

    def _hear(self, event: tuple[float, Any]) -> None:
        """Take in what the scheduler tells, in the thread of the connection."""
        message = event[1]
        action = message.get("action") if isinstance(message, dict) else None
        if action == "add-worker":
            self._is_stale = True
        elif action == "remove-worker":
            self._part_with(message["worker"])

    async def _keep_up(self) -> None:
        """Look after the workers until this is closed, or give up: then all that waits has to learn of it."""
        try:
            await self._look_until_closed()
            failure = EngineError(
                f"the connection to the Dask scheduler at {self._connection.address} is lost; what has a result "
                "keeps it: start a cluster, and run the same command again"
            )
        except Exception as error:  # noqa: BLE001 (nobody else would hear of it)
            failure = EngineError(
                f"the workers at {self._connection.address} cannot be watched any more: {type(error).__name__}: "
                f"{error}; what has a result keeps it: run the same command again"
            )
        if not self._is_closed:
            self.failure = failure
            self._watcher.lost(failure)

    async def _look_until_closed(self) -> None:
        """Return once this is closed, or the scheduler is gone."""
        refreshed, refreshing = time.monotonic(), None
        while not self._is_closed and self._client.status == "running":
            is_due = self._is_stale or time.monotonic() - refreshed > REFRESH_SECONDS
            if is_due and (refreshing is None or refreshing.done()):  # a worker that hangs holds up newcomers alone
                refreshing = asyncio.create_task(asyncio.to_thread(self._refresh))
                refreshed = time.monotonic()
            self._watcher.looking()
            await asyncio.sleep(LOOK_SECONDS)

    def _refresh(self) -> None:
        trouble, misfits = "", dict[str, str]()
        try:
            misfits = self._take_in(self._newcomers())
        except SweeperError as error:
            trouble = str(error)
        except (OSError, TimeoutError, RuntimeError):  # a connection has broken: the next look tells
            return
        except Exception as error:  # noqa: BLE001 (else nobody learns why newcomers are not used)
            trouble = f"{type(error).__name__}: {error}"
        if self._is_closed or self._client.status != "running":
            return
        if trouble and trouble != self._trouble:
            self._watcher.notice(f"workers that have come are not used yet: {trouble}")
        self._trouble = trouble
        for address, reason in misfits.items():
            self._watcher.notice(f"{address} is not used: {reason}")

    def _newcomers(self) -> dict[str, Site]:
        """Return the workers that the scheduler knows, and that are neither here nor unfit."""
        self._is_stale = False
        with self._changing:
            self._departed.clear()
            known = [*self._sites]
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        for address in known:
            if address not in workers:
                self._part_with(address)
        return {
            address: Site(address, one["nthreads"], dict(one["resources"]))
            for address, one in workers.items()
            if one["status"] == "running" and address not in self._sites and address not in self._unfit
        }

    def _take_in(self, newcomers: Mapping[str, Site]) -> dict[str, str]:
        """Take in those that are fit; return why others are not."""
        if not newcomers:
            return {}
        reasons = self._admitted(newcomers)
        with self._changing:
            reasons = {address: reason for address, reason in reasons.items() if address not in self._departed}
            fit = [newcomers[address] for address, reason in reasons.items() if not reason]
            misfits = {address: reason for address, reason in reasons.items() if reason}
            was_empty = not self._sites
            self._unfit.update(misfits)
            self._sites.update({site.address: site for site in fit})
            self._count()
        if fit and not self._is_closed:
            self._watcher.notice(_counted(len(fit), self.slots, is_more=not was_empty))
            self._watcher.come()
        return misfits

    def _count(self) -> None:
        """Count what there is, whenever that changes: it is asked for more often."""
        sites = self._sites.values()
        self.slots = sum(site.slots for site in sites)
        self.totals = totals(sites)
        most = dict(self.most)
        for site in sites:
            for name, much in site.resources.items():
                most[name] = max(much, most.get(name, 0.0))
        self.most = most  # another thread may read what there was

    def _admitted(self, newcomers: Mapping[str, Site]) -> dict[str, str]:
        """Return why each newcomer is not fit, '' if it is; one that is gone again is left out."""
        # one that has no sweeper, or another, is told apart in a moment
        self._client.run(worker.greet, workers=[*newcomers], on_error="ignore")
        reasons = dict(self._admit([*newcomers]))
        answers = self._client.run(
            worker.take_up,
            self._driver,
            str(Path.cwd()),
            is_own=self._connection.own is not None,
            workers=[address for address, reason in reasons.items() if not reason],
            on_error="return",
        )
        for address, answer in answers.items():
            if isinstance(answer, str):
                newcomers[address].incarnation = answer
            elif isinstance(answer, OSError):
                del reasons[address]
            else:
                reasons[address] = f"{type(answer).__name__}: {answer}"
        return reasons

    def _part_with(self, address: str) -> None:
        with self._changing:
            self._departed.add(address)
            self._unfit.discard(address)
            site = self._sites.pop(address, None)
            is_last = site is not None and not self._sites
            if site is not None:
                self._count()
        if site is None or self._is_closed:
            return
        self._watcher.gone(site)
        if is_last:
            self._watcher.notice(f"no worker is left at {self._connection.address}: waiting for one")


def _counted(new: int, slots: int, *, is_more: bool) -> str:
    workers = "1 worker" if new == 1 else f"{new} workers"
    return f"{workers}{' more' if is_more else ''}: up to {'1 task' if slots == 1 else f'{slots} tasks'} at a time"
