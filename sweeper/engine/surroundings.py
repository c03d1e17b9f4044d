"""What a task finds around it in its process, and has to leave as it was for the next one."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})

Handler = Callable[[int, FrameType | None], Any] | int | None


@contextlib.contextmanager
def left_as_it_was() -> Iterator[None]:
    """Undo what a task changes: working directory, environment, import path, signals; end a fork that comes out of it.

    The folder is held open, so that it is found again also where the task has deleted it.
    """
    process, folder = os.getpid(), os.open(".", os.O_RDONLY)
    environment, path, handlers, mask = dict(os.environ), [*sys.path], _handlers(), signal.pthread_sigmask(0, ())
    try:
        yield
    finally:
        if os.getpid() != process:
            os._exit(1)
        os.fchdir(folder)
        os.close(folder)
        if os.environ != environment:
            os.environ.clear()
            os.environ.update(environment)
        sys.path[:0] = [entry for entry in path if entry not in sys.path]  # what modules have added serves the next too
        for number, handler in handlers.items():
            if signal.getsignal(number) != handler:
                signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def new_seeds() -> None:
    """Seed the random numbers of this process anew: a fork has those of its parent, a task those of the one before."""
    random.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed([random.getrandbits(32) for _ in range(8)])  # by itself it takes ten times as long


def limits() -> dict[int, tuple[int, int]]:
    """Return the limits of this process on what it may use."""
    return {limit: resource.getrlimit(limit) for limit in _LIMITS}


def set_limits(wanted: dict[int, tuple[int, int]]) -> bool:
    """Put the limits back; False if one cannot be: only root may raise what was lowered for good."""
    try:
        for limit, values in wanted.items():
            if resource.getrlimit(limit) != values:
                resource.setrlimit(limit, values)
    except (OSError, ValueError):
        return False
    return True


def has_children() -> bool:
    """Whether this process has any child left, ended or not."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _handlers() -> dict[signal.Signals, Handler]:
    """Return what Python does at each signal; of what it does not know nothing can be put back."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    found = ((number, signal.getsignal(number)) for number in signal.Signals)
    return {number: handler for number, handler in found if handler is not None}
