"""Values on a command line are TOML, and bare words are strings."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.spec import to_toml
from sweeper.spec.checks import Invalid
from sweeper.spec.words import parse_values, split_values


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1", [1]),
        ("1e-3,1e5", [1e-3, 1e5]),
        ("1,2.5,true,false", [1, 2.5, True, False]),
        ("inf,-inf,+inf", [math.inf, -math.inf, math.inf]),
        ("adam,sgd", ["adam", "sgd"]),
        ("resnet-50,bert_base.v2,_x", ["resnet-50", "bert_base.v2", "_x"]),
        ('"a,b",\'c"d\'', ["a,b", 'c"d']),
        ('""', [""]),
        ("[1,2],[3]", [[1, 2], [3]]),
        ('{a = [1, "},"]}', [{"a": [1, "},"]}]),
        ("2026-01-31", [dt.date(2026, 1, 31)]),
        ("2026-01-31T08:00:00Z", [dt.datetime(2026, 1, 31, 8, tzinfo=dt.UTC)]),
        ("08:30:00", [dt.time(8, 30)]),
        ("0x10,0b11,1_000", [16, 3, 1000]),
    ],
)
def test_a_text_names_values(text: str, values: list[Any]) -> None:
    assert list(map(repr, parse_values(text))) == list(map(repr, values))


@pytest.mark.parametrize(
    ("text", "reason", "remedy"),
    [
        ("", "has an empty value", """write '""' for an empty string"""),
        ("1,,2", "has an empty value", """write '""' for an empty string"""),
        ("True", "True is not a TOML value", "write true"),
        ("None", "None is not a TOML value", 'write "None"'),
        ("null", "null is not a TOML value", 'write "null"'),
        (".5", ".5 is not a TOML value", "write 0.5"),
        ("-1.", "-1. is not a TOML value", "write -1.0"),
        ("two words", "two words is not a TOML value", """quote a string, for the shell too: '"two words"'"""),
        ("50%", "50% is not a TOML value", """quote a string, for the shell too: '"50%"'"""),
        ("1\nx = 2", "1\\nx = 2 is not a TOML value", "quote a string, for the shell too: '\"1\\nx = 2\"'"),
        ("[1, 2", "[1, 2 is not a TOML value", """quote a string, for the shell too: '"[1, 2"'"""),
    ],
)
def test_what_is_no_value_is_refused_with_the_remedy(text: str, reason: str, remedy: str) -> None:
    with pytest.raises(Invalid) as refused:
        parse_values(text)
    assert (refused.value.reason, refused.value.remedy) == (reason, remedy)


def test_nesting_without_an_end_is_refused_and_no_crash() -> None:
    with pytest.raises(Invalid):
        parse_values("[" * 10_000 + "]" * 10_000)


@given(st.text(max_size=30))
def test_any_text_is_values_or_is_refused(text: str) -> None:
    try:
        values = parse_values(text)
    except Invalid:
        return
    assert len(values) == len(split_values(text))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.booleans(), min_size=1))
def test_what_is_printed_as_toml_is_read_back(values: list[Any]) -> None:
    assert parse_values(",".join(to_toml(value, None) for value in values)) == values
