"""The lines of a figure for a paper: where their points are, and how they look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sweeper.report.figures.paper.design import Design
from sweeper.report.figures.paper.style import COLOURS, DASHES, MARKERS
from sweeper.report.figures.scales import Level, key, levels, number, reach
from sweeper.report.figures.subject import Axis, Mark

_WIDTH_OF_A_LEVEL = 0.6
"""How much of the room between two levels their points share."""

_DARK = 0.88
"""The end of the scale of colours is too light for a line on white."""


@dataclass(frozen=True, slots=True)
class Series:
    """Marks of one hue in the order of the parameter along the axis, at ``places`` on it."""

    words: str
    marks: tuple[Mark, ...]
    places: tuple[float, ...]
    colour: Any
    marker: str = "o"
    dashes: Any = "-"

    def only(self, condition: Callable[[Mark], bool]) -> Series:
        """Return the series of the marks for which a condition holds."""
        chosen = [(place, mark) for place, mark in zip(self.places, self.marks, strict=True) if condition(mark)]
        return replace(self, marks=tuple(mark for _, mark in chosen), places=tuple(place for place, _ in chosen))

    def means(self, metric: Axis) -> list[float]:
        """Return the means, NaN where there is none: a line breaks there."""
        return [math.nan if (mean := number(mark.means.get(metric.name))) is None else mean for mark in self.marks]

    def ends(self, metric: Axis) -> list[list[float]]:
        """Return how far the intervals reach below and above the means, NaN where that is not known."""
        reaches = [reach(metric, mark) for mark in self.marks]
        return [[math.nan if side is None else side for side in (ends[place] for ends in reaches)] for place in (0, 1)]


def series(design: Design) -> list[Series]:
    """Return the lines of a figure, by hue."""
    if design.hue is None:
        return [_series(design, "", design.marks, 0.0, {"colour": COLOURS[0]})]
    known = levels(design.hue, design.marks)
    groups: dict[Level, list[Mark]] = {level: [] for level in known}
    for mark in design.marks:
        groups[key(design.hue, mark)].append(mark)
    shifts = _shifts(len(known)) if design.x and not design.x.is_number else [0.0] * len(known)
    looks = _colours(design.hue, [*known]) if design.has_colour_scale else [*map(_look, range(len(known)))]
    return [
        _series(design, known[level], group, shift, look)
        for (level, group), shift, look in zip(groups.items(), shifts, looks, strict=True)
    ]


def colour_scale(hue: Axis, known: Sequence[Level]) -> Any:
    """Return Matplotlib's scale of colours for the levels of a number."""
    import matplotlib as mpl
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import ListedColormap, LogNorm, Normalize

    numbers = [level for level in known if isinstance(level, float)]
    norm = (LogNorm if hue.is_log else Normalize)(min(numbers), max(numbers))
    whole = mpl.colormaps["viridis"]
    return ScalarMappable(norm, ListedColormap([whole(_DARK * share / 255) for share in range(256)]))


def _look(place: int) -> dict[str, Any]:
    return {"colour": COLOURS[place], "marker": MARKERS[place], "dashes": DASHES[place]}


def _colours(hue: Axis, known: Sequence[Level]) -> list[dict[str, Any]]:
    scale = colour_scale(hue, known)
    return [{"colour": scale.to_rgba(level)} for level in known]


def _shifts(number_of_hues: int) -> list[float]:
    middle = (number_of_hues - 1) / 2
    return [(place - middle) * _WIDTH_OF_A_LEVEL / number_of_hues for place in range(number_of_hues)]


def _series(design: Design, words: str, marks: Sequence[Mark], shift: float, look: dict[str, Any]) -> Series:
    x = design.x
    if x is None:
        return Series(words, tuple(marks), (0.0,) * len(marks), **look)
    order = {level: float(place) for place, level in enumerate(levels(x, design.marks))}
    known = [(level if isinstance(level := key(x, mark), float) else order[level] + shift, mark) for mark in marks]
    known.sort(key=lambda item: item[0])
    return Series(words, tuple(mark for _, mark in known), tuple(place for place, _ in known), **look)
