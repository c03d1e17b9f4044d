"""Confidence intervals and quantiles are those of the textbooks, of SciPy and of NumPy."""

from __future__ import annotations

import itertools
import math
import random
import statistics
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sweeper.report.statistics.interval import (
    CONFIDENCE,
    Interval,
    IntervalMethod,
    interval,
    mean_and_deviation,
    quantile,
)

SLEEP = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
"""Hours of sleep that ten patients gained by the second drug: Student (1908); ``sleep`` in R."""

finite = st.floats(-1e9, 1e9).map(lambda value: round(value, 6))
samples = st.lists(finite, min_size=2, max_size=30)
varied = samples.filter(lambda values: len(set(values)) > 1)


def bounds(values: Sequence[float], method: IntervalMethod = IntervalMethod.T) -> tuple[float, float]:
    found = interval(values, method)
    assert found is not None
    return found.low, found.high


def textbook_bca(values: Sequence[float]) -> tuple[float, float]:
    """Return the BCa interval over every resample there is, each as likely (Efron and Tibshirani 1993, chapter 14)."""
    normal = statistics.NormalDist()
    data = np.asarray(values)
    means = np.sort([sum(some) / len(some) for some in itertools.product(values, repeat=len(values))])
    below, equal = np.sum(means < data.mean() - 1e-12), np.sum(np.abs(means - data.mean()) <= 1e-12)
    bias = normal.inv_cdf((below + equal / 2) / len(means))
    left_out = np.array([np.delete(data, place).mean() for place in range(len(data))])
    pull = left_out.mean() - left_out
    acceleration = np.sum(pull**3) / (6 * np.sum(pull**2) ** 1.5)
    shares = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    ends = [bias + normal.inv_cdf(share) for share in shares]
    low, high = (np.quantile(means, normal.cdf(bias + end / (1 - acceleration * end))) for end in ends)
    return float(low), float(high)


def test_the_t_interval_is_that_of_a_published_example() -> None:
    """``t.test(extra)`` in R, of the second group of ``sleep``, prints 0.8976775 and 3.7623225."""
    assert bounds(SLEEP) == pytest.approx((0.8976775, 3.7623225), abs=1e-7)


@given(varied)
def test_the_t_interval_is_that_of_scipy(values: list[float]) -> None:
    expected = stats.t.interval(CONFIDENCE, len(values) - 1, np.mean(values), stats.sem(values))
    assert bounds(values) == pytest.approx(expected, rel=1e-9, abs=1e-12 * max(map(abs, values)))


@pytest.mark.parametrize("n", [2, 3, 5, 10, 30, 10_000])
def test_the_t_interval_covers_what_it_says_of_any_number_of_values(n: int) -> None:
    """The half width over the standard error is the quantile of t: exactly 95 % of it lies within."""
    rng = random.Random(n)
    values = [rng.gauss(0.9, 0.01) for _ in range(n)]
    low, high = bounds(values)
    quantile_of_t = (high - low) / 2 / (statistics.stdev(values) / math.sqrt(n))
    assert stats.t.cdf(quantile_of_t, n - 1) == pytest.approx(0.975, abs=1e-9)


@given(varied)
def test_mean_and_deviation_are_those_of_exact_arithmetic(values: list[float]) -> None:
    mean, deviation = mean_and_deviation(values)
    assert mean == pytest.approx(statistics.mean(values), rel=1e-14, abs=1e-15 * max(map(abs, values)))
    assert deviation == pytest.approx(statistics.stdev(values), rel=1e-12)


@pytest.mark.parametrize("offset", [0.0, 2.0**30, -(2.0**40)])
def test_a_large_offset_moves_the_interval_and_changes_nothing_else(offset: float) -> None:
    values = [1.25, 2.5, 2.75, 4.0]
    for method in (IntervalMethod.T, IntervalMethod.BOOTSTRAP):
        expected = [end + offset for end in bounds(values, method)]
        assert bounds([value + offset for value in values], method) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize("scale", [1e-300, 1e-160, 1e160, 1e300])
def test_the_interval_scales_with_its_values_to_the_ends_of_what_a_float_holds(scale: float) -> None:
    for method in (IntervalMethod.T, IntervalMethod.BOOTSTRAP):
        expected = [end * scale for end in bounds(SLEEP, method)]
        assert bounds([value * scale for value in SLEEP], method) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("method", IntervalMethod)
@pytest.mark.parametrize(
    "values", [[], [0.5], [1.0, math.inf], [-math.inf, math.inf], [1.0, math.nan, 2.0], [1.7e308, -1.7e308]]
)
def test_there_is_no_interval_where_none_can_be_said(values: list[float], method: IntervalMethod) -> None:
    assert interval(values, method) is None


