"""Ctrl-C, SIGTERM and SIGHUP: what each means depends on what is going on.

While a sweep runs, the first Ctrl-C asks it to end once what runs has ended. Anything else, at any time, is a
``KeyboardInterrupt``; but what comes in the seconds after one is left alone, so that somebody who presses five times
leaves no less order behind than somebody who presses once.
"""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any, NoReturn

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

CLOSING_SECONDS = 10.0
"""How long nothing disturbs the closing of a sweep; after that whoever insists has their way."""


class Interrupts:
    """What signals mean to a sweep, from its start until its end."""

    def __init__(self, notice: Callable[[str], None]) -> None:
        self._notice = notice
        self._stop: Callable[[], None] | None = None
        self._has_asked = False
        self._deaf_until = 0.0
        self._is_pending = False

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        """Take the signals in while the context lasts."""
        with _handled_by(self._take):
            yield

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """Let what comes wait until the context ends: what is begun in it must be known to whoever cleans up."""
        self.leave_in_peace()
        yield
        self._deaf_until = 0.0
        if self._is_pending:
            self.leave_in_peace()
            raise KeyboardInterrupt

    def ask(self, stop: Callable[[], None]) -> None:
        """Let the first Ctrl-C call ``stop`` from here on, and whatever comes next raise."""
        self._stop = stop

    def leave_in_peace(self) -> None:
        """Let nothing disturb what happens next, for some seconds."""
        self._stop = None
        self._deaf_until = time.monotonic() + CLOSING_SECONDS

    def _take(self, number: int, _: FrameType | None) -> None:
        stop = self._stop
        if stop is not None and number == signal.SIGINT and not self._has_asked:
            self._has_asked = True
            self._notice("finishing what runs; Ctrl-C again stops it now")
            stop()
        elif stop is None and time.monotonic() < self._deaf_until:
            self._is_pending = True
        else:
            self.leave_in_peace()
            if stop is not None:
                if number == signal.SIGINT:
                    self._notice("stopping now")
                stop()
            raise KeyboardInterrupt


@contextlib.contextmanager
def as_program() -> Iterator[None]:
    """Make each of the signals a ``KeyboardInterrupt`` while a program runs; at its end Ctrl-C changes nothing more."""
    with _handled_by(_raise) as afterwards:
        try:
            yield
        finally:
            afterwards.update(dict.fromkeys(afterwards, signal.SIG_DFL))
            if signal.SIGINT in afterwards:
                afterwards[signal.SIGINT] = signal.SIG_IGN


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[dict[signal.Signals, Any]]:
    """Have signals handled while the context lasts; yields what handles them afterwards. Ignored ones stay ignored."""
    afterwards: dict[signal.Signals, Any] = {}
    try:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it, or a shell for what it puts behind
                with contextlib.suppress(ValueError):  # not in the main thread: nobody presses keys there
                    afterwards[number] = signal.signal(number, handler)
        yield afterwards
    finally:
        for number, former in afterwards.items():
            signal.signal(number, former)


def _raise(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
