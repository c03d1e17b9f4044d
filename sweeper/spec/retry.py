"""The record of ``[retry]``: how often work that failed is tried again, and after how long."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

ANY = "builtins:Exception"


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a task is tried again.

    ``attempts`` is how often the task itself may fail, ``lost`` how often it is tried again after its worker was lost;
    neither counts for the other. ``delay`` is the seconds before the second attempt; each further one is ``backoff``
    times as long, and none longer than ``max_delay``. ``on`` names the exceptions after which a task is tried again:
    ``Class``, ``module:Class`` or ``package.Class``, base classes included; none stand for every ``Exception``.
    """

    attempts: int = 1
    delay: float = 0.0
    backoff: float = 2.0
    max_delay: float = 600.0
    on: tuple[str, ...] = ()
    lost: int = 2

    def covers(self, raised: Sequence[str]) -> bool:
        """Whether an exception is one to try again after; ``raised`` are its class and its bases, ``module:Class``."""
        return any(_is_meant(name, one) for name in self.on or (ANY,) for one in raised)

    def seconds_after(self, failures: int) -> float:
        """Return how long to wait after so many failures, at least 1, before the next attempt."""
        try:
            grown = self.delay * self.backoff ** (failures - 1)
        except OverflowError:
            grown = math.inf
        return min(grown, self.max_delay)

    def to_document(self) -> dict[str, Any]:
        """Return the record as plain JSON."""
        return {
            "attempts": self.attempts,
            "delay": self.delay,
            "backoff": self.backoff,
            "max_delay": self.max_delay,
            "on": [*self.on],
            "lost": self.lost,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the record that ``to_document`` gave."""
        return cls(**{**document, "on": tuple(document["on"])})


def _is_meant(name: str, raised: str) -> bool:
    """Whether a name means a class: a module in it is that of the class, or a package around it."""
    module, _, own = raised.rpartition(":")
    place, _, wanted = name.replace(":", ".").rpartition(".")
    return own.rpartition(".")[2] == wanted and f"{module}.{own}.".startswith(f"{place}." if place else "")
