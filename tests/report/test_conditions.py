"""Conditions say what is wanted of parameters, metrics, states and dates."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import InputError
from sweeper.report.conditions import Condition


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("learning_rate < 0.1", Condition("learning_rate", "<", (0.1,))),
        ("learning_rate<0.1", Condition("learning_rate", "<", (0.1,))),
        (" epochs>=5 ", Condition("epochs", ">=", (5,))),
        ("optimizer = adam,sgd", Condition("optimizer", "=", ("adam", "sgd"))),
        ("optimizer==adam", Condition("optimizer", "=", ("adam",))),
        ("state != failed", Condition("state", "!=", ("failed",))),
        ("Bert.layers = [8, 8]", Condition("Bert.layers", "=", ([8, 8],))),
        ('name = "a = b"', Condition("name", "=", ("a = b",))),
        ("day > 2026-01-31", Condition("day", ">", (dt.date(2026, 1, 31),))),
        ("val acc/top-1 > 0.5", Condition("val acc/top-1", ">", (0.5,))),
    ],
)
def test_a_text_means_a_condition(text: str, condition: Condition) -> None:
    assert Condition.parse(text) == condition


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("learning_rate", "'learning_rate' is no condition; write NAME = VALUE, or another of != < <= > >="),
        ("< 0.1", "'< 0.1' is no condition; write NAME = VALUE, or another of != < <= > >="),
        ("", "'' is no condition; write NAME = VALUE, or another of != < <= > >="),
        ("x =", """'x =': has an empty value; write '""' for an empty string"""),
        ("x = True", "'x = True': True is not a TOML value; write true"),
        ("x =< 3", """'x =< 3': < 3 is not a TOML value; quote a string, for the shell too: '"< 3"'"""),
        ("x < 1,2", "'x < 1,2': < compares with one number or one date"),
        ("x < high", "'x < high': < compares with one number or one date"),
        ("x >= true", "'x >= true': >= compares with one number or one date"),
        ("x > [1]", "'x > [1]': > compares with one number or one date"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError) as refused:
        Condition.parse(text)
    assert str(refused.value) == message


@pytest.mark.parametrize(
    ("text", "holds", "fails"),
    [
        ("x < 0.1", [0.09, -math.inf, 0], [0.1, 1, math.inf, math.nan, None]),
        ("x <= 1", [1, 1.0, 0.5], [1.1, math.nan, None]),
        ("x > 1", [2, math.inf, 10**400], [1, math.nan, None]),
        ("x >= 1", [1.0, 2], [0.5, None]),
        ("x = 1", [1, 1.0], [True, "one", 2, None, [1]]),
        ("x = true", [True], [1, "yes", None]),
        ("x = adam,sgd", ["adam", "sgd"], ["rms", None, ""]),
        ("x != adam,sgd", ["rms", None, 1], ["adam", "sgd"]),
        ("x = [8,8]", [[8, 8], (8, 8)], [[8], 8, "8,8"]),
        ('x = ""', [""], [None, " "]),
        ("x = nan", [math.nan, "nan"], [0.0, None, "NaN"]),
        ("x = inf", [math.inf, "inf"], [-math.inf, "infinity"]),
        ("x = 1", [1, 1.0, "1"], [True, "one", "1.0"]),
        ("x = 2026-01-31", [dt.date(2026, 1, 31)], [dt.date(2026, 2, 1), None]),
        ("x > 2026-01-31", [dt.date(2026, 2, 1)], [dt.date(2026, 1, 31), None]),
        ('x = "2026-01-31"', [dt.date(2026, 1, 31), "2026-01-31"], [dt.date(2026, 2, 1)]),
        ('x = "a/b"', [PurePosixPath("a/b")], [PurePosixPath("a")]),
    ],
)
def test_a_condition_holds_or_fails(text: str, holds: list[Any], fails: list[Any]) -> None:
    condition = Condition.parse(text)
    assert [value for value in holds if not condition.holds(value)] == []
    assert [value for value in fails if condition.holds(value)] == []


@pytest.mark.parametrize(
    ("text", "value", "message"),
    [
        ("x < 2", "adam", "x < 2: adam is neither more nor less than 2"),
        ("x >= 2026-01-31", 3, "x >= 2026-01-31: 3 is neither more nor less than 2026-01-31"),
        ("x < 2", [1], "x < 2: [1] is neither more nor less than 2"),
        ("x < 2026-01-31T08:00:00Z", dt.datetime(2026, 1, 1),  # noqa: DTZ001 (one of no zone is the point)
         "x < 2026-01-31T08:00:00+00:00: 2026-01-01T00:00:00 is neither more nor less than 2026-01-31T08:00:00+00:00"),
    ],
)  # fmt: skip
def test_values_without_an_order_are_refused(text: str, value: Any, message: str) -> None:
    with pytest.raises(InputError) as refused:
        Condition.parse(text).holds(value)
    assert str(refused.value) == message


def test_a_truth_value_has_no_order() -> None:
    with pytest.raises(InputError, match="x < 2: true is neither more nor less than 2"):
        Condition.parse("x < 2").holds(True)  # noqa: FBT003 (a parameter's value)


@given(st.floats() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])) | st.booleans() | st.none())
def test_of_a_condition_and_its_contrary_one_holds(value: Any) -> None:
    for wanted in (1, 0.5, "adam", True, math.nan):
        found = Condition("x", "=", (wanted,)).holds(value), Condition("x", "!=", (wanted,)).holds(value)
        assert sorted(found) == [False, True]


@given(st.text(max_size=30))
def test_any_text_is_a_condition_or_is_refused(text: str) -> None:
    try:
        condition = Condition.parse(text)
    except InputError:
        return
    assert condition.relation in ("=", "!=", "<", "<=", ">", ">=")
    assert condition.values
