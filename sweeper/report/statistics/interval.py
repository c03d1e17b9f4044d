"""What repeated measurements say of their mean, and where they lie.

The numbers are explained in ``docs/explanation/statistics.md``.
"""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

CONFIDENCE = 0.95
_RESAMPLES = 9_999
_SEED = 0
_BATCH_CELLS = 1_000_000
_GRID = 2.0**36


class IntervalMethod(enum.StrEnum):
    """How a confidence interval is computed."""

    T = "t"
    BOOTSTRAP = "bootstrap"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Interval:
    """A two-sided confidence interval of a mean, at the level ``CONFIDENCE``."""

    low: float
    high: float


def interval(values: Sequence[float], method: IntervalMethod = IntervalMethod.T) -> Interval | None:
    """Return the confidence interval of the mean.

    ``T`` is Student's (1908), ``BOOTSTRAP`` is BCa (Efron 1987), the same in whatever order the values are given.
    Equal values have an interval of no width. None for fewer than two values, where a value is not finite, for
    ``NONE``, and where an end is beyond what a float holds.
    """
    if method is IntervalMethod.NONE or len(values) < 2 or not all(map(math.isfinite, values)):
        return None
    if method is IntervalMethod.BOOTSTRAP:
        return _bootstrap_interval(values)
    return t_interval(*mean_and_deviation(values), len(values))


def mean_and_deviation(values: Sequence[float]) -> tuple[float, float]:
    """Return mean and sample standard deviation (of ``n - 1``) of two or more values.

    Both keep their digits where the values are many times larger than their spread, and near the ends of what a float
    holds. They are NaN where a value is not finite, or the values span more than a float holds.
    """
    origin = values[0]
    shifts = [value - origin for value in values]
    if not all(map(math.isfinite, shifts)):
        return math.nan, math.nan
    shift = math.fsum(one / len(values) for one in shifts)
    deviation = math.hypot(*(one - shift for one in shifts)) / math.sqrt(len(values) - 1)
    return origin + shift, deviation


def t_interval(mean: float, deviation: float, n: int) -> Interval | None:
    """Return Student's interval of the mean of ``n`` values; None where an end is beyond what a float holds."""
    half = _t_quantile(n - 1) * (deviation / math.sqrt(n))
    return _held(mean - half, mean + half)


def quantile(values: Sequence[float], q: float) -> float | None:
    """Return a quantile by linear interpolation: type 7 of Hyndman and Fan (1996), as in NumPy and R.

    What lies between a finite value and an infinite one is infinite. NaN between two opposite infinities, and where a
    value is NaN; None without values.
    """
    if not 0 <= q <= 1:
        raise ValueError(f"a quantile is of a share from 0 to 1, not {q}")
    if not values:
        return None
    if any(map(math.isnan, values)):
        return math.nan
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    below, above = ordered[math.floor(place)], ordered[math.ceil(place)]
    share = place - math.floor(place)
    return below if below == above else (1 - share) * below + share * above


@functools.cache
def _t_quantile(df: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(df, (1 + CONFIDENCE) / 2))


def _bootstrap_interval(values: Sequence[float]) -> Interval | None:
    """Return the BCa interval, resampled on a grid of whole numbers between the least value and the greatest.

    Their sums are exact, so that resamples with equal means are seen to have them. BCa counts those, and with a handful
    of values they are many.
    """
    low, high = min(values), max(values)
    span = high - low
    if not span:
        return Interval(low, high)
    if not math.isfinite(span):
        return None
    import numpy as np
    from scipy import stats

    steps = np.rint((np.sort(np.asarray(values, float)) - low) / span * _GRID)
    found = stats.bootstrap(
        (steps,),
        np.mean,
        n_resamples=_RESAMPLES,
        batch=math.ceil(_BATCH_CELLS / len(values)),
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(_SEED),
    ).confidence_interval
    shares = float(found.low) / _GRID, float(found.high) / _GRID
    return _held(*((1 - share) * low + share * high for share in shares))


def _held(low: float, high: float) -> Interval | None:
    return Interval(low, high) if math.isfinite(low) and math.isfinite(high) else None
