"""Repeated measurements are put together as statistics has it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.statistics.interval import Interval, IntervalMethod
from sweeper.report.statistics.measurement import Measurement, measure


@given(st.lists(st.floats(-1e9, 1e9).map(lambda value: round(value, 6)), min_size=2, max_size=30))
def test_mean_and_deviation_are_those_of_numpy(values: list[float]) -> None:
    found = measure(values)
    scale = max(map(abs, values))
    assert found.n == len(values)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-12 * scale)
    assert found.std == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-12 * scale)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 9))
def test_equal_values_are_their_own_mean_and_do_not_deviate(value: float, n: int) -> None:
    assert measure([value] * n) == Measurement(n, value, 0.0)


def test_one_value_has_no_deviation_and_none_has_no_mean() -> None:
    assert measure([0.5], IntervalMethod.T) == Measurement(1, 0.5, None)
    assert measure([], IntervalMethod.T) == Measurement(0, None, None)


@pytest.mark.parametrize(
    ("values", "mean"), [([1.0, math.inf], math.inf), ([-math.inf], -math.inf), ([math.inf, -math.inf], math.nan)]
)
def test_an_infinite_value_leaves_no_deviation_and_no_interval(values: list[float], mean: float) -> None:
    found = measure(values, IntervalMethod.T)
    assert (found.n, found.std, found.interval) == (len(values), None, None)
    assert found.mean == pytest.approx(mean, nan_ok=True)


def test_values_that_span_more_than_a_float_holds_have_a_mean_alone() -> None:
    assert measure([1.7e308, -1.7e308], IntervalMethod.T) == Measurement(2, 0.0)
    assert measure([1.7e308] * 2) == Measurement(2, 1.7e308, 0.0)


def test_the_interval_is_students_unless_another_is_asked_for() -> None:
    values = [0.87, 0.88, 0.91, 0.9]
    by_t = measure(values, IntervalMethod.T).interval
    assert by_t is not None
    assert (by_t.low, by_t.high) == pytest.approx((0.8609, 0.9191), abs=1e-4)
    by_bootstrap = measure(values, IntervalMethod.BOOTSTRAP).interval
    assert isinstance(by_bootstrap, Interval)
    assert by_bootstrap != by_t
    assert measure(values).interval is None


def test_quantiles_are_those_that_are_asked_for() -> None:
    found = measure([4.0, 1.0, 2.0, 3.0], quantiles=[0.5, 0.0, 0.975])
    assert found.quantiles == {0.5: 2.5, 0.0: 1.0, 0.975: pytest.approx(3.925)}
    assert measure([], quantiles=[0.5]).quantiles == {0.5: None}
    assert measure([math.inf, 1.0], quantiles=[0.0, 1.0]).quantiles == {0.0: 1.0, 1.0: math.inf}
