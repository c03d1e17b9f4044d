"""Whether two configurations differ: tests over paired replicates, corrected for how many are made.

The numbers, and what they assume, are explained in ``docs/explanation/statistics.md``.
"""

from __future__ import annotations

import enum
import itertools
import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeper.report.statistics.interval import Interval, mean_and_deviation, t_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHA = 0.05
_MOST_EXACT = 50


class PairedTest(enum.StrEnum):
    """A two-sided test of paired values."""

    T = "t"
    WILCOXON = "wilcoxon"

    @property
    def words(self) -> str:
        """The test's name as a table gives it."""
        return {PairedTest.T: "paired t-test", PairedTest.WILCOXON: "Wilcoxon signed-rank test"}[self]

    @property
    def fewest(self) -> int:
        """The fewest pairs that are tested; five can have no p below 0.05 by Wilcoxon's, whatever they are."""
        return {PairedTest.T: 3, PairedTest.WILCOXON: 6}[self]


class Reason(enum.StrEnum):
    """Why there is nothing to test."""

    NO_BASELINE = "no baseline"
    NOTHING_SHARED = "nothing shared"
    NOT_FINITE = "not finite"
    TOO_FEW = "too few"
    NO_SPREAD = "no spread"
    IDENTICAL = "identical"

    @property
    def wants_replicates(self) -> bool:
        """Whether more shared replicates would tell."""
        return self in (Reason.NOTHING_SHARED, Reason.TOO_FEW)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the replicates that a configuration shares with its baseline say of their difference.

    ``difference`` is the mean of value less baseline over the ``pairs``, with its t interval. ``effect`` is Cohen's d_z
    for the t-test, and the matched-pairs rank-biserial correlation (Kerby 2014) for Wilcoxon's. ``p`` is two-sided;
    ``adjusted``, that after Holm's correction.

    Where there is a ``reason`` there is no effect, and no p either, but for identical values, whose p is 1. The others
    are: no baseline to compare with, no pair, too few for the test, a value that is infinite or NaN, and no spread (all
    differences are the same, so that t is infinite).
    """

    pairs: int
    difference: float | None = None
    interval: Interval | None = None
    effect: float | None = None
    p: float | None = None
    adjusted: float | None = None
    reason: Reason | None = None

    @property
    def is_tested(self) -> bool:
        """Whether there is a p."""
        return self.p is not None

    @property
    def is_significant(self) -> bool:
        """Whether p is below ``ALPHA`` after the correction; False before it is made."""
        return self.adjusted is not None and self.adjusted < ALPHA


@dataclass(frozen=True, slots=True)
class _Difference:
    """A value less its baseline.

    Values that stand for 0.83 and 0.81 do not differ by exactly as much as those for 0.91 and 0.89. ``resolution`` is
    how far apart the rounding of the values may set two differences that are equal.
    """

    amount: float
    resolution: float


def compare(pairs: Sequence[tuple[float, float]], test: PairedTest = PairedTest.T) -> Comparison:
    """Compare values with their baselines, given as pairs of the two."""
    if not pairs:
        return Comparison(0, reason=Reason.NOTHING_SHARED)
    n = len(pairs)
    differences = [_difference(value, baseline) for value, baseline in pairs]
    amounts = [one.amount for one in differences]
    mean, deviation = mean_and_deviation(amounts) if n > 1 else (amounts[0], 0.0)
    if not (math.isfinite(mean) and math.isfinite(deviation)):
        return Comparison(n, reason=Reason.NOT_FINITE)
    found = Comparison(n, mean, t_interval(mean, deviation, n) if n > 1 else None)
    if n < test.fewest:
        return replace(found, reason=Reason.TOO_FEW)
    if not any(amounts):
        return replace(found, p=1.0, reason=Reason.IDENTICAL)
    return _tested_by_t(found, differences) if test is PairedTest.T else _tested_by_ranks(found, differences)


def adjust(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Correct p over all comparisons that have one, by Holm (1979); the others stay as they are, and do not count."""
    found = list(comparisons)
    tested = [(one.p, place) for place, one in enumerate(found) if one.p is not None]
    adjusted = 0.0
    for rank, (p, place) in enumerate(sorted(tested)):
        adjusted = min(1.0, max(adjusted, (len(tested) - rank) * p))
        found[place] = replace(found[place], adjusted=adjusted)
    return found


def _difference(value: float, baseline: float) -> _Difference:
    # A value is off by half a unit in the last place, so a difference by one, and two differences from another by two.
    resolution = 2 * math.ulp(max(abs(value), abs(baseline)))
    amount = value - baseline
    return _Difference(0.0 if abs(amount) <= resolution < math.inf else amount, resolution)


def _tested_by_t(found: Comparison, differences: Sequence[_Difference]) -> Comparison:
    from scipy.special import stdtr

    mean, deviation = mean_and_deviation([one.amount for one in differences])
    if deviation <= max(one.resolution for one in differences):
        return replace(found, reason=Reason.NO_SPREAD)
    effect = mean / deviation
    t = effect * math.sqrt(found.pairs)
    return replace(found, effect=effect, p=2 * float(stdtr(found.pairs - 1, -abs(t))))


def _tested_by_ranks(found: Comparison, differences: Sequence[_Difference]) -> Comparison:
    nonzero = [one for one in differences if one.amount]
    ranks = _doubled_ranks(nonzero)
    upward = sum(rank for rank, one in zip(ranks, nonzero, strict=True) if one.amount > 0)
    downward = sum(ranks) - upward
    p_of = _exact_p if len(ranks) <= _MOST_EXACT else _normal_p
    return replace(found, effect=(upward - downward) / sum(ranks), p=p_of(ranks, min(upward, downward)))


def _doubled_ranks(differences: Sequence[_Difference]) -> list[int]:
    """Return twice the rank of each difference by its size, a whole number also where tied ones share their mean."""
    order = sorted(range(len(differences)), key=lambda place: abs(differences[place].amount))
    ordered = [differences[place] for place in order]
    starts = [place for place in range(len(order)) if not place or not _tied(*ordered[place - 1 : place + 1])]
    ranks = [0] * len(order)
    for start, stop in itertools.pairwise([*starts, len(order)]):
        for place in order[start:stop]:
            ranks[place] = start + 1 + stop
    return ranks


def _tied(one: _Difference, other: _Difference) -> bool:
    return abs(other.amount) - abs(one.amount) <= max(one.resolution, other.resolution)


def _exact_p(ranks: Sequence[int], least: int) -> float:
    """Return the share of all ways to give signs to the ranks in which either sign's sum is no more than ``least``.

    Exact with ties too, given the ranks that there are (Streitberg and Roehmel 1986).
    """
    import numpy as np

    ways = np.zeros(least + 1)
    ways[0] = 1
    for rank in ranks:
        ways[rank:] = ways[rank:] + ways[:-rank]
    return min(1.0, math.ldexp(float(ways.sum()), 1 - len(ranks)))


def _normal_p(ranks: Sequence[int], least: int) -> float:
    """Return that share for many ranks, by a normal distribution whose variance allows for ties."""
    z = (sum(ranks) - 2 * least) / math.sqrt(sum(rank * rank for rank in ranks))
    return math.erfc(z / math.sqrt(2))
