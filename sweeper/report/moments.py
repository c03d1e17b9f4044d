"""Points in time as a person reads them."""

from __future__ import annotations

import datetime as dt

_UNITS = ((60, "s"), (60, "min"), (24, "h"), (365, "d"))
_ENOUGH = 2
"""Up to so many of a unit the smaller one is taken: 90 min, not 1 h."""


def clock(milliseconds: int) -> str:
    """Return a moment, given as milliseconds since the epoch, in local time with its offset from UTC."""
    try:
        moment = dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC).astimezone()
    except (OverflowError, OSError, ValueError):  # a store may say anything
        return str(milliseconds)
    return moment.isoformat(sep=" ", timespec="seconds")


def ago(milliseconds: int, now: int) -> str:
    """Return how long ago a moment was: ``3 s ago``, ``20 min ago``, ``5 h ago``; both in ms since the epoch."""
    number = max(now - milliseconds, 0) // 1000
    for size, unit in _UNITS:
        if number < _ENOUGH * size:
            return f"{number:,} {unit} ago"
        number //= size
    return f"{number:,} years ago"
