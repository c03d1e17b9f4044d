"""Replicates: repeated measurements of one configuration, and what they say together."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeper.report.outcomes import Cell, Outcomes, PointState
from sweeper.spec import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sweeper.points import Point


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
    """A point without its replicate parameter, with what its replicates came to.

    ``is_best``: no other mean is better. ``is_short``: another configuration has more results, so that the means do
    not compare on equal terms.
    """

    point: Point
    measurement: Measurement
    counts: Mapping[PointState, int]
    is_best: bool = False
    is_short: bool = False


def measure(values: Sequence[float]) -> Measurement:
    """Return mean and sample standard deviation, each rounded once from the exact number."""
    n = len(values)
    if not all(map(math.isfinite, values)):
        return Measurement(n, sum(values) / n)
    return Measurement(n, statistics.mean(values) if n else None, _deviation(values) if n > 1 else None)


def configurations(outcomes: Outcomes) -> tuple[Configuration, ...]:
    """Return the configurations of a sweep, the best first.

    Equal ones, those without a result (which come last), and all of them where no direction is known keep the order of
    the points.
    """
    groups: dict[Point, list[Cell]] = {}
    for cell in outcomes.cells:
        groups.setdefault(cell.point.configuration(outcomes.spec.replicate_names), []).append(cell)
    found = [_configuration(point, cells) for point, cells in groups.items()]
    most = max((configuration.measurement.n for configuration in found), default=0)
    flagged = (replace(one, is_short=one.measurement.n < most) for one in found)
    return tuple(_ranked(flagged, outcomes.direction))


def _configuration(point: Point, cells: Iterable[Cell]) -> Configuration:
    counts = Counter(cell.state for cell in cells)
    values = [cell.value for cell in cells if cell.value is not None]
    return Configuration(point, measure(values), {state: counts[state] for state in PointState})


def _ranked(found: Iterable[Configuration], direction: Direction | None) -> list[Configuration]:
    """Return the configurations in order, with the best marked."""
    if direction is None:
        return list(found)
    sign = -1 if direction is Direction.MAXIMIZE else 1

    def loss(configuration: Configuration) -> float:
        mean = configuration.measurement.mean
        return math.inf if mean is None or math.isnan(mean) else sign * mean

    def rank(configuration: Configuration) -> tuple[bool, float]:
        return configuration.measurement.mean is None, loss(configuration)

    ranked = sorted(found, key=rank)
    least = loss(ranked[0]) if ranked else math.inf
    return [replace(one, is_best=loss(one) == least < math.inf) for one in ranked]


def _deviation(values: Sequence[float]) -> float:
    try:
        return statistics.stdev(values)
    except OverflowError:  # values at both ends of what a float can hold
        return math.inf
