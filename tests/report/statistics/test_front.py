"""The front is what nothing beats."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.statistics.front import Losses, front, losses
from sweeper.spec import Direction

LOSS = st.sampled_from([-math.inf, -1.0, 0.0, -0.0, 0.5, 2.0, math.inf])
CANDIDATES = st.integers(1, 3).flatmap(lambda ways: st.lists(st.tuples(*[LOSS] * ways), max_size=12))


def beats(one: Losses, other: Losses) -> bool:
    return one != other and all(mine <= its for mine, its in zip(one, other, strict=True))


@given(CANDIDATES)
def test_the_front_is_every_finite_candidate_that_no_other_beats(candidates: list[Losses]) -> None:
    finite = [place for place, loss in enumerate(candidates) if math.inf not in loss]
    expected = {place for place in finite if not any(beats(candidates[other], candidates[place]) for other in finite)}
    assert front(candidates) == expected


def test_with_one_loss_the_front_is_the_least_and_its_equals() -> None:
    assert front([(2.0,), (1.0,), (3.0,), (1.0,)]) == {1, 3}


def test_what_is_infinitely_bad_in_some_way_is_not_on_the_front() -> None:
    assert front([(math.inf,)]) == set()
    assert front([(-5.0, math.inf), (1.0, 1.0)]) == {1}


def test_a_value_is_a_loss_by_its_direction_and_nan_the_greatest() -> None:
    values = (1.0, 2.0, math.nan)
    assert losses(values, [Direction.MAXIMIZE, Direction.MINIMIZE, Direction.MAXIMIZE]) == (-1.0, 2.0, math.inf)


def test_ten_thousand_equal_candidates_take_no_time() -> None:
    assert len(front([(0.0, 1.0)] * 10_000)) == 10_000
