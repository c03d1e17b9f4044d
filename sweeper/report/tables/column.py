"""A column of a table, before any format: what stands in each cell, and by what a reader may sort it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from sweeper.report.rounding import Rounded


class Kind(enum.Enum):
    """What the cells of a column hold, besides words in the place of what is not there."""

    WORDS = "words"
    NUMERALS = "numerals"
    VALUES = "values"
    SPANS = "spans"


@dataclass(frozen=True, slots=True)
class Value:
    """A measured number: ``is_alike`` if it cannot be told from the best, ``is_short`` if others have more results."""

    number: Rounded
    is_best: bool = False
    is_alike: bool = False
    is_short: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """An interval: two numerals, times ten to the ``exponent``."""

    low: str
    high: str
    exponent: int = 0


Entry = str | Value | Span
"""What stands in one cell."""


@dataclass(frozen=True, slots=True)
class Column:
    """A header and an entry for each row.

    ``keys`` are what the cells are sorted by: numbers or words, None for what is not there.
    """

    header: str
    kind: Kind
    cells: tuple[Entry, ...]
    keys: tuple[float | str | None, ...]
