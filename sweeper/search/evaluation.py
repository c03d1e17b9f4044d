"""A trial under way: its points, one a replicate, and what came of them so far."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeper.points import Point
from sweeper.search.base import Outcome
from sweeper.store.trials import Trial


class Evaluation:
    """The evaluation of a trial at its points, which are handed out in order; ``outcomes`` are by place, from 0."""

    def __init__(self, trial: Trial, points: Sequence[Point]) -> None:
        self.trial = trial
        self.points = points
        self.outcomes: dict[int, Outcome] = {}
        self.is_over = False
        self._handed_out = 0

    @property
    def has_more(self) -> bool:
        """Whether a point is left to hand out."""
        return self._handed_out < len(self.points)

    @property
    def is_waited_for(self) -> bool:
        """Whether a point is out and has not come back."""
        return len(self.outcomes) < self._handed_out

    @property
    def is_complete(self) -> bool:
        """Whether every point has come back."""
        return len(self.outcomes) == len(self.points)

    def hand_out(self) -> tuple[Point, int]:
        """Return the next point, and its place."""
        self._handed_out += 1
        return self.points[self._handed_out - 1], self._handed_out - 1

    def mean(self, metric: str) -> float:
        """Return the mean of a metric over the points; NaN where infinities of both signs meet."""
        values = [outcome.metrics[metric] for outcome in self.outcomes.values()]
        return (math.fsum(values) if all(map(math.isfinite, values)) else sum(values)) / len(values)
