"""Which results of a sweep keep their artifacts."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sweeper.spec.checks import Invalid

EVERYTHING = "all"

_BEST = re.compile(r"best: *([0-9]{1,9})")
_AGE = re.compile(r"([0-9]{1,6}(?:\.[0-9]+)?) (hour|day|week)s?")
_SECONDS = {"hour": 3600.0, "day": 86400.0, "week": 604800.0}
_REMEDY = 'write "best:5", "30 days", "12 hours", or "all"'


@dataclass(frozen=True, slots=True)
class Keep:
    """Which results keep their artifacts: those of the ``best`` configurations, or those no older than ``seconds``.

    With neither, all of them; never both. ``artifacts`` are the words of the spec.
    """

    artifacts: str = EVERYTHING
    best: int | None = None
    seconds: float | None = None

    @classmethod
    def parse(cls, words: str) -> Keep:
        """Return what the words of a spec mean; raises ``Invalid`` for any that mean nothing."""
        if words == EVERYTHING:
            return cls()
        if match := _BEST.fullmatch(words):
            return _checked(cls(words, best=int(match[1])))
        if match := _AGE.fullmatch(words):
            return _checked(cls(words, seconds=float(match[1]) * _SECONDS[match[2]]))
        raise Invalid("does not say which artifacts are kept", _REMEDY)

    @property
    def is_all(self) -> bool:
        """Whether every result keeps its artifacts."""
        return self.best is None and self.seconds is None


def _checked(keep: Keep) -> Keep:
    if not (keep.best or keep.seconds):
        raise Invalid("would keep nothing", _REMEDY)
    return keep
