"""Values of parameters are one level, or they are not."""

from __future__ import annotations

import datetime as dt
import enum
import math
from typing import Any

import pytest

from sweeper.report.sources.values import identity, is_nan


class Colour(enum.Enum):
    RED = 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (0.0, -0.0),
        (math.nan, -math.nan),
        ([8, 8], (8, 8)),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        (dt.date(2026, 1, 31), dt.date(2026, 1, 31)),
        (10**400, 10**400),
        (None, None),
    ],
)
def test_equal_values_share_their_identity(one: Any, other: Any) -> None:
    assert identity(one) == identity(other)
    assert hash(identity(one)) == hash(identity(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, True),
        (1, "1"),
        (None, "None"),
        (math.nan, "nan"),
        ("[8,8]", [8, 8]),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (Colour.RED, "RED"),
        (10**400, math.inf),
    ],
)
def test_other_values_do_not(one: Any, other: Any) -> None:
    assert identity(one) != identity(other)


def test_nan_is_told_of_numbers_of_any_size() -> None:
    assert is_nan(math.nan)
    assert not is_nan(10**400)
