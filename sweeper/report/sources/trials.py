"""What became of each trial of a study, and of its points."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sweeper.points import Point
from sweeper.report.sources.cells import Cell, CellState
from sweeper.store.trials import Told, Trial, TrialState


class TrialStanding(enum.StrEnum):
    """How far a trial has come; the order is the one in which reports count.

    A trial that is asked for and not told of runs, is blocked, or is open: to be gone on with.
    """

    COMPLETE = "complete"
    PRUNED = "pruned"
    FAILED = "failed"
    RUNNING = "running"
    BLOCKED = "blocked"
    OPEN = "open"

    @property
    def is_over(self) -> bool:
        """Whether it is known what came of the trial."""
        return self in (TrialStanding.COMPLETE, TrialStanding.PRUNED, TrialStanding.FAILED)


_STANDINGS = {
    TrialState.COMPLETE: TrialStanding.COMPLETE,
    TrialState.PRUNED: TrialStanding.PRUNED,
    TrialState.FAILED: TrialStanding.FAILED,
}


@dataclass(frozen=True, slots=True)
class TrialOutcome:
    """What became of a trial.

    ``cells`` are those of its points, one a replicate; a trial that tried the same has the same ones. ``point`` is what
    the points share.
    """

    record: Trial
    point: Point
    cells: tuple[Cell, ...]

    @property
    def number(self) -> int:
        """The trial's number, from 0."""
        return self.record.number

    @property
    def told(self) -> Told | None:
        """What the search was told of the trial; None if it has not ended."""
        return self.record.told

    @property
    def standing(self) -> TrialStanding:
        """How far the trial has come."""
        if self.told is not None:
            return _STANDINGS[self.told.state]
        states = {cell.state for cell in self.cells}
        if CellState.RUNNING in states:
            return TrialStanding.RUNNING
        return TrialStanding.BLOCKED if CellState.BLOCKED in states else TrialStanding.OPEN

    @property
    def values(self) -> tuple[float, ...]:
        """What a complete trial came to, by objective; () for any other."""
        return self.told.values if self.told and self.standing is TrialStanding.COMPLETE else ()

    @property
    def is_feasible(self) -> bool:
        """Whether the trial is complete and keeps every constraint."""
        return self.told is not None and self.told.state is TrialState.COMPLETE and self.told.is_feasible

    @property
    def last_step(self) -> int | None:
        """The last step that the pruner was shown; None if it was shown none."""
        return max(self.told.steps, default=None) if self.told else None

    @property
    def reason(self) -> str:
        """Why the trial is not complete, as far as that is known."""
        if self.told is not None:
            return self.told.reason
        return next((cell.reason for cell in self.cells if cell.reason), "")
