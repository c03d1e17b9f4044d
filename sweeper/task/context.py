"""What surrounds the tasks of this process: the store, the known results, and who runs them for which sweep."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING, Protocol, Self, cast

from sweeper.store.base import Reader
from sweeper.store.index import Index
from sweeper.store.locate import locate
from sweeper.store.patience import Patience, running_seconds
from sweeper.store.tags import Tag

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore
    from sweeper.store.driver import Driver


class Reporter(Protocol):
    """Who listens while a task runs; it can be pickled, and works in any process."""

    def report(self, value: float, step: int) -> None:
        """Take in how well it goes after ``step`` steps; raises ``optuna.TrialPruned`` if it is not worth going on."""


@dataclass
class Context:
    """The surroundings of tasks.

    ``labels`` are tags for every run that starts here (sweep, parent, driver); ``metrics`` are those that a result is
    to carry; ``metric`` is the name under which ``report`` logs, and ``reporter`` who else is told, if anybody is;
    ``owns_process`` says that stdout and stderr of this whole process belong to the running task; ``is_contended``
    that other drivers work on the store, and ``may_wait`` that a task may wait here for one of theirs; ``replaces``
    are runs whose results do not count any more once the task has one.
    """

    store: ApiStore
    index: Index
    labels: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    metric: str = "objective"
    reporter: Reporter | None = None
    owns_process: bool = False
    is_contended: bool = False
    may_wait: bool = True
    replaces: tuple[str, ...] = ()

    @classmethod
    def of_reader(cls, reader: Reader, index: Index) -> Self:
        """Return surroundings in which tasks are only looked at: what they require, their identities and results."""
        return cls(cast("ApiStore", reader), index)


_current: Context | None = None
_driver: Driver | None = None


def current() -> Context:
    """Return the context in use; the first call in a process without one makes that of plain ``luigi.build``."""
    global _current  # noqa: PLW0603 (one process, one context: Luigi makes the tasks, so nothing can be handed to them)
    if _current is None:
        _current = _plain_context()
    return _current


def adopt(context: Context) -> None:
    """Make a context the one in use for the rest of this process."""
    global _current  # noqa: PLW0603
    _current = context


@contextlib.contextmanager
def use(context: Context) -> Iterator[Context]:
    """Make a context the one in use."""
    global _current  # noqa: PLW0603
    before, _current = _current, context
    try:
        yield context
    finally:
        _current = before


def registered() -> Context:
    """Return the context in use, with a driver: a plain ``luigi.build`` registers as one on its first run."""
    global _driver  # noqa: PLW0603
    context = current()
    if Tag.DRIVER in context.labels:
        return context
    if _driver is None:
        from sweeper.store.driver import Driver
        from sweeper.store.lease import bury_the_dead
        from sweeper.task.late import record_late

        record_late(context.store)
        bury_the_dead(context.store)
        _driver = Driver(context.store, by_itself=False)
        Finalize(None, _driver.close, exitpriority=1)  # as atexit, and also where Luigi has forked for a task
        _driver.meet_others(logging.getLogger(__name__).warning)
    _driver.keep_up()
    labels = {**context.labels, Tag.DRIVER: _driver.run_id}
    return replace(context, labels=labels, is_contended=_driver.is_contended)


def _register_before_fork() -> None:
    """Let the tasks that Luigi forks for share this process's entry as a driver."""
    if _current is not None and _driver is None and Tag.DRIVER not in _current.labels:
        registered()


os.register_at_fork(before=_register_before_fork)


def _plain_context() -> Context:
    from sweeper.store import open_store
    from sweeper.store.fluent import chosen_uri

    store = open_store(locate(chosen_uri()), Patience(running_seconds()))
    return Context(store, Index(store, live=True))
