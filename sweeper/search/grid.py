"""The search that proposes every point of a grid, in order, and learns nothing."""

from __future__ import annotations

from collections.abc import Callable

from sweeper.points import Count, Point, Points
from sweeper.search.base import Done, Outcome


class GridSearch:
    """Proposes each point once."""

    def __init__(self, points: Points) -> None:
        self._points = points
        self._left = iter(points)

    def ask(self, is_blocked: Callable[[Point], bool]) -> Point | Done:  # noqa: ARG002 (a grid has no other point)
        """Return the next point."""
        return next(self._left, Done.NO_MORE_POINTS)

    def tell(self, outcome: Outcome) -> None:
        """Take note of nothing: no point depends on another's outcome."""

    def expected(self) -> Count:
        """Return the number of points."""
        return self._points.count()

    def reporter(self, point: Point) -> None:
        """Return None: every point is evaluated to its end."""

    def close(self) -> None:
        """Do nothing."""
