"""Generated levels mean what NumPy and Python mean, and are never listed."""

import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sweeper.spec.checks import Invalid
from sweeper.spec.levels import generate

finite = st.floats(-1e6, 1e6, allow_subnormal=False)
positive = st.floats(1e-9, 1e9)


def numbers(generator, arguments):
    return [number for (number,) in generate(generator, arguments)]


@pytest.mark.parametrize(
    ("generator", "arguments", "levels"),
    [
        ("range", [4], [0, 1, 2, 3]),
        ("range", [2, 4], [2, 3]),
        ("range", [0, 10, 4], [0, 4, 8]),
        ("range", [3, 0, -1], [3, 2, 1]),
        ("range", [0, 0.4, 0.1], [0.0, 0.1, 0.2, 0.3]),
        ("range", [1, 1.3, 0.1], [1.0, 1.1, 1.2]),
        ("linspace", [0, 1, 5], [0.0, 0.25, 0.5, 0.75, 1.0]),
        ("linspace", [-0.3, 0.3, 7], [-0.3, -0.2, -0.1, 0.0, 0.1, 0.2, 0.3]),
        ("linspace", [1, 0, 3], [1.0, 0.5, 0.0]),
        ("linspace", [7, 9, 1], [7.0]),
        ("geomspace", [1e-5, 1e-1, 5], [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        ("geomspace", [1000, 1, 4], [1000.0, 100.0, 10.0, 1.0]),
        ("geomspace", [-1, -100, 3], [-1.0, -10.0, -100.0]),
        ("geomspace", [3, 3, 1], [3.0]),
    ],
)
def test_levels_are_the_numbers_that_a_person_would_write(generator, arguments, levels):
    found = numbers(generator, arguments)
    assert list(map(repr, found)) == list(map(repr, levels))


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=3).filter(lambda a: len(a) < 3 or a[2]))
def test_a_range_of_ints_is_pythons(arguments):
    expected = list(range(*arguments))
    assume(expected)
    assert numbers("range", arguments) == expected


@given(finite, finite, st.integers(2, 50))
def test_linspace_is_numpys_with_the_ends_exact(start, stop, num):
    assume(abs(stop - start) > 1e-6)
    found = numbers("linspace", [start, stop, num])
    assert np.allclose(found, np.linspace(start, stop, num), rtol=1e-12, atol=1e-12)
    assert (found[0], found[-1]) == (start, stop)


@given(positive, positive, st.integers(2, 50))
def test_geomspace_is_numpys_with_the_ends_exact(start, stop, num):
    assume(abs(math.log(stop / start)) > 1e-6)
    found = numbers("geomspace", [start, stop, num])
    assert np.allclose(found, np.geomspace(start, stop, num), rtol=1e-12)
    assert (found[0], found[-1]) == (start, stop)


@given(st.sampled_from(["linspace", "geomspace"]), positive, positive, st.integers(2, 10**9), st.data())
def test_every_level_is_in_its_progression_and_its_neighbouring_floats_are_not(generator, start, stop, num, data):
    assume(abs(math.log(stop / start)) > 0.1)
    levels = generate(generator, [start, stop, num])
    (number,) = levels[data.draw(st.integers(0, num - 1))]
    assert (number,) in levels
    if num < 1000:
        near = (math.nextafter(number, math.inf),)
        assert (near in levels) == (near in list(levels))


def test_membership_minds_the_type_as_identity_does():
    levels = generate("range", [10])
    assert (3,) in levels
    assert not any(other in levels for other in [(3.0,), (True,), ("3",), (10,), (-1,), (math.nan,), (3, 3), 3])


def test_a_billion_levels_cost_nothing():
    levels = generate("range", [1_000_000_000])
    assert len(levels) == 1_000_000_000
    assert levels[-1] == (999_999_999,)
    assert levels[2:4] == ((2,), (3,))
    assert (123_456_789,) in levels
    assert pickle.loads(pickle.dumps(levels)) == levels


@pytest.mark.parametrize(
    ("generator", "arguments", "reason"),
    [
        ("range", [], "range takes [stop], [start, stop] or [start, stop, step]"),
        ("range", [1, 2, 3, 4], "range takes [stop], [start, stop] or [start, stop, step]"),
        ("range", [0, 1, 0], "range needs a step other than 0"),
        ("range", [0, 1, 0.0], "range needs a step other than 0"),
        ("range", [5, 1], "range is empty"),
        ("range", [math.inf], "range takes finite numbers"),
        ("range", [math.nan], "range takes finite numbers"),
        ("range", [True], "range takes a list of numbers"),
        ("range", ["3"], "range takes a list of numbers"),
        ("range", [10**30], "range has more levels than can be counted"),
        ("range", [1e16, 1e16 + 8, 1.0], "range has levels that are equal as floats"),
        ("linspace", [0, 1], "linspace takes [start, stop, num]"),
        ("linspace", [0, 1, 0], "linspace takes [start, stop, num] with a whole num of at least 1"),
        ("linspace", [0, 1, 2.5], "linspace takes [start, stop, num] with a whole num of at least 1"),
        ("linspace", [1, 1, 3], "linspace has levels that are equal as floats"),
        ("geomspace", [-1, 1, 3], "geomspace cannot reach or cross 0"),
        ("geomspace", [0, 1, 3], "geomspace cannot reach or cross 0"),
        ("geomspace", [1, 10**400, 3], "geomspace takes finite numbers"),
        ("geomspace", [1, 1 + 1e-15, 100], "geomspace has levels that are equal as floats"),
    ],
)
def test_what_makes_no_levels_is_refused_with_the_reason(generator, arguments, reason):
    with pytest.raises(Invalid, match=f"^{re.escape(reason)}$"):
        generate(generator, arguments)
