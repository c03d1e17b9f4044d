"""Replicates: repeated measurements of one configuration, and what they say together."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeper.points import Point
from sweeper.report.cells import Cell, CellState
from sweeper.report.front import Losses, front, losses
from sweeper.report.outcomes import SweepOutcomes
from sweeper.report.trials import TrialOutcome, TrialStanding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sweeper.spec import Direction


@dataclass(frozen=True, slots=True)
class Measurement:
    """What ``n`` results of one configuration say.

    ``mean`` is None without a result; ``std`` is the sample standard deviation (of ``n - 1`` degrees of freedom), None
    for fewer than two results and where one of them is infinite.
    """

    n: int = 0
    mean: float | None = None
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """A point without its replicate parameters, with what its replicates came to.

    ``measurements`` are those of each metric. ``trials`` are those of a study that tried it, in the order of their
    numbers. ``is_best``: no other configuration is as good by every metric and better by one. ``is_short``: another
    has more results, so that the means do not compare on equal terms.
    """

    point: Point
    measurements: Mapping[str, Measurement]
    counts: Mapping[CellState, int]
    trials: tuple[TrialOutcome, ...] = ()
    is_best: bool = False
    is_short: bool = False

    @property
    def measurement(self) -> Measurement:
        """That of the first metric."""
        return next(iter(self.measurements.values()))

    @property
    def n(self) -> int:
        """How many results there are."""
        return self.measurement.n

    @property
    def trial(self) -> TrialOutcome | None:
        """The trial that speaks for the configuration: the one that has come furthest; None outside of a study."""
        order = [*TrialStanding]
        return min(self.trials, key=lambda trial: order.index(trial.standing), default=None)


def measure(values: Sequence[float]) -> Measurement:
    """Return mean and sample standard deviation, each rounded once from the exact number."""
    n = len(values)
    if not all(map(math.isfinite, values)):
        return Measurement(n, sum(values) / n)
    return Measurement(n, statistics.mean(values) if n else None, _deviation(values) if n > 1 else None)


def configurations(outcomes: SweepOutcomes) -> tuple[Configuration, ...]:
    """Return the configurations of a sweep, the best first.

    Those of a study that break a constraint come behind those that keep them, then those whose trial is not complete.
    Equal ones, those without a result (which come last), and all of them where no direction is known keep the order of
    the points.
    """
    groups: dict[Point, list[Cell]] = {}
    for cell in outcomes.cells:
        groups.setdefault(cell.point.configuration(outcomes.spec.replicate_names), []).append(cell)
    trials: defaultdict[Point, list[TrialOutcome]] = defaultdict(list)
    for trial in outcomes.trials:
        trials[trial.point].append(trial)
    found = [_configuration(point, cells, outcomes.metrics, trials[point]) for point, cells in groups.items()]
    most = max((configuration.n for configuration in found), default=0)
    flagged = [replace(one, is_short=one.n < most) for one in found]
    directions = [direction for direction in outcomes.directions if direction is not None]
    return tuple(_ranked(flagged, directions) if len(directions) == len(outcomes.metrics) else flagged)


def _configuration(
    point: Point, cells: Sequence[Cell], metrics: Iterable[str], trials: Iterable[TrialOutcome]
) -> Configuration:
    counts = Counter(cell.state for cell in cells)
    measurements = {metric: measure([cell.values[metric] for cell in cells if cell.values]) for metric in metrics}
    return Configuration(point, measurements, {state: counts[state] for state in CellState}, tuple(trials))


def _ranked(found: Sequence[Configuration], directions: Sequence[Direction]) -> list[Configuration]:
    """Return the configurations in order, with the best marked: with several metrics the Pareto front."""
    ways = [_losses(configuration, directions) for configuration in found]
    first_tier = [way if _tier(one) == 0 else (math.inf,) for one, way in zip(found, ways, strict=True)]
    unbeaten = front(first_tier)
    marked = [replace(one, is_best=place in unbeaten) for place, one in enumerate(found)]
    ranks = [(_tier(one), one.n == 0, not one.is_best, way) for one, way in zip(marked, ways, strict=True)]
    return [marked[place] for place in sorted(range(len(marked)), key=ranks.__getitem__)]


_TIERS = {
    TrialStanding.COMPLETE: 1,
    TrialStanding.RUNNING: 2,
    TrialStanding.BLOCKED: 2,
    TrialStanding.OPEN: 2,
    TrialStanding.PRUNED: 3,
    TrialStanding.FAILED: 4,
}


def _tier(configuration: Configuration) -> int:
    """Return which of the groups a configuration belongs to that are ranked each for itself."""
    trial = configuration.trial
    return 0 if trial is None or trial.is_feasible else _TIERS[trial.standing]


def _losses(configuration: Configuration, directions: Sequence[Direction]) -> Losses:
    means = [measurement.mean for measurement in configuration.measurements.values()]
    return losses([math.nan if mean is None else mean for mean in means], directions)


def _deviation(values: Sequence[float]) -> float:
    try:
        return statistics.stdev(values)
    except OverflowError:  # values at both ends of what a float can hold
        return math.inf
