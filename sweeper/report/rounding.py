"""Numbers as a table shows them: no more digits than their uncertainty supports.

The standard deviation is rounded to two significant digits and the mean to the same decimal place; a mean without a
deviation, or with one that is zero but for the rounding of floats, to four significant digits. No digit before the
decimal point is ever rounded away.
Numbers below 0.0001, or of more than seven digits, share a power of ten.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweeper.report.statistics.measurement import Measurement

_MOST_DECIMALS = 10
_ULPS = 4
"""Equal numbers that were computed in different ways differ by so many units in the last place of a float."""

_PLAIN_MAGNITUDES = range(-4, 7)


@dataclass(frozen=True, slots=True)
class Rounded:
    """A mean and its deviation as decimal numerals ('' where there is none), times ten to the ``exponent``.

    ``decimals`` is to how many places they are rounded, None for a mean that is not finite.
    """

    mean: str
    std: str = ""
    exponent: int = 0
    decimals: int | None = None

    def alike(self, value: float) -> str:
        """Return another number of the same measurement, rounded to the same place, without the power of ten."""
        if not math.isfinite(value) or self.decimals is None:
            return str(value)
        return _numeral(value, self.exponent, self.decimals)


def rounded(measurement: Measurement) -> Rounded:
    """Round a measurement by its own uncertainty."""
    mean, std = measurement.mean, measurement.std
    if mean is None:
        return Rounded("")
    if not math.isfinite(mean):
        return Rounded(str(mean))
    if std is None or not math.isfinite(std):
        return _alone(mean)
    exponent = _exponent(max(abs(mean), std))
    is_noise = std <= _ULPS * math.ulp(mean)
    if not is_noise and exponent > 0 and not float(_numeral(std, exponent, _MOST_DECIMALS)):
        exponent = 0  # a small deviation of a large mean is better seen without
    is_visible = not is_noise and float(_numeral(std, exponent, _MOST_DECIMALS)) > 0
    decimals = _decimals(f"{std:.1e}" if is_visible else f"{mean:.3e}", exponent)
    return Rounded(_numeral(mean, exponent, decimals), _numeral(std, exponent, decimals), exponent, decimals)


def numeral(value: float) -> str:
    """Return a number alone, to four significant digits."""
    number = _alone(value) if math.isfinite(value) else Rounded(str(value))
    return f"{number.mean}{power_of_ten(number.exponent)}"


def power_of_ten(exponent: int) -> str:
    """Return a power of ten as a numeral ends in it, '' for the number one."""
    return f"e{exponent:+03d}" if exponent else ""


def aligned(numerals: Sequence[str]) -> list[str]:
    """Pad numerals so that their decimal points stand below each other."""
    parts = [numeral.partition(".") for numeral in numerals]
    before = max((len(whole) for whole, _, _ in parts), default=0)
    after = max((len(point + fraction) for _, point, fraction in parts), default=0)
    return [whole.rjust(before) + (point + fraction).ljust(after) for whole, point, fraction in parts]


def _alone(value: float) -> Rounded:
    exponent = _exponent(value)
    decimals = _decimals(f"{value:.3e}", exponent)
    return Rounded(_numeral(value, exponent, decimals), exponent=exponent, decimals=decimals)


def _exponent(value: float) -> int:
    """Return the power of ten to take out of a number, 0 for those that read well without."""
    magnitude = Decimal(f"{value:.3e}").adjusted()
    return 0 if value == 0 or magnitude in _PLAIN_MAGNITUDES else magnitude


def _decimals(significant: str, exponent: int) -> int:
    """Return how many decimals show all digits of a number once a power of ten is taken out of it."""
    place = Decimal(significant).as_tuple().exponent
    assert isinstance(place, int)
    return min(max(exponent - place, 0), _MOST_DECIMALS)


def _numeral(value: float, exponent: int, decimals: int) -> str:
    return f"{Decimal(repr(float(value))).scaleb(-exponent):z.{decimals}f}"
