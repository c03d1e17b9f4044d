"""A question that makes no sense is refused before anything is read."""

from __future__ import annotations

from typing import Any

import pytest

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import Order, Pivot, Question

PIVOT = Pivot(("x",), ("y",))


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"pivot": Pivot((), ("x",))}, "a pivot has some parameters for its rows, and others for its columns"),
        ({"pivot": Pivot(("x",), ())}, "a pivot has some parameters for its rows, and others for its columns"),
        ({"pivot": Pivot(("x", "y"), ("y",))}, "a pivot has some parameters for its rows, and others for its columns"),
        ({"pivot": PIVOT, "group_by": ("z",)}, "a table is grouped or pivoted, not both"),
        ({"pivot": PIVOT, "baseline": (Condition("x", "=", (1,)),)}, "a pivot has no room for a comparison"),
        ({"pivot": PIVOT, "order": Order("x")}, "in the order of their values"),
        ({"pivot": PIVOT, "top": 3}, "a pivot shows all of its own parameters"),
        ({"pivot": PIVOT, "columns": ("z",)}, "a pivot shows all of its own parameters"),
        ({"baseline": (Condition("x", "!=", (1,)),)}, "a baseline is named by what its parameters are: NAME=VALUE"),
        ({"quantiles": (0.5, float("nan"))}, "a quantile is of a share from 0 to 1"),
        ({"quantiles": (1.5,)}, "a quantile is of a share from 0 to 1"),
    ],
)
def test_contradictions_are_refused(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Question(**asked)


@pytest.mark.parametrize(
    ("text", "order"), [("x", Order("x")), ("-x", Order("x", is_descending=True)), ("", Order(""))]
)
def test_a_minus_puts_the_largest_first(text: str, order: Order) -> None:
    assert Order.parse(text) == order


def test_every_name_in_a_question_is_known_to_it() -> None:
    question = Question(
        where=(Condition("a", "=", (1,)),),
        group_by=("b",),
        best_per=("c",),
        columns=("d",),
        replicates=("e",),
        order=Order("f"),
        baseline=(Condition("g", "=", (1,)),),
        labels={"h": "H"},
    )
    assert {*question.names()} == {*"abcdefg"}
    assert {*question.parameters()} == {*"bcdeg"}


def test_a_label_stands_for_a_name_or_for_a_value_that_is_a_word() -> None:
    assert Question(labels={"x": "X"}).label("x") == "X"
    assert Question(labels={"adam": "Adam", "1": "one"}).worded("adam") == "Adam"
    assert Question(labels={"adam": "Adam", "1": "one"}).worded(1) == 1
    assert Question().label("x") == "x"
