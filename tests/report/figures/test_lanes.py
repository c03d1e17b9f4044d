"""Time cut into lanes, bars and stretches."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.figures.interactive.lanes import MOST_BARS, MOST_TICKS, Stretch, bars, stretches, ticks
from sweeper.report.figures.subject import Step

HOUR = 3_600_000

steps = st.lists(
    st.builds(
        lambda start, seconds: Step(0, None, start, start + seconds, "finished"), st.integers(0, 99), st.integers(0, 50)
    ),
    min_size=1,
    max_size=30,
)


@given(steps)
def test_nothing_overlaps_in_a_lane_and_no_lane_is_wasted(given: list[Step]) -> None:
    drawn = bars(given)
    assert sorted((bar.start, bar.end) for bar in drawn) == sorted((step.start, step.end) for step in given)
    for lane in {bar.lane for bar in drawn}:
        in_order = sorted((bar.start, bar.end) for bar in drawn if bar.lane == lane)
        assert all(before[1] <= after[0] for before, after in pairwise(in_order))
    at_once = max(sum(bar.start <= start < bar.end or bar.start == start for bar in drawn) for start in range(150))
    assert len({bar.lane for bar in drawn}) <= at_once


def test_a_short_pause_stays_and_a_long_one_parts() -> None:
    def ran(*times: tuple[int, int]) -> list[Step]:
        return [Step(0, None, start, end, "finished") for start, end in times]

    assert stretches(ran((0, 100), (50, 120), (125, 200))) == [Stretch(0, 200)]
    assert stretches(ran((0, 100), (500, 600))) == [Stretch(0, 100), Stretch(500, 600)]


def test_ticks_stand_where_a_stretch_begins_and_keep_their_distance() -> None:
    parts = [Stretch(0, 5 * HOUR), Stretch(100 * HOUR, 105 * HOUR)]
    named = ticks(parts)
    assert {0, 100 * HOUR} <= {*named}
    assert len(named) <= MOST_TICKS + 2
    assert named[0] == "00:00<br>1970-01-01"
    assert named[100 * HOUR] == "04:00<br>1970-01-05"
    assert any("<br>" not in words for words in named.values())


def test_bars_that_nobody_could_tell_apart_are_one_and_count_what_they_are() -> None:
    many = [Step(place, None, 10 * place, 10 * place + 9, "finished") for place in range(5 * MOST_BARS)]
    drawn = bars(many)
    assert len(drawn) <= MOST_BARS
    assert sum(bar.number for bar in drawn) == len(many)
