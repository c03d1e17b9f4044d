"""Whether drivers of other hosts are alive, as far as their beats tell.

The clocks of two hosts may differ by hours. So what a beat says is not held against the reader's clock, but against the
beat that was read before: a driver is silent if none came for as long as that takes by the reader's own time. Who looks
only once has nothing to compare, and calls silent only what beat a day ago.
"""

from __future__ import annotations

import time

BEAT_SECONDS = 30
SILENCE_SECONDS = 300
LONG_SILENCE_SECONDS = 24 * 60 * 60

_heard: dict[str, tuple[float, float]] = {}
"""The last beat of each driver, and when this process first read it, by a clock that nobody sets."""


def is_silent(driver: str, beat: float) -> bool:
    """Whether a driver has surely stopped; ``beat`` is its last sign of life, in seconds since its epoch."""
    now = time.monotonic()
    before, since = _heard.get(driver, (beat, now))
    if before != beat:
        since = now
    _heard[driver] = (beat, since)
    return now - since > SILENCE_SECONDS or time.time() - beat > LONG_SILENCE_SECONDS


def seems_silent(beat: float) -> bool:
    """Whether a driver has stopped, if the clocks of both hosts are right."""
    return time.time() - beat > SILENCE_SECONDS


def give_up(driver: str, beat: float) -> None:
    """Take a driver for silent until it beats again: it was asked, and has not answered."""
    _heard[driver] = (beat, float("-inf"))
