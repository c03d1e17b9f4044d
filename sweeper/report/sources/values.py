"""Values of parameters: which of them are one level."""

from __future__ import annotations

from typing import Any

from sweeper.identity import canonical_json

_PLAIN = (str, bool, type(None))


def identity(value: Any) -> Any:
    """Return what equal values share, to group by: quick for plain values, by canonical form for others.

    ``1`` and ``1.0`` are equal here: one source may know a parameter as a whole number, and another not. NaN is one
    value.
    """
    kind = type(value)
    if kind is float or kind is int:
        return float, ("nan" if is_nan(value) else value)
    return (kind, value) if kind in _PLAIN else canonical_json(value)


def is_nan(number: float) -> bool:
    """Whether a number is NaN; of integers of any size, which ``math.isnan`` does not take."""
    return number != number  # noqa: PLR0124
