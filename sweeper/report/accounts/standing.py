"""How far a sweep has come: whether it runs, is complete, or stopped before that, and the best so far."""

from __future__ import annotations

import enum
import math
from collections import defaultdict
from collections.abc import Hashable
from dataclasses import dataclass

from sweeper.errors import StoreError
from sweeper.points import Count
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.trials import TrialStanding
from sweeper.report.sources.values import identity
from sweeper.report.statistics.front import front, losses
from sweeper.store.base import Reader
from sweeper.store.lease import is_dead
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag


class SweepStanding(enum.StrEnum):
    """Whether a sweep runs, and if not how it ended.

    An incomplete one has ended in order, but some of its points have no result. Of an unreadable one what the store
    has is damaged.
    """

    RUNNING = "running"
    COMPLETE = "complete"
    INTERRUPTED = "interrupted"
    INCOMPLETE = "incomplete"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many points of a grid have a result, or how many trials of a study have ended, of how many."""

    done: int
    total: Count
    failed: int = 0
    blocked: int = 0


@dataclass(frozen=True, slots=True)
class Best:
    """The best mean of a metric over the ``n`` results of a configuration; with several objectives, how many are best.

    ``front`` is the size of the Pareto front; ``mean`` is None then.
    """

    metric: str
    mean: float | None
    n: int = 0
    front: int = 0


def standing_of(reader: Reader, run: RunRecord, found: SweepOutcomes | None) -> SweepStanding:
    """Return how a sweep stands, by its own run and by what became of its points, None if its spec is not known."""
    if not run.status.is_over and not _is_abandoned(reader, run):
        return SweepStanding.RUNNING
    if found is not None and _is_complete(found, run):
        return SweepStanding.COMPLETE
    is_cut = run.status is RunStatus.KILLED or not run.status.is_over
    return SweepStanding.INTERRUPTED if is_cut else SweepStanding.INCOMPLETE


def progress_of(found: SweepOutcomes) -> Progress:
    """Return how far a sweep has come."""
    study = found.study
    if study is not None:
        total = Count(study.design.trials, is_exact=study.design.timeout is None)
        return Progress(study.over, total, study.counts[TrialStanding.FAILED], study.counts[TrialStanding.BLOCKED])
    counts = found.counts()
    return Progress(counts[CellState.FINISHED], found.total, counts[CellState.FAILED], counts[CellState.BLOCKED])


def best_of(found: SweepOutcomes) -> Best | None:
    """Return the best that a sweep has come to by its objectives, None where nothing can be called best."""
    directions = [direction for direction in found.directions if direction is not None]
    if len(directions) < len(found.metrics):
        return None
    means = _study_means(found) if found.study else _means(found)
    ways = [losses(values, directions) for values, _ in means]
    places = front(ways)
    if not places:
        return None
    if len(directions) > 1:
        return Best(", ".join(found.metrics), None, front=len(places))
    values, n = means[min(places)]
    return Best(found.metric, values[0], n)


def _means(found: SweepOutcomes) -> list[tuple[tuple[float, ...], int]]:
    """Return the mean of each metric over the results of each configuration, NaN where there is none."""
    groups: defaultdict[Hashable, list[tuple[float, ...]]] = defaultdict(list)
    replicates = {*found.spec.replicate_names}
    for cell in found.cells:
        if cell.state is CellState.FINISHED:
            shared = tuple((name, identity(value)) for name, value in cell.point.values if name not in replicates)
            groups[shared].append(tuple(cell.values.get(metric, math.nan) for metric in found.metrics))
    return [
        (tuple(sum(column) / len(results) for column in zip(*results, strict=True)), len(results))
        for results in groups.values()
    ]


def _study_means(found: SweepOutcomes) -> list[tuple[tuple[float, ...], int]]:
    assert found.study is not None
    return [(trial.values, trial.told.replicates) for trial in found.study.feasible if trial.told is not None]


def _is_complete(found: SweepOutcomes, run: RunRecord) -> bool:
    progress = progress_of(found)
    if found.study is not None:
        is_whole = not any(trial.record.invalidated for trial in found.trials)
        return (run.status is RunStatus.FINISHED and is_whole) or progress.done >= progress.total.number
    return progress.total.is_exact and progress.done == progress.total.number


def _is_abandoned(reader: Reader, run: RunRecord) -> bool:
    """Whether the process that a RUNNING sweep belongs to is gone."""
    try:
        return is_dead(reader.run(run.tags.get(Tag.DRIVER, "")))
    except StoreError:
        return True
