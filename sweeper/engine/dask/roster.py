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
from sweeper.engine.dask.hosts import Host
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

    ``looking`` is called again and again, and ``lost`` once if the scheduler is gone; ``notice`` is told what somebody
    who watches should know.
    """

    come: Callable[[], None]
    gone: Callable[[Host], None]
    looking: Callable[[], None]
    lost: Callable[[EngineError], None]
    notice: Callable[[str], None]


class Roster:
    """The workers of a cluster that are given calls of the driver with a token, by their addresses."""

    def __init__(self, connection: Connection, token: str, admit: Admit, watcher: Watcher) -> None:
        self._connection, self._client = connection, connection.client
        self._token, self._admit = token, admit
        self._watcher = watcher
        self._changing = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._unfit: set[str] = set()
        self._departed: set[str] = set()
        self._is_stale = True
        self._is_closed = False
        self.most: dict[str, float] = {}
        self.failure: EngineError | None = None

    @property
    def hosts(self) -> list[Host]:
        """The workers that are there now."""
        with self._changing:
            return [*self._hosts.values()]

    def open(self) -> None:
        """Take in the workers that are there, and keep up from here on; where there is none, wait for the first.

        Raises ``EngineError`` if one of them is not fit, or the scheduler goes.
        """
        self._client.subscribe_topic(_EVERYTHING, self._hear)
        if misfits := self._take_in(self._newcomers()):
            error = refusal(misfits)
            assert error is not None
            raise error
        assert self._client.loop is not None
        asyncio.run_coroutine_threadsafe(self._keep_up(), self._client.loop.asyncio_loop)  # type: ignore[attr-defined]
        address = self._connection.address
        if not self.hosts:
            self._watcher.notice(f"no worker at {address} yet: waiting for one; `dask worker {address}` starts one")
        while not (self.hosts or self.failure):
            time.sleep(LOOK_SECONDS)
        if self.failure is not None:
            raise self.failure

    def close(self) -> list[str]:
        """Keep up no more; return the addresses of the workers that were there."""
        self._is_closed = True
        with contextlib.suppress(Exception):  # else the scheduler tells this client that it goes, when it has gone
            self._client.unsubscribe_topic(_EVERYTHING)
        with self._changing:
            addresses = [*self._hosts]
            self._hosts.clear()
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
        refreshed, refreshing = time.monotonic(), None
        while not self._is_closed:
            if self._client.status != "running":
                self.failure = EngineError(
                    f"the connection to the Dask scheduler at {self._connection.address} is lost; what has a result "
                    "keeps it: start a cluster, and run the same command again"
                )
                self._watcher.lost(self.failure)
                return
            is_due = self._is_stale or time.monotonic() - refreshed > REFRESH_SECONDS
            if is_due and (refreshing is None or refreshing.done()):  # a worker that hangs holds up newcomers alone
                refreshing = asyncio.create_task(asyncio.to_thread(self._refresh))
                refreshed = time.monotonic()
            self._watcher.looking()
            await asyncio.sleep(LOOK_SECONDS)

    def _refresh(self) -> None:
        try:
            misfits = self._take_in(self._newcomers())
        except SweeperError as error:
            misfits = {"a worker that has come": str(error)}
        except Exception:  # noqa: BLE001 (whatever a connection raises that breaks: the next look tells)
            return
        if self._is_closed:
            return
        for address, reason in misfits.items():
            self._watcher.notice(f"{address} is not used: {reason}")

    def _newcomers(self) -> dict[str, Host]:
        """Return the workers that the scheduler knows, and that are neither here nor unfit."""
        self._is_stale = False
        with self._changing:
            self._departed.clear()
            known = [*self._hosts]
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        for address in known:
            if address not in workers:
                self._part_with(address)
        return {
            address: Host(address, one["nthreads"], dict(one["resources"]))
            for address, one in workers.items()
            if one["status"] == "running" and address not in self._hosts and address not in self._unfit
        }

    def _take_in(self, newcomers: Mapping[str, Host]) -> dict[str, str]:
        """Take in those that are fit; return why others are not."""
        if not newcomers:
            return {}
        reasons = self._admitted(newcomers)
        with self._changing:
            reasons = {address: reason for address, reason in reasons.items() if address not in self._departed}
            fit = [newcomers[address] for address, reason in reasons.items() if not reason]
            misfits = {address: reason for address, reason in reasons.items() if reason}
            was_empty = not self._hosts
            self._unfit.update(misfits)
            self._hosts.update({host.address: host for host in fit})
            for host in fit:  # another thread may read what there was
                self.most = self.most | {
                    name: max(much, self.most.get(name, 0.0)) for name, much in host.resources.items()
                }
        if fit and not self._is_closed:
            self._watcher.notice(_counted(fit, self.hosts, is_more=not was_empty))
            self._watcher.come()
        return misfits

    def _admitted(self, newcomers: Mapping[str, Host]) -> dict[str, str]:
        """Return why each newcomer is not fit, '' if it is; one that is gone again is left out."""
        # one that has no sweeper, or another, is told apart in a moment
        self._client.run(worker.greet, workers=[*newcomers], on_error="ignore")
        reasons = dict(self._admit([*newcomers]))
        answers = self._client.run(
            worker.take_up,
            self._token,
            str(Path.cwd()),
            is_own=self._connection.own is not None,
            workers=[address for address, reason in reasons.items() if not reason],
            on_error="return",
        )
        for address, answer in answers.items():
            if isinstance(answer, str):
                newcomers[address].process = answer
            elif isinstance(answer, OSError):
                del reasons[address]
            else:
                reasons[address] = f"{type(answer).__name__}: {answer}"
        return reasons

    def _part_with(self, address: str) -> None:
        with self._changing:
            self._departed.add(address)
            self._unfit.discard(address)
            host = self._hosts.pop(address, None)
            is_last = host is not None and not self._hosts
        if host is None or self._is_closed:
            return
        self._watcher.gone(host)
        if is_last:
            self._watcher.notice(f"no worker is left at {self._connection.address}: waiting for one")


def _counted(new: Sequence[Host], there: Sequence[Host], *, is_more: bool) -> str:
    workers = "1 worker" if len(new) == 1 else f"{len(new)} workers"
    slots = sum(host.slots for host in there)
    return f"{workers}{' more' if is_more else ''}: up to {'1 task' if slots == 1 else f'{slots} tasks'} at a time"
