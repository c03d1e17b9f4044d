"""The way from a task on a cluster to who listens to it in the driver, over the cluster's own connections.

A process of a slot speaks to the Dask worker that hosts it, over loopback and with the same proof of a key as on the
driver's machine. The worker passes the report on as an event of the cluster, and the driver calls the worker with the
answer. So no port is opened, and who listens on the wire hears what TLS lets him: no pickle, and no key.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.errors import EngineError, SweeperError
from sweeper.search.channel import Answer, Channel, ChannelReporter, reason_to_stop, refusal
from sweeper.task.pruning import is_prune

if TYPE_CHECKING:
    from distributed import Client, Worker

    from sweeper.task.context import Reporter

AGAIN_SECONDS = 15.0
"""How long a worker waits for an answer before it asks again: an event is lost if the scheduler is away."""

TIMES = 4
"""How often it asks before the driver is taken for gone."""

_ANSWERING = 4
"""Reports that the driver answers at a time: a search decides one after the other, but answers have a way to go."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """A reporter that stayed in the driver, as its task is given it to travel with.

    ``topic`` is the one of the cluster's events that the driver listens to, ``number`` its own for the reporter.
    """

    topic: str
    number: int

    def report(self, value: float, step: int) -> None:  # noqa: ARG002
        """Raise ``EngineError``: on the worker a ticket is exchanged for a reporter first."""
        raise EngineError("a ticket was not exchanged: what the task reports can go nowhere from here")


class Relay:
    """The driver's end: reports that come from workers are made to the reporters that stayed here."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._topic = f"sweeper-reports-{uuid.uuid4().hex}"
        self._reporters: dict[int, Reporter] = {}
        self._next = 0
        self._under_way: set[str] = set()
        self._threads = ThreadPoolExecutor(_ANSWERING, "sweeper-relay")
        client.subscribe_topic(self._topic, self._hear)

    def keep(self, reporter: Reporter) -> Ticket:
        """Keep a reporter here, and return what its task is given instead."""
        self._next += 1
        self._reporters[self._next] = reporter
        return Ticket(self._topic, self._next)

    def drop(self, ticket: Ticket) -> None:
        """Forget a reporter whose task is over."""
        self._reporters.pop(ticket.number, None)

    def close(self) -> None:
        """Answer nothing more."""
        with contextlib.suppress(Exception):  # whatever a connection that is gone raises
            self._client.unsubscribe_topic(self._topic)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _hear(self, event: tuple[float, Mapping[str, Any]]) -> None:
        """Take in a report, in the thread of the connection: it must not wait for an answer."""
        message = event[1]
        question = str(message["question"])
        if question not in self._under_way:  # else it is asked again, and about to be answered
            self._under_way.add(question)
            with contextlib.suppress(RuntimeError):  # closed meanwhile
                self._threads.submit(self._answer, message, question)

    def _answer(self, message: Mapping[str, Any], question: str) -> None:
        try:
            answer = self._decision(int(message["number"]), float(message["value"]), int(message["step"]))
            with contextlib.suppress(Exception):  # the worker is gone, or the connection: it asks again if it lives
                self._client.run(deliver, question, json.dumps(answer), workers=[message["worker"]])
        finally:
            self._under_way.discard(question)

    def _decision(self, number: int, value: float, step: int) -> Answer:
        """Return what reporting here comes to, as a message."""
        reporter = self._reporters.get(number)
        if reporter is None:
            return refusal(EngineError("the driver does not wait for this task any more"))
        try:
            reporter.report(value, step)
        except SweeperError as error:
            return refusal(error)
        except Exception as error:  # noqa: BLE001 (a pruner may be the user's, and raise whatever it likes)
            if is_prune(error):
                return {"stop": str(error)}
            return {"error": f"{type(error).__name__}: {error}"}
        return {"stop": ""}


class Exchange:
    """A worker's end: gives the tasks that it hosts a reporter for their ticket, and passes on what they report."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._channels: dict[str, Channel] = {}

    def reporter(self, ticket: Ticket) -> ChannelReporter:
        """Return what a task on this machine reports to."""
        with self._lock:
            if ticket.topic not in self._channels:
                channel = Channel(lambda *report: self._pass_on(ticket.topic, *report), one_at_a_time=False)
                self._channels[ticket.topic] = channel
            return self._channels[ticket.topic].reporter(ticket.number)

    def close(self) -> None:
        """Stop listening: tasks that report from now on are told that the driver is gone."""
        with self._lock:
            while self._channels:
                self._channels.popitem()[1].close()

    def _pass_on(self, topic: str, number: int, value: float, step: int) -> str:
        """Return why the task is to stop, '' if it may go on; raises what was raised in the driver."""
        question = uuid.uuid4().hex
        answer: Future[Answer] = Future()
        _asked[question] = answer
        report = {"number": number, "value": value, "step": step}
        try:
            for _ in range(TIMES):
                self._worker.log_event(topic, {**report, "question": question, "worker": self._worker.address})
                with contextlib.suppress(NotInTime):
                    return reason_to_stop(answer.result(AGAIN_SECONDS))
        finally:
            del _asked[question]
        raise EngineError("the driver is gone: nobody takes in what the task reports")


_asked: dict[str, Future[Answer]] = {}
"""What this worker has asked its drivers, and is not answered yet."""


def deliver(question: str, answer: str) -> None:
    """Take in a driver's answer, on the worker that asked."""
    asked = _asked.get(question)
    if asked is not None and not asked.done():
        asked.set_result(json.loads(answer))
