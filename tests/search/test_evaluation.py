"""A trial's value is the mean over its replicates, as exact as a float can hold it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from sweeper.points import Point
from sweeper.search.base import Outcome, PointState
from sweeper.search.evaluation import Evaluation, InFlight
from sweeper.store.trials import Trial

POINTS = [Point.of({"x": 1, "seed": seed}) for seed in range(3)]


def mean(values: Sequence[float]) -> float:
    """Return the mean that an evaluation makes of values."""
    evaluation = Evaluation(Trial(0, {"x": 1}, 0), POINTS)
    for place, value in enumerate(values):
        evaluation.outcomes[place] = Outcome(POINTS[place], PointState.COMPUTED, metrics={"loss": value})
    return evaluation.means(["loss"])["loss"]


def test_the_mean_is_rounded_once():
    assert mean([0.1, 0.2, 0.3]) == 0.2
    assert mean([1e308, 1e308, 1e308]) == 1e308, "the sum is more than a float can hold"


def test_infinities_are_told_and_opposite_ones_have_no_mean():
    assert mean([math.inf, 1.0, 2.0]) == math.inf
    assert math.isnan(mean([math.inf, -math.inf]))


def test_a_point_of_two_trials_comes_back_for_the_one_that_handed_it_out_first():
    first, second = (Evaluation(Trial(number, {"x": 1}, 0), POINTS[:1]) for number in range(2))
    in_flight = InFlight()
    assert in_flight.hand_out(first) == in_flight.hand_out(second) == POINTS[0]
    assert len(in_flight) == 2
    assert in_flight.evaluation_of(POINTS[0]) is first
    assert in_flight.take_back(POINTS[0]) == (first, 0)
    assert in_flight.take_back(POINTS[0]) == (second, 0)
    assert len(in_flight) == 0
    assert in_flight.evaluation_of(POINTS[0]) is None


def test_points_are_handed_out_in_order_until_there_are_no_more():
    evaluation = Evaluation(Trial(0, {"x": 1}, 0), POINTS)
    places = []
    while evaluation.has_more:
        assert not evaluation.is_complete
        places.append(evaluation.hand_out())
        assert evaluation.is_waited_for
    assert places == [(point, place) for place, point in enumerate(POINTS)]
    with pytest.raises(IndexError):
        evaluation.hand_out()
