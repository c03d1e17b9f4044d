"""Repeated measurements of one thing, and what they say together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sweeper.report.statistics.interval import (
    Interval,
    IntervalMethod,
    interval,
    mean_and_deviation,
    quantile,
)


@dataclass(frozen=True, slots=True)
class Measurement:
    """What ``n`` values of a metric say.

    ``mean`` is None without a value; ``std`` is the sample standard deviation (of ``n - 1`` degrees of freedom), None
    for fewer than two values, where one is infinite, and where they span more than a float holds. ``interval`` is that
    of the mean, with 95 % confidence. ``quantiles`` are those that were asked for, by their share.
    """

    n: int = 0
    mean: float | None = None
    std: float | None = None
    interval: Interval | None = None
    quantiles: Mapping[float, float | None] = field(default_factory=dict)


def measure(
    values: Sequence[float], method: IntervalMethod = IntervalMethod.NONE, quantiles: Sequence[float] = ()
) -> Measurement:
    """Return mean and sample standard deviation, and what else is wanted."""
    n = len(values)
    shares = {share: quantile(values, share) for share in quantiles}
    if not n:
        return Measurement(quantiles=shares)
    if not all(map(math.isfinite, values)):
        return Measurement(n, sum(values) / n, quantiles=shares)
    if n == 1:
        return Measurement(1, values[0], quantiles=shares)
    mean, deviation = mean_and_deviation(values)
    if math.isnan(deviation):
        return Measurement(n, math.fsum(value / n for value in values), quantiles=shares)
    return Measurement(n, mean, deviation, interval(values, method), shares)
