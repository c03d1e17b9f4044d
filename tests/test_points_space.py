"""Points of a study's space: what a trial is evaluated at, and what is drawn at random."""

from __future__ import annotations

import math
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sweeper.points.space import draw, trial_points
from sweeper.spec import Axis, Grid, Spec, Study
from sweeper.spec.space import Choice, Dimension, Interval

FLOATS = st.floats(-1e308, 1e308)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def intervals(take: Any) -> Interval:
    """Return intervals of every kind."""
    if take(st.booleans()):
        step = take(st.integers(1, 50))
        low = take(st.integers(-(2**63), 2**63))
        if take(st.booleans()):
            low = abs(low) + 1
            return Interval(low, low + take(st.integers(0, 2**40)), is_whole=True, step=1, is_log=True)
        return Interval(low, low + step * take(st.integers(0, 1000)), is_whole=True, step=step)
    if take(st.booleans()):
        low, step, steps = take(st.integers(-50, 50)), take(st.integers(1, 30)), take(st.integers(0, 100))
        return Interval(low / 10, (low + step * steps) / 10, is_whole=False, step=step / 10)
    low, high = sorted((take(FLOATS), take(FLOATS)))
    if take(st.booleans()):
        low, high = sorted((max(abs(low), 5e-324), max(abs(high), 5e-324)))
        return Interval(low, high, is_whole=False, is_log=True)
    return Interval(low, high, is_whole=False)


@st.composite
def studies(take: Any) -> Study:
    """Return studies whose later dimensions may depend on earlier choices."""
    choices = st.lists(st.sampled_from([1, "a", True, None, 0.5, "b"]), min_size=1, max_size=3, unique_by=repr)
    space: list[Dimension] = []
    for number in range(take(st.integers(1, 5))):
        conditions = {
            one.name: (take(st.sampled_from(one.domain.values)),)
            for one in space
            if isinstance(one.domain, Choice) and take(st.booleans())
        }
        domain = take(intervals()) if take(st.booleans()) else Choice(tuple(take(choices)))
        space.append(Dimension(f"p{number}", domain, conditions))
    return Study(space=tuple(space), trials=1)


@given(studies(), SEEDS)
def test_every_draw_is_a_whole_assignment_of_the_space(study: Study, seed: int) -> None:
    values = draw(study, Random(seed), {})
    assert study.fits(values) == ""
    assert [one.name for one in study.space if one.is_active(values)] == [*values]
    for dimension in study.space:
        if isinstance(dimension.domain, Interval) and dimension.name in values:
            assert isinstance(values[dimension.name], int if dimension.domain.is_whole else float)


@given(studies(), SEEDS)
def test_equal_generators_draw_equal_assignments(study: Study, seed: int) -> None:
    assert draw(study, Random(seed), {}) == draw(study, Random(seed), {})


@given(studies(), SEEDS, SEEDS)
def test_what_a_row_sets_is_kept_as_far_as_its_conditions_are_met(study: Study, seed: int, other: int) -> None:
    row = draw(study, Random(seed), {})
    assert draw(study, Random(other), row) == row


def one(domain: Interval | Choice) -> Study:
    return Study(space=(Dimension("x", domain),), trials=1)


def drawn(domain: Interval | Choice, number: int = 2000) -> list[Any]:
    generator = Random(1)
    return [draw(one(domain), generator, {})["x"] for _ in range(number)]


def test_every_level_is_about_as_likely_as_any_other() -> None:
    for domain in (
        Choice(("a", "b", "c", "d")),
        Interval(10, 40, is_whole=True, step=10),
        Interval(0.1, 0.4, is_whole=False, step=0.1),
    ):
        values = drawn(domain)
        counts = [values.count(value) for value in set(values)]
        assert len(counts) == 4
        assert min(counts) > 400


def test_on_a_logarithmic_scale_every_decade_is_about_as_likely_as_any_other() -> None:
    for domain in (Interval(1e-4, 1.0, is_whole=False, is_log=True), Interval(1, 10_000, is_whole=True, is_log=True)):
        decades = [math.floor(math.log10(value)) for value in drawn(domain)]
        assert all(decades.count(decade) > 300 for decade in sorted(set(decades))[:4])


def test_a_trial_is_evaluated_at_every_replicate_in_order() -> None:
    space = (Dimension("b", Choice((1, 2))), Dimension("a", Interval(0.0, 1.0, is_whole=False)))
    grid = Grid((Axis(("seed",), [(0,), (1,)]), Axis(("fold",), [(7,)])))
    spec = Spec(name="s", task="m:T", metric="loss", study=Study(space=space, trials=1), grids=(grid,))
    assert [point.values for point in trial_points(spec, {"a": 0.5, "b": 2})] == [
        (("b", 2), ("a", 0.5), ("seed", 0), ("fold", 7)),
        (("b", 2), ("a", 0.5), ("seed", 1), ("fold", 7)),
    ]


def test_a_trial_without_replicates_is_one_point_of_what_is_set() -> None:
    spec = Spec(name="s", task="m:T", metric="loss", study=one(Choice((1,))))
    assert [point.values for point in trial_points(spec, {"x": 1})] == [(("x", 1),)]
