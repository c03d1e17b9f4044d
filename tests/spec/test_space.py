"""A space: ranges and choices hold what they say, steps are exact, conditions can be followed and met."""

import json
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.spec.space import Choice, Dimension, Interval, demands, fix, ordered, words
from tests.spec.spaces import assignments, choices, intervals, levels, spaces


@pytest.mark.parametrize(
    ("interval", "held", "not_held"),
    [
        (Interval(0.1, 0.5, is_whole=False), [0.1, 0.2, 0.1234567, 0.5], [0.09, 0.51, math.nan, math.inf, "0.2", None]),
        (Interval(0, 1, is_whole=False, step=0.1), [0, 0.3, 0.7, 1.0], [0.30000000000000004, 0.35, True]),
        (Interval(1, 9, is_whole=True), [1, 5, 5.0, 9], [0, 10, 5.5, True, [5]]),
        (Interval(16, 64, is_whole=True, step=16), [16, 32, 48, 64], [17, 40]),
        (Interval(1e-5, 1e-1, is_whole=False, is_log=True), [1e-5, 3e-4, 0.1], [0.2, 0]),
        (Interval(3, 3, is_whole=True), [3], [2, 4]),
    ],
)
def test_a_range_holds_its_levels_and_nothing_else(interval, held, not_held):
    assert all(value in interval for value in held)
    assert not any(value in interval for value in not_held)


@pytest.mark.parametrize(
    ("low", "high", "is_whole", "step", "last"),
    [
        (0, 1, False, 0.1, 1.0),
        (0, 0.35, False, 0.1, 0.3),
        (0.1, 0.7, False, 0.2, 0.7),
        (0, 1, False, 5, 0.0),
        (1, 10, True, 4, 9),
        (16, 512, True, 16, 512),
        (0, 10**30, True, 7, 10**30 - 1),
        (0.5, 2, False, None, 2.0),
    ],
)
def test_an_end_to_which_no_step_comes_is_cut_down(low, high, is_whole, step, last):
    assert repr(Interval(low, high, is_whole, step).ends[1]) == repr(last)


def test_the_third_step_of_a_tenth_is_three_tenths():
    tenths = Interval(0, 1, is_whole=False, step=0.1)
    assert [tenths.level(0.1 * number) for number in range(11)] == [number / 10 for number in range(11)]
    assert Interval(1e-4, 1, is_whole=False, step=1e-4).level(0.0007999) == 0.0008


def test_a_level_is_a_plain_number_whatever_it_is_asked_with():
    assert repr(Interval(0, 1, is_whole=False, step=0.1).level(np.float64(0.3))) == "0.3"
    assert repr(Interval(0, 1, is_whole=False).level(np.float64(0.25))) == "0.25"
    assert repr(Interval(0, 9, is_whole=True).level(np.int64(3))) == "3"


@given(intervals(), st.data())
def test_a_level_lies_within_and_is_its_own_level(interval, data):
    value = data.draw(levels(interval))
    assert value in interval
    assert interval.level(value) == value
    assert type(value) is (int if interval.is_whole else float)


@given(intervals())
def test_the_ends_are_levels_and_the_last_is_the_greatest(interval):
    low, high = interval.ends
    assert low in interval
    assert high in interval
    assert Interval(low, high, interval.is_whole, interval.step, interval.is_log) == interval


def test_a_choice_tells_its_values_apart_as_identity_does():
    choice = Choice((1, True, 1.0, "1", [1, 2], 1))
    assert choice.values == (1, True, 1.0, "1", [1, 2])
    assert (1, 2) in choice
    assert 2 not in choice
    assert 1.0 not in Choice((1,))


@given(choices)
def test_a_choice_holds_its_values(choice):
    assert all(value in choice for value in choice.values)


SGD = Dimension("momentum", Interval(0, 1, is_whole=False), {"optimizer": ("sgd", "nesterov")})
OPTIMIZER = Dimension("optimizer", Choice(("sgd", "adam", "nesterov")))


def test_a_parameter_is_set_only_when_its_condition_is_met():
    assert SGD.is_active({"optimizer": "sgd"})
    assert SGD.is_active({"optimizer": "nesterov", "lr": 3})
    assert not SGD.is_active({"optimizer": "adam"})
    assert not SGD.is_active({})
    assert OPTIMIZER.is_active({})


def test_a_number_meets_a_condition_whatever_its_type_and_a_truth_value_is_no_number():
    deep = Dimension("width", Choice((1, 2)), {"depth": (3.0,)})
    assert deep.is_active({"depth": 3})
    flagged = Dimension("width", Choice((1, 2)), {"flag": (1,)})
    assert not flagged.is_active({"flag": True})