def test_no_interval_is_given_where_none_is_wanted() -> None:
    assert interval(SLEEP, IntervalMethod.NONE) is None


@pytest.mark.parametrize("method", [IntervalMethod.T, IntervalMethod.BOOTSTRAP])
@given(value=st.floats(allow_nan=False, allow_infinity=False), n=st.integers(2, 9))
def test_equal_values_have_an_interval_of_no_width(method: IntervalMethod, value: float, n: int) -> None:
    assert interval([value] * n, method) == Interval(value, value)


@pytest.mark.parametrize("values", [[0.71, 0.9, 0.92, 0.93, 0.95, 0.97], [1.0, 2.0, 3.5, 5.5, 8.0, 13.0]])
def test_the_bootstrap_interval_is_that_over_every_resample_there_is(values: list[float]) -> None:
    spread = statistics.stdev(values)
    assert bounds(values, IntervalMethod.BOOTSTRAP) == pytest.approx(textbook_bca(values), abs=0.05 * spread)


@settings(max_examples=20, deadline=None)
@given(st.lists(finite, min_size=8, max_size=20, unique=True))
def test_the_bootstrap_interval_is_that_of_scipy_but_for_chance(values: list[float]) -> None:
    expected = stats.bootstrap((values,), np.mean, rng=np.random.default_rng(1)).confidence_interval
    tolerance = 0.1 * statistics.stdev(values)
    assert bounds(values, IntervalMethod.BOOTSTRAP) == pytest.approx((expected.low, expected.high), abs=tolerance)


@settings(max_examples=20, deadline=None)
@given(st.lists(finite, min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_the_same_results_have_the_same_bootstrap_interval_in_any_order(
    values: list[float], rng: random.Random
) -> None:
    shuffled = rng.sample(values, len(values))
    assert interval(values, IntervalMethod.BOOTSTRAP) == interval(shuffled, IntervalMethod.BOOTSTRAP)


@settings(max_examples=20, deadline=None)
@given(samples)
def test_the_bootstrap_interval_stays_within_the_values(values: list[float]) -> None:
    low, high = bounds(values, IntervalMethod.BOOTSTRAP)
    assert min(values) <= low <= high <= max(values)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=3, max_size=6).filter(lambda values: len(set(values)) > 1))
def test_means_that_are_equal_in_decimals_are_equal_to_the_bootstrap(values: list[int]) -> None:
    """0.1 + 0.3 is twice 0.2 in decimals only; BCa counts the resamples whose mean is that of the values."""
    expected = [100 + end / 1000 for end in bounds(values, IntervalMethod.BOOTSTRAP)]
    decimals = [100 + value / 1000 for value in values]
    assert bounds(decimals, IntervalMethod.BOOTSTRAP) == pytest.approx(expected, abs=1e-9)


def test_the_bootstrap_interval_of_ten_thousand_values_is_near_that_of_t() -> None:
    rng = random.Random(0)
    values = [rng.random() for _ in range(10_000)]
    assert bounds(values, IntervalMethod.BOOTSTRAP) == pytest.approx(bounds(values), abs=5e-4)


@given(st.lists(finite, min_size=1, max_size=30), st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: list[float], q: float) -> None:
    scale = max(map(abs, values))
    assert quantile(values, q) == pytest.approx(np.quantile(values, q), rel=1e-12, abs=1e-14 * scale)


@given(st.lists(finite, min_size=1, max_size=30))
def test_the_half_quantile_is_the_median(values: list[float]) -> None:
    assert quantile(values, 0.5) == statistics.median(values)


def test_quantiles_lie_between_infinite_values_too() -> None:
    values = [math.inf, 1.0, 2.0, math.inf, -math.inf]
    found = [quantile(values, q) for q in (0.0, 0.25, 0.375, 0.5, 0.625, 0.75, 1.0)]
    assert found == [-math.inf, 1.0, 1.5, 2.0, math.inf, math.inf, math.inf]
    assert quantile(values, 0.1) == -math.inf


def test_a_quantile_between_opposite_infinities_or_beside_nan_is_nan() -> None:
    for values in ([-math.inf, math.inf], [1.0, math.nan, 2.0]):
        found = quantile(values, 0.5)
        assert found is not None
        assert math.isnan(found)


def test_no_values_have_no_quantile() -> None:
    assert quantile([], 0.5) is None


@pytest.mark.parametrize("q", [-0.1, 1.1, 95, math.nan])
def test_a_quantile_of_no_share_is_refused(q: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 1"):
        quantile([1.0], q)
