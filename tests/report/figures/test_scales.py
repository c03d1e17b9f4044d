"""Where values stand on an axis."""

from __future__ import annotations

from typing import Any

import pytest

from sweeper.report.figures.scales import distinct, is_geometric, levels, number, scaled, varying
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.spec import Direction

RATE = Axis("rate", "rate", is_number=True)
KIND = Axis("kind", "kind", is_number=False)


def marks(name: str, *values: Any, trial: int | None = None) -> tuple[Mark, ...]:
    return tuple(Mark({name: value}, {}, trial=trial) for value in values)


@pytest.mark.parametrize(
    ("axis", "title"),
    [
        (Axis("a", "Accuracy", is_number=True, unit="%", direction=Direction.MAXIMIZE), "Accuracy (%)"),
        (Axis("a", "rate", is_number=True, is_log=True), "rate (log scale)"),
        (Axis("a", "rate", is_number=True, is_log=True, unit="1/s"), "rate (1/s, log scale)"),
        (Axis("a", "rate", is_number=True), "rate"),
    ],
)
def test_a_title_says_unit_and_scale(axis: Axis, title: str) -> None:
    assert axis.title == title


@pytest.mark.parametrize(
    ("value", "place"), [(1, 1.0), (0.5, 0.5), (True, None), ("1", None), (float("inf"), None), (10**400, None)]
)
def test_a_number_is_finite_and_no_truth(value: Any, place: float | None) -> None:
    assert number(value) == place


def test_levels_are_in_order_and_one_and_one_point_zero_are_the_same() -> None:
    assert [*levels(RATE, marks("rate", 10, 1.0, 0.001, 1)).values()] == ["0.001", "1", "10"]
    assert [*levels(KIND, marks("kind", "b", "a", None, 2)).values()] == ["2", "a", "b", "none"]


def test_what_is_not_set_is_the_last_level() -> None:
    assert [*levels(KIND, (Mark({}, {}), *marks("kind", "z"))).values()] == ["z", "not set"]


def test_words_that_are_there_already_get_a_number() -> None:
    assert distinct(["a", "b", "a", "a", "a (2)"]) == ["a", "b", "a (2)", "a (3)", "a (2) (2)"]


@pytest.mark.parametrize("values", [[1e-5, 1e-4, 1e-3], [1, 3, 10, 30], [16, 32, 64], [1, 2, 5, 10], [1, 2, 4, 8]])
def test_even_steps_of_a_factor_are_geometric(values: list[float]) -> None:
    assert is_geometric(values)


@pytest.mark.parametrize("values", [[1, 2, 3], [1, 2, 3, 4], [10, 11, 12], [0.0, 0.1, 1.0], [-4, -2, -1], [1, 100], []])
def test_other_steps_are_not(values: list[float]) -> None:
    assert not is_geometric(values)


def test_a_grid_says_by_its_levels_that_its_scale_is_logarithmic_a_search_does_not() -> None:
    rates = (0.001, 0.01, 0.1)
    (of_grid,) = varying(Subject("x", (RATE,), (), marks("rate", *rates)))
    (of_study,) = varying(Subject("x", (RATE,), (), marks("rate", *rates, trial=1)))
    assert (of_grid.is_log, of_study.is_log) == (True, False)


def test_there_is_no_logarithm_of_nothing_and_less() -> None:
    axis = Axis("rate", "rate", is_number=True, is_log=True)
    assert scaled(axis, [0.1, 1]).is_log
    assert not any(scaled(axis, positions).is_log for positions in ([0.0, 1], [-1], []))


def test_a_parameter_with_one_value_does_not_vary() -> None:
    assert varying(Subject("x", (RATE,), (), marks("rate", 1, 1.0))) == ()
