"""What can be said of a study's trials before they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from random import Random

from sweeper.points import Point
from sweeper.points.space import draw, trial_points
from sweeper.search.continuation import rows_left
from sweeper.spec import Spec, Study
from sweeper.store.trials import Trial, TrialState

SAMPLE = 2_000
"""Of so many points at most a plan is made, where there are more than can be looked at one by one."""


@dataclass(frozen=True, slots=True)
class TrialsAhead:
    """What can be said of a study's trials before they are asked for.

    ``total`` is how many there are in all, ``done`` how many of them need nothing more, ``points`` how many each has.
    ``left`` were not asked for yet; in their place ``drawn`` are drawn at random. ``is_bound``: a pruner or a time-out
    may make it less.
    """

    total: int
    done: int
    points: int
    left: int
    drawn: int
    is_bound: bool


def look_ahead(spec: Spec, study: Study, known: Sequence[Trial]) -> tuple[TrialsAhead, list[Point]]:
    """Return what can be said of a study's trials, and their points, as far as they are known and else at random.

    Of trials that were pruned nothing more runs, so their points are left out.
    """
    points = len(trial_points(spec, {}))
    left = max(study.trials - len(known), 0)
    drawn = min(left, max(SAMPLE // points, 1))
    rows = rows_left(study.enqueue, known)
    generator = Random(study.seed)  # noqa: S311 (nothing secret is drawn)
    assignments = [trial.values for trial in known if not _is_pruned(trial) and not study.fits(trial.values)]
    assignments += [draw(study, generator, row) for row in islice(chain(rows, repeat({})), drawn)]
    ahead = TrialsAhead(
        total=study.trials,
        done=sum(_is_done(trial, points) for trial in known),
        points=points,
        left=left,
        drawn=drawn,
        is_bound=study.pruner is not None or study.timeout is not None,
    )
    return ahead, [point for values in assignments for point in trial_points(spec, values)]


def _is_pruned(trial: Trial) -> bool:
    return trial.told is not None and trial.told.state is TrialState.PRUNED


def _is_done(trial: Trial, points: int) -> bool:
    """Whether a trial needs nothing more: it is not asked for again, nor has it got more replicates since."""
    if trial.told is None or trial.told.state is TrialState.FAILED:
        return False
    return _is_pruned(trial) or trial.told.replicates == points
