"""What a search is to the loop: asked for points, told what became of them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from sweeper.points import Count, Point
from sweeper.task.context import Reporter


class PointState(enum.StrEnum):
    """How a point ended."""

    COMPUTED = "computed"
    REUSED = "reused"
    PRUNED = "pruned"
    FAILED = "failed"
    BLOCKED = "blocked"
    INTERRUPTED = "interrupted"

    @property
    def has_result(self) -> bool:
        """Whether the point has a value."""
        return self in (PointState.COMPUTED, PointState.REUSED)

    @property
    def is_trouble(self) -> bool:
        """Whether the point should have a result, and has none."""
        return self in (PointState.FAILED, PointState.BLOCKED, PointState.INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A point's end.

    ``metrics`` has the value of each of the spec's metrics, and ``value`` is that of the sweep's own; where there is
    none ``reason`` says why, and ``log`` where the task's log is. ``cause`` is the key of the work that failed: the
    point's own, or that of what it waited for.
    """

    point: Point
    state: PointState
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    cause: str = ""
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

    def ask(self, is_blocked: Callable[[Point], bool]) -> Point | Wait | Done:
        """Return the next point to evaluate.

        ``is_blocked`` tells whether a point could not run, because something upstream of it has failed already.
        """

    def tell(self, outcome: Outcome) -> None:
        """Take in what became of a point."""

    def expected(self) -> Count:
        """Return how many points there will be in all, as far as that can be known."""

    def reporter(self, point: Point) -> Reporter | None:
        """Return what a point's task reports to while it runs; None if nobody listens."""

    def close(self) -> None:
        """Let go of what the search holds: nothing more is asked or told."""
