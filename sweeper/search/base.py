"""What a search is to the loop: asked for points, told what became of them."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Protocol

from sweeper.points import Count, Point


class PointState(enum.StrEnum):
    """How a point ended."""

    COMPUTED = "computed"
    REUSED = "reused"
    FAILED = "failed"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"

    @property
    def has_result(self) -> bool:
        """Whether the point has a value."""
        return self in (PointState.COMPUTED, PointState.REUSED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A point's end.

    ``value`` is the sweep's metric; where there is none ``reason`` says why, and ``log`` where the task's log is.
    """

    point: Point
    state: PointState
    value: float | None = None
    reason: str = ""
    run_id: str = ""
    log: str = ""
    seconds: float | None = None


class Wait(enum.Enum):
    """There is no point to give yet: some outcome must be told first."""

    FOR_OUTCOME = "for outcome"


class Done(enum.Enum):
    """There are no more points."""

    NO_MORE_POINTS = "no more points"


class Search(Protocol):
    """Proposes points and is told outcomes; every point that was asked for is told of once, in any order."""

    def ask(self) -> Point | Wait | Done:
        """Return the next point to evaluate."""

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of a point."""

    def expected(self) -> Count:
        """Return how many points there will be in all, as far as that can be known."""
