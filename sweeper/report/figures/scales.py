"""Where values stand on an axis: numbers where they are, anything else at a level of its own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain, count, pairwise
from typing import Any

from sweeper.identity import canonical_json
from sweeper.report.escape import shown
from sweeper.report.figures.subject import Axis, Mark, Subject

Level = str | float
"""A value of a parameter: a finite number, or the canonical JSON of anything else."""

UNSET = "not set"
"""The level of a parameter that a configuration does not have."""

_GREATEST = 1e100
"""Beyond, the arithmetic of an axis overflows: such a number is drawn as little as an infinite one."""

_LEAST_SPAN = 4


def number(value: Any) -> float | None:
    """Return a value as a number that has a place on an axis, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= _GREATEST else None  # NaN is not


def key(axis: Axis, mark: Mark) -> Level:
    """Return what tells a mark's level of a parameter from others: as a number, ``1`` and ``1.0`` are one."""
    if axis.name not in mark.values:
        return UNSET  # no canonical JSON is two bare words
    position = number(mark.values[axis.name]) if axis.is_number else None
    return canonical_json(mark.values[axis.name]) if position is None else position


def is_placed(axis: Axis, mark: Mark) -> bool:
    """Whether a mark has a place on a parameter's axis."""
    return axis.name in mark.values and not (axis.is_number and number(mark.values[axis.name]) is None)


def levels(axis: Axis, marks: Iterable[Mark]) -> dict[Level, str]:
    """Return the words for each level of a parameter, by its key: numbers in their order, then words in theirs.

    No two levels share their words.
    """
    found = {key(axis, mark): mark.values.get(axis.name, UNSET) for mark in marks}
    words = {
        level: _numeral(level) if isinstance(level, float) else shown(value) or "none" for level, value in found.items()
    }
    numbers = sorted(level for level in found if isinstance(level, float))
    others = sorted((level == UNSET, words[level], level) for level in found if not isinstance(level, float))
    order: list[Level] = [*numbers, *(level for _, _, level in others)]
    return dict(zip(order, distinct(words[level] for level in order), strict=True))


def reach(metric: Axis, mark: Mark) -> tuple[float | None, float | None]:
    """Return how far the interval of a mark's mean reaches below it and above it, None where that is not known."""
    mean, low, high = (number(ends.get(metric.name)) for ends in (mark.means, mark.lows, mark.highs))
    if mean is None or low is None or high is None:
        return None, None
    return max(0.0, mean - low), max(0.0, high - mean)


def distinct(words: Iterable[str]) -> list[str]:
    """Return the words with a number after those that were there before."""
    taken: dict[str, None] = {}
    for each in words:
        names = chain([each], (f"{each} ({again})" for again in count(2)))
        taken[next(name for name in names if name not in taken)] = None
    return list(taken)


def varying(subject: Subject) -> tuple[Axis, ...]:
    """Return the parameters of which there are two levels or more, each with the scale that suits its numbers.

    A grid's levels say by themselves that their scale is logarithmic; what a search has drawn says nothing.
    """
    is_grid = all(mark.trial is None for mark in subject.marks)
    found = ((axis, levels(axis, subject.marks)) for axis in subject.parameters)
    return tuple(_with_scale(axis, known, is_grid=is_grid) for axis, known in found if len(known) > 1)


def _with_scale(axis: Axis, known: Iterable[Level], *, is_grid: bool) -> Axis:
    positions = [level for level in known if isinstance(level, float)]
    is_even = is_grid and is_geometric(positions)
    return scaled(replace(axis, is_log=axis.is_log or is_even), positions)


def scaled(axis: Axis, positions: Iterable[float]) -> Axis:
    """Return the axis, logarithmic only where each of the numbers on it has a logarithm."""
    return replace(axis, is_log=axis.is_log and axis.is_number and min(positions, default=0.0) > 0)


def is_geometric(positions: Sequence[float]) -> bool:
    """Whether rising numbers stand more evenly on a logarithmic scale than on a linear one, as 1, 3, 10 do."""
    if len(positions) < 3 or positions[0] <= 0 or positions[-1] / positions[0] < _LEAST_SPAN:
        return False
    return _unevenness([math.log(position) for position in positions]) < _unevenness(positions)


def _unevenness(positions: Sequence[float]) -> float:
    """Return by what factor the steps between rising numbers differ; infinite where two are as good as one."""
    steps = [after - before for before, after in pairwise(positions)]
    return max(steps) / min(steps) if min(steps) > 0 else math.inf


def _numeral(value: float) -> str:
    brief = f"{value:.6g}"
    return brief if float(brief) == value else repr(value).removesuffix(".0")
