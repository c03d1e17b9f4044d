"""The keeper of a worker: the process that has forked it, and sees to it that nothing of it is left.

What is orphaned below a keeper becomes its child, also what has made a session of its own. When the worker ends,
however it does, when the driver is gone, or on SIGTERM, the keeper kills all that is left, and ends as the worker did.
It runs no code but its own: nothing that a task does, not even C code that never comes back, can keep it from that.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import select
import signal
import time
from collections.abc import Iterator
from multiprocessing import parent_process
from types import FrameType
from typing import NoReturn

import psutil

from sweeper.engine.surroundings import has_children
from sweeper.store.logs import make_room

SET_PARENT_DEATH_SIGNAL = 1
SET_CHILD_SUBREAPER = 36
"""Of Linux's ``prctl``."""

LOOK_MILLISECONDS = 1000
"""How often a keeper looks how much the worker has printed."""

ENDING_SECONDS = 5.0
"""How long a keeper waits for what it has killed: what the system does not let go must not hold up a sweep."""

_prctl = getattr(ctypes.CDLL(None), "prctl", None)


def fork_worker() -> None:
    """Go on in a child of this process, which from here on only keeps it: this returns in the child."""
    os.setsid()  # out of reach of the terminal, and of who kills the driver's process group
    driver = parent_process()
    assert driver is not None
    adopt_orphans()
    woken, wake = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    before = {number: signal.signal(number, _note) for number in (signal.SIGTERM, signal.SIGCHLD)}
    end_with_parent(signal.SIGTERM)
    keeper, worker = os.getpid(), os.fork()
    if worker:
        _keep(worker, driver.sentinel, woken)
    signal.set_wakeup_fd(-1)
    os.close(woken)
    os.close(wake)
    for number, handler in before.items():
        signal.signal(number, handler)
    os.setsid()  # a task that kills its process group leaves the keeper alone
    end_with_parent(signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)
    adopt_orphans()  # so that it can be told whether a task has left processes behind


def adopt_orphans() -> None:
    """Become the parent of every descendant whose parent ends, where the system has that."""
    if _prctl is not None:
        _prctl(SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_with_parent(number: int) -> None:
    """Have the system send this process a signal when its parent ends, where it can; 0 for none."""
    if _prctl is not None:
        _prctl(SET_PARENT_DEATH_SIGNAL, number, 0, 0, 0)


def _keep(worker: int, driver: int, woken: int) -> NoReturn:
    """Wait for the end of the worker, of its driver, or for SIGTERM; end what is left, and this process."""
    poll = select.poll()
    for source in (driver, woken):
        poll.register(source, select.POLLIN)
    code: int | None = None
    while code is None:
        sources = [source for source, _ in poll.poll(LOOK_MILLISECONDS)]
        with contextlib.suppress(OSError):
            make_room(worker)
        signals = os.read(woken, 4096) if woken in sources else b""
        is_over = driver in sources or signal.SIGTERM in signals
        code = -signal.SIGTERM if is_over else dict(_ended()).get(worker)
    _end_descendants()
    _end_like(code)


def _ended() -> Iterator[tuple[int, int]]:
    """Yield the children that have ended, with their exit codes as ``subprocess`` has them."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found[0], os.waitstatus_to_exitcode(found[1])


def _end_descendants() -> None:
    """Kill all that descends from this process: stopped first, so that none can start another meanwhile."""
    stopped: set[psutil.Process] = set()
    while has_children() and (new := set(psutil.Process().children(recursive=True)) - stopped):
        for process in new:
            with contextlib.suppress(psutil.Error):
                process.suspend()
        stopped |= new
    for process in stopped:
        with contextlib.suppress(psutil.Error):
            process.kill()
    until = time.monotonic() + ENDING_SECONDS
    while has_children() and time.monotonic() < until:
        if not [*_ended()]:
            time.sleep(0.001)


def _end_like(code: int) -> NoReturn:
    """End this process with an exit code, or by a signal where it is negative."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the worker has left one, if one is wanted
        with contextlib.suppress(OSError):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _note(_: int, __: FrameType | None) -> None:
    """Do nothing: that a signal came is read from the wake-up pipe."""
