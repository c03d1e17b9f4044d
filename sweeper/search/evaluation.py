"""A trial under way: its points, one a replicate, and what came of them so far."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

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
    def number(self) -> int:
        """The trial's number."""
        return self.trial.number

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

    def means(self, metrics: Iterable[str]) -> dict[str, float]:
        """Return the mean of each metric over the points; NaN where infinities of both signs meet."""
        return {metric: _mean([outcome.metrics[metric] for outcome in self.outcomes.values()]) for metric in metrics}


class InFlight:
    """The points that are out, each with the evaluation that it is of and its place there.

    One point may be out for several evaluations; it then comes back for the one that handed it out first.
    """

    def __init__(self) -> None:
        self._by_point: defaultdict[str, deque[tuple[Evaluation, int]]] = defaultdict(deque)
        self._number = 0

    def __len__(self) -> int:
        return self._number

    def hand_out(self, evaluation: Evaluation) -> Point:
        """Return the next point of an evaluation."""
        point, place = evaluation.hand_out()
        self._by_point[point.to_json()].append((evaluation, place))
        self._number += 1
        return point

    def take_back(self, point: Point) -> tuple[Evaluation, int]:
        """Return what a point was out for."""
        form = point.to_json()
        found = self._by_point[form].popleft()
        if not self._by_point[form]:
            del self._by_point[form]
        self._number -= 1
        return found

    def evaluation_of(self, point: Point) -> Evaluation | None:
        """Return the evaluation that a point will come back for, if it is out."""
        waiting = self._by_point.get(point.to_json())
        return waiting[0][0] if waiting else None


def _mean(values: Sequence[float]) -> float:
    """Return the mean of values, rounded once from the exact number."""
    return statistics.mean(values) if all(map(math.isfinite, values)) else sum(values) / len(values)
