"""Names and values are made to fit MLflow's limits, whatever they are, and say where something was cut."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow.utils import validation

from sweeper.store.values import MAX_PARAM, MAX_TAG, as_logged, fit, fit_key, fit_value, one_line

TEXT = st.text(st.characters(), max_size=400)
NAMES = st.one_of(TEXT, st.text(st.sampled_from("a./ :\\-_é\n"), max_size=12), TEXT.map(lambda text: text * 3))


@given(NAMES)
def test_mlflow_takes_every_fitted_name(name: str) -> None:
    key = fit_key(name)
    validation._validate_param(key, "1")
    validation._validate_tag(key, "1")
    validation._validate_metric(key, 1.0, 1, 0)


@given(NAMES)
def test_a_fitted_name_fits(name: str) -> None:
    assert fit_key(fit_key(name)) == fit_key(name)


@given(st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,100}", fullmatch=True))
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert fit_key(name) == name


@given(TEXT, st.integers(80, 200))
def test_a_value_is_never_longer_than_its_limit(value: str, limit: int) -> None:
    fitted = fit_value(value, limit)
    assert len(fitted) <= limit
    assert "\0" not in fitted
    fitted.encode("utf-8")


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=200))
def test_a_value_that_fits_stays_as_it_is(value: str) -> None:
    assert fit_value(value, 200) == value


@given(st.text(min_size=1, max_size=3), st.text(min_size=1, max_size=3))
def test_values_that_differ_beyond_the_limit_are_still_told_apart(text: str, more: str) -> None:
    assert fit_value(text * 9000, MAX_PARAM) != fit_value(text * 9000 + more, MAX_PARAM)


@given(st.dictionaries(NAMES, TEXT, max_size=8))
def test_no_two_names_become_one(values: dict[str, str]) -> None:
    fitted = fit(values, MAX_TAG)
    assert len(fitted) == len(values)
    for key, value in fitted.items():
        validation._validate_param(key, value)
        validation._validate_tag(key, value)


def test_names_that_collide_are_numbered() -> None:
    assert fit({"a@b": "1", "a#b": "2", "a_b": "3"}, MAX_TAG) == {"a_b": "1", "a_b_2": "2", "a_b_3": "3"}


def test_a_reason_is_one_line() -> None:
    assert one_line(" a\n  b\tc ") == "a b c"
    assert len(one_line("word " * 1000)) <= 500


@pytest.mark.parametrize(
    ("held", "logged"),
    [(1.7976931348623157e308, math.inf), (-1.7976931348623157e308, -math.inf), (1e308, 1e308), (0.0, 0.0)],
)
def test_an_infinity_is_one_again(held: float, logged: float) -> None:
    assert as_logged(held) == logged
