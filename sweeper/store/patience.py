"""How a store that does not answer is waited for: asked again at growing intervals, until patience ends.

A tracking server restarts, a database is locked by another program, a disk is full for a while: nothing of it should
cost a sweep more than the wait. What is asked again must be harmless to ask twice; ``ApiStore`` sees to that.
"""

from __future__ import annotations

import logging
import os
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from sweeper.errors import InputError, StoreAway

VARIABLE = "SWEEPER_STORE_PATIENCE"
RUNNING_SECONDS = 300.0
"""How long who computes waits, unless the environment says otherwise: a server restarts in less."""

LOOKING_SECONDS = 5.0
"""How long who only looks waits: somebody sits in front of it."""

FIRST_DELAY = 0.25
LONGEST_DELAY = 10.0

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")
Notice = Callable[[str], None]


class Patience:
    """Asks again, for at most ``seconds`` from the first failure on; ``notice`` is told once when that begins and ends.

    Safe to be shared by threads. Once it has ended nothing is waited for any more, until the store answers again.
    """

    def __init__(self, seconds: float, notice: Notice = _log.warning) -> None:
        self.seconds = seconds
        self.notice = notice
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._has_ended = threading.Event()

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """Return what a question answers; raises ``StoreAway`` if the store has not answered all the time."""
        delay = FIRST_DELAY
        while True:
            try:
                answer = question()
            except StoreAway as error:
                self._note_silence(error)
                if self._is_over():
                    raise
                self._has_ended.wait(delay * random.uniform(0.5, 1.0))  # noqa: S311 (so that not all ask at once)
                delay = min(2 * delay, LONGEST_DELAY)
            else:
                if self._away_since is not None:
                    self._note_answer()
                return answer

    def end(self) -> None:
        """Wait no more: whoever waits now, in any thread, gives up."""
        self._has_ended.set()

    def _is_over(self) -> bool:
        away_since = self._away_since
        if away_since is not None and time.monotonic() - away_since >= self.seconds:
            self._has_ended.set()
        return self._has_ended.is_set()

    def _note_silence(self, error: StoreAway) -> None:
        with self._lock:
            if self._away_since is not None:
                return
            self._away_since = time.monotonic()
        if self.seconds > LOOKING_SECONDS:
            self.notice(f"{error}; trying again for {self.seconds:g} s at most")

    def _note_answer(self) -> None:
        with self._lock:
            away_since, self._away_since = self._away_since, None
            if away_since is None:
                return
            self._has_ended.clear()
        if self.seconds > LOOKING_SECONDS:
            self.notice(f"the store answers again, after {time.monotonic() - away_since:.0f} s")


def running_seconds() -> float:
    """Return how long who computes waits. Raises ``InputError`` where the environment names no number of seconds."""
    text = os.environ.get(VARIABLE, "")
    try:
        seconds = float(text) if text else RUNNING_SECONDS
    except ValueError:
        seconds = -1
    if not 0 <= seconds < float("inf"):
        raise InputError(f"{VARIABLE}={text}: is no number of seconds, 0 or more")
    return seconds