def test_values_become_what_they_are_converted_to():
    converted = Dimension("x", Choice((1, 1.0, 2)), {"y": (3,)}).map(lambda name, value: f"{name}{float(value)}")
    assert converted == Dimension("x", Choice(("x1.0", "x2.0")), {"y": ("y3.0",)})


def test_a_range_keeps_its_numbers_and_is_refused_where_they_would_change():
    whole = Dimension("x", Interval(1, 3, is_whole=True))
    assert whole.map(lambda _, value: float(value)) == whole
    for convert in (str, bool, lambda value: value + 1):
        with pytest.raises(ValueError, match=r"^turns 1 into "):
            whole.map(lambda _, value, convert=convert: convert(value))


def test_parameters_can_be_renamed():
    renamed = SGD.rename(str.upper)
    assert (renamed.name, renamed.when) == ("MOMENTUM", {"OPTIMIZER": ("sgd", "nesterov")})


def free(name, *needs):
    return Dimension(name, Choice((1, 2)), dict.fromkeys(needs, (1,)))


@pytest.mark.parametrize(
    ("space", "names"),
    [
        ([free("a"), free("b")], "a b"),
        ([free("a", "b"), free("b")], "b a"),
        ([free("a", "b"), free("b", "c"), free("c"), free("d")], "c b a d"),
        ([free("a", "b", "c"), free("b"), free("c", "b")], "b c a"),
        ([free("a", "not_there")], "a"),
    ],
)
def test_each_parameter_comes_after_those_it_depends_on_and_else_as_given(space, names):
    assert " ".join(dimension.name for dimension in ordered(space)) == names


@pytest.mark.parametrize(
    ("space", "circle"),
    [
        ([free("a", "a")], "a -> a"),
        ([free("a", "b"), free("b", "a")], "a -> b -> a"),
        ([free("x"), free("a", "b"), free("b", "c"), free("c", "d"), free("d", "b")], "b -> c -> d -> b"),
    ],
)
def test_conditions_in_a_circle_are_told_with_the_way_round(space, circle):
    with pytest.raises(ValueError, match=f"^{circle}$"):
        ordered(space)


def test_what_a_parameter_demands_is_what_those_it_depends_on_demand_too():
    a, b = Dimension("a", Choice((1, 2, 3))), Dimension("b", Choice(("x", "y")), {"a": (1, 2)})
    c = Dimension("c", Choice((0, 1)), {"b": ("x",), "a": (2, 3)})
    assert demands(a, [a, b, c]) == {}
    assert demands(c, [a, b, c]) == {"b": ("x",), "a": (2,)}
    never = Dimension("d", Choice((0, 1)), {"b": ("x",), "a": (3,)})
    assert demands(never, [a, b, never]) == {"b": ("x",), "a": ()}


def test_a_parameter_that_is_fixed_takes_along_what_is_then_never_set():
    weight = Dimension("weight", Interval(0, 1, is_whole=False), {"momentum": (0.5,)})
    rate = Dimension("rate", Interval(0, 1, is_whole=False))
    space = (OPTIMIZER, SGD, weight, rate)
    assert fix(space, "optimizer", "adam") == (rate,)
    unconditional = Dimension("momentum", SGD.domain)
    assert fix(space, "optimizer", "sgd") == (unconditional, weight, rate)
    assert fix(space, "momentum", 0.5) == (OPTIMIZER, Dimension("weight", weight.domain), rate)
    assert fix(space, "momentum", 0.25) == (OPTIMIZER, rate)
    assert fix(space, "momentum", math.nan) == (OPTIMIZER, rate)
    assert fix(space, "other", 1) == space


@given(spaces(), st.data())
def test_what_is_left_of_a_space_is_what_was_set_beside_the_value(space, data):
    assignment = data.draw(assignments(space))
    name = data.draw(st.sampled_from([*assignment]))
    value = assignment.pop(name)
    left = fix(space, name, value)
    active = {}
    for dimension in left:
        if dimension.is_active(active):
            active[dimension.name] = assignment[dimension.name]
    assert active == assignment


@given(spaces())
def test_a_space_comes_back_from_its_document(space):
    documents = json.loads(json.dumps([dimension.to_document() for dimension in space], allow_nan=False))
    found = [Dimension.from_document(document) for document in documents]
    assert [dimension.to_document() for dimension in found] == documents
    assert [dimension.domain for dimension in found if isinstance(dimension.domain, Interval)] == [
        dimension.domain for dimension in space if isinstance(dimension.domain, Interval)
    ]


def test_a_space_travels_to_other_processes():
    assert pickle.loads(pickle.dumps((OPTIMIZER, SGD))) == (OPTIMIZER, SGD)


def test_a_condition_in_words():
    assert words({"optimizer": ("sgd",), "depth": (2, 3)}) == 'optimizer is "sgd" and depth is 2 or 3'
