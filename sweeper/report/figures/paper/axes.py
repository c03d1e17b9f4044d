"""The axes of a figure for a paper: titles, scales, and ticks at the levels where they are few."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from sweeper.report.figures.scales import distinct, levels, scaled
from sweeper.report.figures.subject import Axis, Mark

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_TICKS = 8
MOST_IN_TICK = 18
MOST_IN_TITLE = 60

_LINE = 28
"""How many letters have room along a panel's height."""

_ROOM = 46
"""How many letters have room along its width."""

_RISE = 0.03
"""The inches that a letter of a slanting tick adds to a figure's height."""

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

Words = Callable[[str, int], str]
"""Makes of a user's words at most so many letters that the figure can show."""


def titled(axis: Axis, words: Words) -> str:
    """Return the title of an axis, in lines that have room."""
    return "\n".join(textwrap.wrap(words(axis.title, MOST_IN_TITLE), _LINE))


def lay_metric(panel: Axes, metric: Axis, means: Iterable[float], words: Words, *, along: str = "y") -> None:
    """Give a metric's axis its title and its scale."""
    fitting = scaled(metric, [mean for mean in means if math.isfinite(mean)])
    panel.set(**{f"{along}label": titled(fitting, words)})
    if fitting.is_log:
        _make_log(panel, along)


def lay_parameter(panel: Axes, axis: Axis, marks: Sequence[Mark], words: Words) -> float:
    """Give the lower axis title, scale and ticks of a parameter; return the inches that slanting ticks need."""
    known = levels(axis, marks)
    panel.set_xlabel(titled(axis, words))
    if not axis.is_number:
        return _name_levels(panel, distinct(words(each, MOST_IN_TICK) for each in known.values()))
    if axis.is_log:
        _make_log(panel, "x")
    if len(known) <= MOST_TICKS:
        _mark_levels(panel, [level for level in known if isinstance(level, float)], is_log=axis.is_log)
    return 0.0


def _name_levels(panel: Axes, names: Sequence[str]) -> float:
    panel.set_xticks(range(len(names)), names)
    panel.set_xlim(-0.5, len(names) - 0.5)
    panel.grid(visible=False, axis="x")
    if sum(len(name) + 2 for name in names) <= _ROOM:
        return 0.0
    for label in panel.get_xticklabels():
        label.set(rotation=35, horizontalalignment="right", rotation_mode="anchor")
    return max(map(len, names)) * _RISE


def _mark_levels(panel: Axes, known: Sequence[float], *, is_log: bool) -> None:
    """Put a tick at each level, and its number where that has room."""
    from matplotlib.ticker import NullLocator

    places = [math.log(level) if is_log else level for level in known]
    span = places[-1] - places[0]
    names = [_numeral(level, as_power=is_log and _is_far(known[0], known[-1])) for level in known]
    taken = -math.inf
    for number, place in enumerate(places):
        middle, half = (place - places[0]) / span, len(names[number]) / _ROOM / 2
        if middle - half < taken:
            names[number] = ""
        else:
            taken = middle + half + 1 / _ROOM
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticks(known, names)


def _make_log(panel: Axes, along: str) -> None:
    """Make an axis logarithmic, with Matplotlib's choice of ticks in plain letters: ``10⁻³``."""
    from matplotlib.ticker import LogFormatter

    axis = panel.xaxis if along == "x" else panel.yaxis

    class Plain(LogFormatter):
        def __call__(self, value: float, place: int | None = None) -> str:
            return (
                _numeral(value, as_power=_is_far(*axis.get_view_interval())) if super().__call__(value, place) else ""
            )

    panel.set(**{f"{along}scale": "log"})
    axis.set_major_formatter(Plain())
    axis.set_minor_formatter(Plain(labelOnlyBase=False, minor_thresholds=(1, 0.4)))


def _is_far(low: float, high: float) -> bool:
    """Whether numbers are so small or so great that powers of ten are easier to read."""
    return low < 0.0009 or high > 11_000


def _numeral(value: float, *, as_power: bool) -> str:
    if not as_power:
        return f"{value:.4g}"
    mantissa, _, exponent = f"{value:.2e}".partition("e")
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    factor = mantissa.rstrip("0").rstrip(".")
    return power if factor == "1" else f"{factor}\N{MULTIPLICATION SIGN}{power}"
