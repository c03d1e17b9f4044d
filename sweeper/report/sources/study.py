"""What a study has come to: how many trials, the best so far, and how it got there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sweeper.report.sources.trials import TrialOutcome, TrialStanding
from sweeper.report.statistics.front import Losses, front, losses
from sweeper.spec import Objective, Study


@dataclass(frozen=True, slots=True)
class StudyOutcomes:
    """What became of a study's trials, in the order of their numbers."""

    design: Study
    objectives: tuple[Objective, ...]
    trials: tuple[TrialOutcome, ...]

    @property
    def counts(self) -> Mapping[TrialStanding, int]:
        """How many trials have come how far; every standing is there."""
        found = Counter(trial.standing for trial in self.trials)
        return {standing: found[standing] for standing in TrialStanding}

    @property
    def over(self) -> int:
        """How many trials have ended."""
        return sum(count for standing, count in self.counts.items() if standing.is_over)

    @property
    def feasible(self) -> tuple[TrialOutcome, ...]:
        """The trials that are complete and keep every constraint."""
        return tuple(trial for trial in self.trials if trial.is_feasible)

    @property
    def front(self) -> tuple[TrialOutcome, ...]:
        """The feasible trials that no other beats: the Pareto front; with one objective, the best and its equals."""
        unbeaten = front([self._losses(trial) for trial in self.feasible])
        return tuple(trial for place, trial in enumerate(self.feasible) if place in unbeaten)

    @property
    def best(self) -> TrialOutcome | None:
        """The best trial by the only objective, of equals the first told of; None with several objectives."""
        return min(self.front, key=_told, default=None) if len(self.objectives) == 1 else None

    @property
    def improvements(self) -> tuple[TrialOutcome, ...]:
        """The trials that were the best by the only objective when they were told of, in that order."""
        found: list[TrialOutcome] = []
        least: Losses = (math.inf,)
        for trial in sorted(self.feasible, key=_told) if len(self.objectives) == 1 else ():
            if self._losses(trial) < least:
                least = self._losses(trial)
                found.append(trial)
        return tuple(found)

    def _losses(self, trial: TrialOutcome) -> Losses:
        return losses(trial.values, [objective.direction for objective in self.objectives])


def _told(trial: TrialOutcome) -> tuple[int, int]:
    """Return when a trial was told of, among the others."""
    assert trial.told is not None
    return trial.told.order, trial.number
