"""What is left out of a picture because nobody could see it; never the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeper.report.figures.subject import Axis, Mark
from sweeper.spec import Direction


@dataclass(frozen=True, slots=True)
class Thinned:
    """Some of the marks; ``words`` say in one sentence which, '' if they are all."""

    marks: tuple[Mark, ...]
    words: str = ""


def thin(marks: Sequence[Mark], most: int, metric: Axis) -> Thinned:
    """Return at most so many marks, the best by a metric first: half of them are the very best, the others even.

    Those that are marked as best are all there, however many they are.
    """
    sign = 1 if metric.direction is Direction.MINIMIZE else -1
    ranked = sorted(marks, key=lambda mark: (not mark.is_best, sign * mark.means.get(metric.name, 0.0)))
    if metric.direction is None:
        ranked = [*marks]
    if len(marks) <= most:
        return Thinned(tuple(ranked))
    first = most // 2
    kept = {*range(first), *(first + place for place in spread(len(marks) - first, most - first))}
    drawn = [mark for place, mark in enumerate(ranked) if place in kept or mark.is_best]
    which = "the best of them and some of the others" if metric.direction else "evenly chosen"
    return Thinned(tuple(drawn), f"{len(drawn):,} of {len(marks):,} configurations are drawn, {which}.")


def spread(number: int, most: int) -> list[int]:
    """Return at most so many of the places from 0 to ``number``, evenly, the first and the last among them."""
    if number <= most:
        return [*range(number)]
    return [place * (number - 1) // (most - 1) for place in range(most)]
