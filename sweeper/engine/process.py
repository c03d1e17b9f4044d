"""A worker process: how it starts, and how it executes calls."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from configparser import RawConfigParser
from dataclasses import dataclass, field

import luigi.configuration

from sweeper.engine.base import Execution, TaskCall
from sweeper.engine.execute import execute
from sweeper.engine.keeper import fork_worker
from sweeper.engine.machine import set_loaded_threads
from sweeper.engine.surroundings import has_children, limits, new_seeds, set_limits
from sweeper.errors import EngineError
from sweeper.store import open_store
from sweeper.store.index import Index
from sweeper.store.patience import RUNNING_SECONDS, Patience
from sweeper.task import context, log

MOST_RESULTS = 1000
"""Results that a worker remembers, at most: its own, and those that its tasks have read."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker process is given at its start.

    ``luigi_config`` is the driver's, by section and name; ``patience`` is how many seconds a store is waited for;
    ``environment`` are variables that are set in it, for its GPUs and threads and where fetched artifacts are kept;
    ``artifact_root`` is the folder for the artifacts of new experiments, '' where the store's address says it;
    ``folder`` is where it works if there is such a folder here, '' for that of the process which starts it.
    """

    uri: str
    path: tuple[str, ...] = ()
    luigi_config: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    patience: float = RUNNING_SECONDS
    environment: Mapping[str, str] = field(default_factory=dict)
    artifact_root: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """What comes back from a call; the process ``is_spent`` if it is not fit for the next one."""

    execution: Execution
    is_spent: bool


_failure = ""


def start(setup: Setup) -> None:
    """Make this process a worker. A failure is kept for the first call: an initializer has nobody to tell."""
    global _failure  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever sends it to many processes means the driver
    try:
        fork_worker()
        from sweeper.store.fluent import choose  # with MLflow, which is there already: but not where this is only read

        os.environ.update(setup.environment)
        set_loaded_threads(setup.environment)
        sys.path[:] = setup.path
        with contextlib.suppress(OSError):
            os.chdir(setup.folder or ".")
        _configure_luigi(setup.luigi_config)
        log.configure_process()
        store = open_store(setup.uri, Patience(setup.patience), artifact_root=setup.artifact_root)
        context.adopt(context.Context(store, Index(store, live=True), owns_process=True))
        choose(setup.uri)  # so that no task has to change it, which resets what MLflow keeps for a store
    except BaseException:  # noqa: BLE001
        _failure = traceback.format_exc()


def failure() -> str:
    """Return why this process could not be made a worker, in one line; '' if it could."""
    return _failure.strip().rpartition("\n")[2]


def run(call: TaskCall) -> Return:
    """Execute a call. Raises ``EngineError`` if this process could not be made a worker."""
    if _failure:
        raise EngineError(f"a worker process could not start:\n{_failure}")
    allowed = limits()
    new_seeds()
    execution = execute(call)
    _forget_results()
    return Return(execution, is_spent=not set_limits(allowed) or has_children())


def _forget_results() -> None:
    """Let go of results once there are many: what a task reads comes with its call."""
    surroundings = context.current()
    if len(surroundings.index) > MOST_RESULTS:
        surroundings.index = Index(surroundings.store, live=True)


def luigi_config() -> dict[str, dict[str, str]]:
    """Return this process's Luigi configuration, to be given to others."""
    config = luigi.configuration.get_config()
    raw = {"raw": True} if isinstance(config, RawConfigParser) else {}  # what is set again must not be read twice
    return {
        section: {name: config.get(section, name, **raw) for name in config.options(section)}
        for section in config.sections()
    }


def _configure_luigi(settings: Mapping[str, Mapping[str, str]]) -> None:
    config = luigi.configuration.get_config()
    for section, values in settings.items():
        for name, value in values.items():
            config.set(section, name, value)
