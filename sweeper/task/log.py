"""A task's log: what it prints and logs while it runs, in one file."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from sweeper.files import open_plain
from sweeper.outlet import Outlet

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TASK_LOGGER = "sweeper.task"


@contextlib.contextmanager
def captured(path: Path, *, owns_process: bool) -> Iterator[None]:
    """Write stdout, stderr and log records to a file while the context lasts.

    In a process of its own everything goes there, also what subprocesses and C code print. Elsewhere Python's output
    goes there too, besides where it went before.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(open_log(path))
        stack.enter_context(_redirected(file) if owns_process else _copied(file))
        yield


def open_log(path: Path) -> IO[str]:
    """Open a log to write on; raises ``OSError`` if somebody has put something else in its place."""
    return open(path, "a", 1, encoding="utf-8", errors="backslashreplace", opener=open_plain)


def configure_process() -> None:
    """Send this process's log records to its stderr, for a process whose stderr is a task's log."""
    handler = logging.StreamHandler(_Stderr())
    handler.setFormatter(logging.Formatter(FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("alembic", "mlflow", "luigi-interface", "luigi"):
        logging.getLogger(name).setLevel(logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")


class _Stderr(io.TextIOBase):
    """Whatever ``sys.stderr`` is at the moment."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


@contextlib.contextmanager
def _redirected(file: IO[str]) -> Iterator[None]:
    _flush()
    saved = os.dup(1), os.dup(2)
    os.dup2(file.fileno(), 1)
    os.dup2(file.fileno(), 2)
    try:
        yield
    finally:
        _flush()
        for target, source in zip((1, 2), saved, strict=True):
            os.dup2(source, target)
            os.close(source)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            if getattr(sys, name).closed:  # the next task may want to print
                setattr(sys, name, open(descriptor, "w", buffering=1, closefd=False, errors="backslashreplace"))  # noqa: SIM115


@contextlib.contextmanager
def _copied(file: IO[str]) -> Iterator[None]:
    handler = logging.StreamHandler(file)
    handler.setFormatter(logging.Formatter(FORMAT))
    root, tasks = logging.getLogger(), logging.getLogger(TASK_LOGGER)
    level = tasks.level
    tasks.setLevel(min(level or logging.INFO, logging.INFO))
    root.addHandler(handler)
    try:
        with contextlib.redirect_stdout(_Tee(sys.stdout, file)), contextlib.redirect_stderr(_Tee(sys.stderr, file)):
            yield
    finally:
        root.removeHandler(handler)
        tasks.setLevel(level)


class _Tee(io.TextIOBase):
    """A text stream that writes to two."""

    def __init__(self, first: IO[str], second: IO[str]) -> None:
        self._first, self._second = Outlet(first), second  # a task does not fail because nobody reads along

    def write(self, text: str) -> int:
        self._second.write(text)
        return self._first.write(text)

    def flush(self) -> None:
        self._first.flush()
        self._second.flush()

    def close(self) -> None:
        """Do nothing: neither stream is its own, and Python closes what it collects."""

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._first.fileno()


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(ValueError, OSError):  # a task may have closed it, or filled the disk
            stream.flush()
