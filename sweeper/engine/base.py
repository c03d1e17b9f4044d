"""The seam between scheduling and executing: a call goes out, an outcome comes back as a ``Future``."""

from __future__ import annotations

import enum
import pickle
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol

import luigi

from sweeper.errors import TaskError
from sweeper.store.records import Result
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.context import Reporter
from sweeper.task.overrides import carried
from sweeper.task.source import module_name


class Ending(enum.StrEnum):
    """How an execution ended."""

    DONE = "done"
    PRUNED = "pruned"  # by its pruner, or its own code: it did not look promising
    FAILED = "failed"
    LOST = "lost"  # by no fault of its own, for all that is known: its process is gone, or the store did not answer
    INTERRUPTED = "interrupted"
    CLAIMED = "claimed"  # another driver is at the same work
    KEPT = "kept"  # done, but the store did not answer: the result is kept on this machine

    @property
    def is_success(self) -> bool:
        """Whether there is a result."""
        return self is Ending.DONE


@dataclass(frozen=True, slots=True)
class TaskCall:
    """A task on its way to where it runs: names and values, nothing of the user's code.

    ``values`` and ``overrides`` are pickled apart, so that they are read only where the user's modules can be imported.
    ``upstream`` are the results that it reads; ``labels`` the tags for its run; ``metrics`` are asked of that run,
    and ``report`` logs under the first of them; ``timeout`` is in seconds; ``is_contended`` says that other drivers may
    want the same key; ``replaces`` are runs whose results with the key do not count any more; ``reporter`` is who
    listens to what the task reports.
    """

    module: str
    name: str
    values: bytes
    overrides: bytes
    key: str
    labels: Mapping[str, str] = field(default_factory=dict)
    upstream: tuple[Result, ...] = ()
    metrics: tuple[str, ...] = ()
    timeout: float | None = None
    is_contended: bool = False
    replaces: tuple[str, ...] = ()
    reporter: Reporter | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of a call.

    ``result`` is there if the task committed a run, with the metrics that were asked for; where one of them is missing,
    ``logged`` names all that the run has. ``is_found`` says that somebody else had made the result meanwhile. A failure
    has its ``reason``, and the run that tells more if it got so far; ``raised`` names the exception's class and its
    bases, as ``module:Class``, where trying again may help.
    """

    ending: Ending
    result: Result | None = None
    logged: tuple[str, ...] = ()
    reason: str = ""
    run_id: str = ""
    is_found: bool = False
    raised: tuple[str, ...] = ()


class Engine(Protocol):
    """Executes calls in its slots. Every method is called from one thread; futures end on any.

    ``is_concurrent`` says that calls run beside the thread that submits them.
    """

    is_concurrent: bool

    @property
    def slots(self) -> int:
        """How many calls it executes at a time, at this moment: on a cluster machines come and go."""

    @property
    def resources(self) -> Mapping[str, float]:
        """How much there is of what a task may ask for, by name, in all slots together; at this moment."""

    def has_room(self, resources: Mapping[str, float]) -> bool:
        """Whether a call that asks for so much can start now: halves of two GPUs are not a whole one."""

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:
        """Start a call in a free slot, which has so much of each resource for it.

        The future runs from when the call does. It holds an ``Execution`` whatever the task did, and raises
        ``WorkerLost`` if the process that ran it is gone, ``EngineError`` if none could be started or reached, and
        ``StoreError`` if the store was away. Raises ``EngineError`` where nothing has room: ask ``has_room`` first.
        """

    def cancel(self, future: Future[Execution]) -> bool:
        """Stop a call, False if it has ended; its future raises ``WorkerLost`` once the body has surely stopped."""

    def close(self) -> None:
        """Stop whatever runs and let go of the slots."""


class WorkerLost(Exception):  # noqa: N818 (an event, not a mistake)
    """The process that executed a call is gone; the message says how it went."""


def lineage(raised: type[BaseException]) -> tuple[str, ...]:
    """Return the names of an exception's class and of its bases, the nearest first, as ``module:Class``."""
    return tuple(f"{one.__module__}:{one.__qualname__}" for one in raised.__mro__ if one is not object)


def address_of(task: luigi.Task) -> TaskCall:
    """Return a call that says what a task is, and nothing of what is wanted of it.

    Raises ``TaskError`` for a parameter value that cannot travel to another process.
    """
    try:
        values = pickle.dumps(task.param_kwargs)
        overrides = pickle.dumps(carried(task))
    except Exception as error:
        raise TaskError(f"{task!r:.200}: its parameters cannot be sent to another process: {error}") from error
    return TaskCall(module_name(type(task)), type(task).__qualname__, values, overrides, key_of(task))


def call_for(
    task: luigi.Task,
    *,
    labels: Mapping[str, str],
    metrics: tuple[str, ...] = (),
    timeout: float | None = None,
    is_contended: bool = False,
    replaces: tuple[str, ...] = (),
    reporter: Reporter | None = None,
) -> TaskCall:
    """Return the call that executes a task.

    Raises ``TaskError`` for a parameter value that cannot travel to another process.
    """
    results = (find_result(required) for required in task.deps() if isinstance(required, MlflowTask))
    return replace(
        address_of(task),
        labels=labels,
        upstream=tuple(result for result in results if result is not None),
        metrics=metrics,
        timeout=timeout,
        is_contended=is_contended,
        replaces=replaces,
        reporter=reporter,
    )
