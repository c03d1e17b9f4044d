"""The best configuration so far, while a sweep runs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sweeper.points import Point
from sweeper.search.base import Outcome
from sweeper.spec import Direction, Spec

MOST_CONFIGURATIONS = 100_000
"""Of more configurations with replicates no best is kept: their means would fill the memory."""


@dataclass(frozen=True, slots=True)
class Best:
    """A configuration, the mean of the sweep's metric over its results, and how many these are."""

    point: Point
    mean: float
    n: int


class Leader:
    """Finds the best configuration by the results told of so far: of those with the most replicates, on equal terms.

    There is none with several objectives, and a point that breaks a study's constraint is none either.
    """

    def __init__(self, spec: Spec) -> None:
        self._names = spec.replicate_names
        self._constraints = spec.study.constraints if spec.study else ()
        self._is_minimized = spec.direction is Direction.MINIMIZE
        self._is_wanted = not spec.more_objectives
        self._sums: dict[Point, tuple[float, int]] = {}
        self.best: Best | None = None

    def add(self, outcome: Outcome) -> None:
        """Take in what became of a point."""
        if outcome.value is None or not (self._is_wanted and outcome.state.has_result and self._keeps(outcome)):
            return
        if not self._names:
            self._compare(Best(outcome.point, outcome.value, 1))
            return
        point = outcome.point.configuration(self._names)
        total, n = self._sums.get(point, (0.0, 0))
        self._sums[point] = total + outcome.value, n + 1
        self._compare(Best(point, (total + outcome.value) / (n + 1), n + 1))
        if len(self._sums) > MOST_CONFIGURATIONS:
            self._is_wanted, self.best = False, None
            self._sums.clear()

    def _keeps(self, outcome: Outcome) -> bool:
        return all(one.is_kept(outcome.metrics.get(one.metric, math.nan)) for one in self._constraints)

    def _compare(self, candidate: Best) -> None:
        best = self.best
        if best is None or candidate.n > best.n or (candidate.n == best.n and self._is_better(candidate, best)):
            self.best = candidate

    def _is_better(self, candidate: Best, best: Best) -> bool:
        return candidate.mean < best.mean if self._is_minimized else candidate.mean > best.mean
