"""What a sweep tells whoever watches it, and what it came to in the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol

import luigi

from sweeper.points import Count
from sweeper.search.base import Outcome, PointState
from sweeper.spec import Spec


class Listener(Protocol):
    """Who watches a sweep; called from the loop, so it must be quick."""

    def began(self, spec: Spec, expected: Count) -> None:
        """Take note that a sweep begins, with so many points."""

    def told(self, outcome: Outcome) -> None:
        """Take note of a point's end."""

    def running(self, tasks: list[luigi.Task]) -> None:
        """Take note of what runs now."""

    def noticed(self, message: str) -> None:
        """Take note of something that the user should know."""


@dataclass(slots=True)
class Summary:
    """What a sweep came to; of the failed points ``incomparable`` have a result, but not the numbers to compare."""

    states: Counter[PointState] = field(default_factory=Counter)
    incomparable: int = 0
    is_interrupted: bool = False
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """What a shell is told: 130 if it was interrupted, 1 if a point should have a result and has none, else 0."""
        if self.is_interrupted:
            return 130
        return int(self._troubled > 0)

    @property
    def may_go_on(self) -> bool:
        """Whether running again tries something: points that were not tried, or have no result."""
        return self.is_interrupted or self._troubled > self.incomparable

    @property
    def _troubled(self) -> int:
        return sum(number for state, number in self.states.items() if state.is_trouble)
