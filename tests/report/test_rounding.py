"""Numbers are rounded by their uncertainty."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sweeper.report.rounding import Rounded, aligned, numeral, rounded
from sweeper.report.statistics.measurement import Measurement


@pytest.mark.parametrize(
    ("mean", "std", "expected"),
    [
        (0.97123, 0.003111, Rounded("0.9712", "0.0031", decimals=4)),
        (0.9, 0.012, Rounded("0.900", "0.012", decimals=3)),
        (0.97123, 0.00996, Rounded("0.971", "0.010", decimals=3)),
        (12345.6, 678.9, Rounded("12346", "679", decimals=0)),
        (98.765, 1.25, Rounded("98.8", "1.2", decimals=1)),
        (-0.0001, 0.05, Rounded("0.000", "0.050", decimals=3)),
        (0.0, 0.0, Rounded("0.000", "0.000", decimals=3)),
        (0.5, 0.0, Rounded("0.5000", "0.0000", decimals=4)),
        (0.5, None, Rounded("0.5000", decimals=4)),
        (71.25, None, Rounded("71.25", decimals=2)),
        (123456.7, None, Rounded("123457", decimals=0)),
        (3.2e-7, 1.1e-8, Rounded("3.20", "0.11", -7, 2)),
        (1.5e12, 2.5e10, Rounded("1.500", "0.025", 12, 3)),
        (1e-9, 2.0, Rounded("0.0", "2.0", decimals=1)),
        (0.5, 1e-17, Rounded("0.5000", "0.0000", decimals=4)),
        (0.5, 1e-12, Rounded("0.5000", "0.0000", decimals=4)),
        (0.5, 2e-10, Rounded("0.5000000000", "0.0000000002", decimals=10)),
        (3e6, 4.6e-10, Rounded("3000000", "0", decimals=0)),
        (3e9, 4.8e-7, Rounded("3.000", "0.000", 9, 3)),
        (1e-323, 5e-324, Rounded("10.000", "5.000", -324, 3)),
        (1.7e308, None, Rounded("1.700", "", 308, 3)),
        (5e-324, None, Rounded("5.000", "", -324, 3)),
        (float("inf"), None, Rounded("inf")),
        (None, None, Rounded("")),
    ],
)
def test_a_mean_has_the_decimals_that_its_deviation_supports(
    mean: float | None, std: float | None, expected: Rounded
) -> None:
    assert rounded(Measurement(2, mean, std)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.95214, "0.9521"),
        (-12.0, "-12.00"),
        (123456.7, "123457"),
        (2.0e-5, "2.000e-05"),
        (1.5e9, "1.500e+09"),
        (0.0, "0.000"),
        (float("-inf"), "-inf"),
    ],
)
def test_a_number_alone_has_four_digits(value: float, expected: str) -> None:
    assert numeral(value) == expected


@given(st.floats(-1e15, 1e15), st.floats(1e-12, 1e15))
def test_rounding_moves_the_mean_by_little_of_its_deviation(mean: float, std: float) -> None:
    assume(std > 1e-8 * abs(mean))
    shown = rounded(Measurement(2, mean, std))
    scale = 10.0**shown.exponent
    assert float(shown.mean) * scale == pytest.approx(mean, abs=0.06 * std)
    assert float(shown.std) * scale == pytest.approx(std, rel=0.06)


@given(st.lists(st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str), min_size=1))
def test_aligned_numerals_have_their_points_below_each_other(numerals: list[str]) -> None:
    lines = aligned(numerals)
    assert [line.strip() for line in lines] == numerals
    assert len({line.index(".") for line in lines}) == 1
    assert len({len(line) for line in lines}) == 1


def test_numerals_with_and_without_a_point_are_aligned() -> None:
    assert aligned(["1", "10.25", "", "-0.5"]) == [" 1   ", "10.25", "     ", "-0.5 "]
