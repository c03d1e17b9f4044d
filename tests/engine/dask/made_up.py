"""A Dask cluster made up: its workers come and go at once, and do nothing but answer what a test says."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from sweeper.engine.dask import worker
from sweeper.engine.dask.cluster import Connection

SECONDS = 30
"""How long a test waits for what has to come."""

Hear = Callable[[tuple[float, Any]], None]


@dataclass
class Sent:
    """A call that was sent to a worker, as Dask's future of it."""

    key: str
    address: str
    status: str = "pending"

    def add_done_callback(self, called: object) -> None:
        """Never call it."""

    def release(self) -> None:
        """Let go of the call."""


class Loop:
    """An event loop in a thread, as Dask's client has one."""

    def __init__(self) -> None:
        self.asyncio_loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.asyncio_loop.run_forever, daemon=True)
        self._thread.start()

    def add_callback(self, function: Callable[..., Coroutine[Any, Any, None]], *args: Any) -> None:
        """Run a coroutine."""
        asyncio.run_coroutine_threadsafe(function(*args), self.asyncio_loop)

    def close(self) -> None:
        """End what runs, and the thread."""

        async def cancel() -> None:
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)

        asyncio.run_coroutine_threadsafe(cancel(), self.asyncio_loop).result()
        self.asyncio_loop.call_soon_threadsafe(self.asyncio_loop.stop)
        self._thread.join()
        self.asyncio_loop.run_until_complete(self.asyncio_loop.shutdown_default_executor())
        self.asyncio_loop.close()


@dataclass
class MadeUp:
    """The client of such a cluster; ``stops`` are the answers to requests to stop, the last of them for ever."""

    loop: Loop = field(default_factory=Loop)
    status: str = "running"
    workers: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    stops: list[bool | Exception] = field(default_factory=lambda: [True])
    asked_to_stop: int = 0
    _heard_by: dict[str, Hear] = field(default_factory=dict)

    def come(self, address: str, slots: int = 1, **resources: float) -> None:
        """Let a worker come."""
        self.workers[address] = {"nthreads": slots, "resources": resources, "status": "running"}
        self._tell("add-worker", address)

    def go(self, address: str) -> None:
        """Let a worker go."""
        del self.workers[address]
        self._tell("remove-worker", address)

    def subscribe_topic(self, topic: str, hear: Hear) -> None:
        """Let somebody hear the events of a topic."""
        self._heard_by[topic] = hear

    def unsubscribe_topic(self, topic: str) -> None:
        """Let nobody hear them."""
        self._heard_by.pop(topic, None)

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        """Return who is there."""
        return {"workers": dict(self.workers)}

    def submit(self, *_: object, key: str, workers: list[str], **__: object) -> Sent:
        """Send a call."""
        self.sent.append(Sent(key, *workers))
        return self.sent[-1]

    def run(self, function: object, *_: object, workers: list[str], **__: object) -> Any:
        """Return what workers answer, in an event loop as a coroutine."""
        answers = dict.fromkeys(workers, "the only one" if function is worker.take_up else True)
        if threading.current_thread() is not self.loop._thread:
            return answers

        async def answer() -> dict[str, Any]:
            if function is worker.stop:
                self.asked_to_stop += 1
                said = self.stops.pop(0) if len(self.stops) > 1 else self.stops[0]
                if isinstance(said, Exception):
                    raise said
                return dict.fromkeys(workers, said)
            return answers

        return answer()

    def sync(self, function: Callable[..., Coroutine[Any, Any, Any]], *args: Any) -> Any:
        """Return what a coroutine does."""
        return asyncio.run_coroutine_threadsafe(function(*args), self.loop.asyncio_loop).result()

    def close(self, timeout: float = 0.0) -> None:
        """Let go of the cluster."""
        self.status = "closed"

    def _tell(self, action: str, address: str) -> None:
        if hear := self._heard_by.get("all"):
            hear((0.0, {"action": action, "worker": address}))


@dataclass(frozen=True)
class MadeUpConnection:
    """The connection to it."""

    client: MadeUp
    address: str = "tcp://made-up:8786"
    own: None = None

    def close(self) -> None:
        """Let go of the cluster."""
        self.client.close()


@contextmanager
def made_up(**workers: float) -> Iterator[tuple[MadeUp, Connection]]:
    """Make a cluster up, of workers with one slot and so many GPUs each."""
    client = MadeUp()
    for name, gpus in workers.items():
        client.come(name, **({"gpu": gpus} if gpus else {}))
    try:
        yield client, cast("Connection", MadeUpConnection(client))
    finally:
        client.close()
        client.loop.close()


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition."""
    limit = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < limit, f"not so after {SECONDS} s"
        time.sleep(0.01)
