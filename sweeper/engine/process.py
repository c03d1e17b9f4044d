"""A worker process: how it starts, executes calls, and dies with its driver."""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from configparser import RawConfigParser
from dataclasses import dataclass, field
from multiprocessing import connection, parent_process

import luigi.configuration
import psutil

from sweeper.engine.base import Execution, TaskCall
from sweeper.engine.execute import execute
from sweeper.errors import EngineError
from sweeper.store import open_store
from sweeper.store.index import Index
from sweeper.store.patience import Patience, running_seconds
from sweeper.task import context, log


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker process is given at its start; ``luigi_config`` is the driver's, by section and name."""

    uri: str
    path: tuple[str, ...] = ()
    luigi_config: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


_failure = ""


def start(setup: Setup) -> None:
    """Make this process a worker. A failure is kept for the first call: an initializer has nobody to tell."""
    global _failure  # noqa: PLW0603
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole terminal group; the driver decides
    _die_with_driver()
    try:
        sys.path[:] = setup.path
        _configure_luigi(setup.luigi_config)
        log.configure_process()
        store = open_store(setup.uri, Patience(running_seconds()))
        context.adopt(context.Context(store, Index(store, live=True), owns_process=True))
    except BaseException:  # noqa: BLE001
        _failure = traceback.format_exc()


def run(call: TaskCall) -> Execution:
    """Execute a call. Raises ``EngineError`` if this process could not be made a worker."""
    if _failure:
        raise EngineError(f"a worker process could not start:\n{_failure}")
    return execute(call)


def luigi_config() -> dict[str, dict[str, str]]:
    """Return this process's Luigi configuration, to be given to others."""
    config = luigi.configuration.get_config()
    raw = {"raw": True} if isinstance(config, RawConfigParser) else {}  # what is set again must not be read twice
    return {
        section: {name: config.get(section, name, **raw) for name in config.options(section)}
        for section in config.sections()
    }


def end_tree(pid: int) -> None:
    """Kill a process and all that descends from it."""
    try:
        root = psutil.Process(pid)
        family = [*root.children(recursive=True), root]
    except psutil.NoSuchProcess:
        return
    for process in family:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue


def _configure_luigi(settings: Mapping[str, Mapping[str, str]]) -> None:
    config = luigi.configuration.get_config()
    for section, values in settings.items():
        for name, value in values.items():
            config.set(section, name, value)


def _die_with_driver() -> None:
    """End this process and its children when the driver's process is gone, however it went."""
    driver = parent_process()
    if driver is None:
        return

    def watch() -> None:
        connection.wait([driver.sentinel])
        end_tree(os.getpid())

    threading.Thread(target=watch, name="sweeper-driver-watch", daemon=True).start()
