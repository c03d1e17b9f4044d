"""What every interactive figure shares: inert words, axes, and a look that leaves the colours to the page."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sweeper.report.escape import shown
from sweeper.report.figures.palette import BLUE, GREY, VERMILION
from sweeper.report.figures.scales import distinct, key, levels, number, scaled
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.report.rounding import numeral

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HOVER = "%{customdata[0]}<extra></extra>"
MOST_IN_HOVER = 400
MOST_METRICS = 3
"""How many metrics have pictures of their own."""

TOP = 34
"""How many pixels above what is drawn are left to the buttons, which phones show all the time."""

BROKEN = "breaks a constraint"
_HOVER_WIDTH = 60
_MOST_IN_TITLE = 44
_MOST_TICKS = 8
_MOST_NAMED_TICKS = 20
_MOST_IN_TICK = 20
_MANY_DECADES = 100

FEASIBILITY: dict[str, Any] = {
    "color": "is_feasible",
    "color_discrete_map": {"True": BLUE, "False": GREY},
    "category_orders": {"is_feasible": ["False", "True"]},
}
"""What Plotly Express colours points by that have no other colour: those that count are above the others."""

Columns = dict[str, list[Any]]
"""A table as Plotly Express takes it."""


class Picture(NamedTuple):
    """A figure of Plotly's, what it is called, and what a reader has to know of it."""

    title: str
    caption: str
    figure: Figure


def inert(words: str, most: int = 40) -> str:
    """Return a user's words so that Plotly shows them, who takes a little HTML, and TeX between dollar signs."""
    return _escaped(shown(words, most))


def title_of(axis: Axis) -> str:
    """Return the title of an axis."""
    return inert(axis.title, _MOST_IN_TITLE)


def name_of(axis: Axis) -> str:
    """Return the title of what tells levels apart without a scale: of a legend, or an axis of words."""
    return title_of(replace(axis, is_log=False))


def tick_words(known: Iterable[str]) -> list[str]:
    """Return the words for levels along an axis, so short that they leave room for what is drawn."""
    return [inert(words) for words in distinct(shown(words, _MOST_IN_TICK) for words in known)]


def hover(words: str, *lines: str) -> str:
    """Return what is shown at the pointer: a user's words, broken into lines, and lines that are inert."""
    broken = textwrap.wrap(shown(words, MOST_IN_HOVER), _HOVER_WIDTH) if words else []
    return "<br>".join([*map(_escaped, broken), *lines])


def hover_of(mark: Mark, subject: Subject) -> str:
    """Return what is shown at a mark: its configuration, and what that came to."""
    trial = [f"trial {mark.trial}"] * (mark.trial is not None)
    n = [f"n = {mark.n}"] * bool(subject.replicates)
    broken = [BROKEN] * (not mark.is_feasible)
    measured = (_measured(mark, metric) for metric in subject.metrics[:MOST_METRICS])
    return hover(mark.words, *trial, *measured, *n, *broken)


def described(marks: Sequence[Mark], subject: Subject) -> Columns:
    """Return the columns that say of each mark what it is, and whether it counts."""
    return {
        "words": [hover_of(mark, subject) for mark in marks],
        "is_feasible": [str(mark.is_feasible) for mark in marks],
    }


def places(axis: Axis, subject: Subject, marks: Iterable[Mark], *, as_words: bool = False) -> list[Any]:
    """Return where marks stand on a parameter's axis: at a number, or at the words of their level."""
    if axis.is_number and not as_words:
        return [number(mark.values.get(axis.name)) for mark in marks]
    words = levels(axis, subject.marks)
    return [inert(words[key(axis, mark)]) for mark in marks]


def means(metric: Axis, marks: Iterable[Mark]) -> list[float | None]:
    """Return the means of a metric, None where there is none that is finite."""
    return [number(mark.means.get(metric.name)) for mark in marks]


def set_scale(figure: Figure, metric: Axis, positions: Iterable[float | None], *, along: str) -> None:
    """Give the axis ``along`` x or y its title and its scale."""
    present = [position for position in positions if position is not None]
    fitting = scaled(metric, present)
    update = figure.update_xaxes if along == "x" else figure.update_yaxes
    update(title_text=title_of(fitting), type="log" if fitting.is_log else "linear")
    if fitting.is_log and max(present) / min(present) > _MANY_DECADES:
        update(dtick=1, exponentformat="power")


def set_parameter(figure: Figure, axis: Axis, subject: Subject, *, along: str, as_words: bool = False) -> None:
    """Give the axis ``along`` x or y its title and its scale, with the levels as ticks where they are few."""
    known = levels(axis, subject.marks)
    update = figure.update_xaxes if along == "x" else figure.update_yaxes
    if as_words or not axis.is_number:
        words = [inert(each) for each in known.values()]
        update(title_text=name_of(axis), type="category", categoryorder="array", categoryarray=words)
        if len(words) <= _MOST_NAMED_TICKS:
            update(tickvals=words, ticktext=tick_words(known.values()))
        return
    positions = [level for level in known if isinstance(level, float)]
    set_scale(figure, axis, positions, along=along)
    if len(positions) <= _MOST_TICKS:
        update(dtick=None, tickvals=positions, ticktext=[inert(known[level]) for level in positions])


def coloured(axis: Axis, rows: Sequence[Sequence[float | None]]) -> tuple[list[list[float]], dict[str, Any]]:
    """Return the numbers that stand for values on a scale of colours (NaN for none), and what is beside that scale."""
    fitting = scaled(axis, [value for row in rows for value in row if value is not None])
    colour = math.log10 if fitting.is_log else float
    numbers = [[math.nan if value is None else colour(value) for value in row] for row in rows]
    bar: dict[str, Any] = {"title": {"text": title_of(fitting), "side": "right"}, "thickness": 12, "outlinewidth": 0}
    if fitting.is_log:
        present = [each for row in numbers for each in row if not math.isnan(each)]
        low, high = min(present), max(present)
        ticks = [low + (high - low) * share / 4 for share in range(5)]
        bar |= {"tickvals": ticks, "ticktext": [f"{10**tick:.2g}" for tick in ticks]}
    return numbers, bar


def points(columns: Columns, **options: Any) -> Figure:
    """Return a figure of the columns x and y, with words to hover; as SVG, for WebGL is not everywhere."""
    import plotly.express as px

    figure = px.scatter(columns, x="x", y="y", custom_data=["words"], render_mode="svg", **options)
    return figure.update_traces(hovertemplate=HOVER)


def add_line(figure: Figure, columns: Columns, colour: str, *, shape: str = "linear") -> None:
    """Put a line through the columns x and y over all that is drawn already."""
    import plotly.express as px

    line = px.line(columns, x="x", y="y", line_shape=shape, color_discrete_sequence=[colour], render_mode="svg")
    figure.add_traces(line.update_traces(line_width=1.5, hoverinfo="skip", hovertemplate=None).data)


def add_stars(figure: Figure, columns: Columns) -> None:
    """Put a star on each of the best, over all that is drawn already."""
    if columns["x"]:
        best = points(columns, color_discrete_sequence=[VERMILION])
        figure.add_traces(best.update_traces(marker={"symbol": "star", "size": 15}, showlegend=False).data)


def finish(figure: Figure, **layout: Any) -> Figure:
    """Take from a figure what is the page's to say: template, title, size, background and colour of the words."""
    figure.update_layout(
        **{
            "title": None,
            "margin": {"l": 8, "r": 8, "t": TOP, "b": 8, "autoexpand": True},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "hovermode": "closest",
            "hoverlabel_align": "left",
            **layout,
        }
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
    figure.layout.template = None
    return figure


def _escaped(words: str) -> str:
    return html.escape(words, quote=False).replace("$", "&#36;")  # it knows no entity for a quotation mark


def _measured(mark: Mark, metric: Axis) -> str:
    mean, low, high = (ends.get(metric.name) for ends in (mark.means, mark.lows, mark.highs))
    if mean is None:
        return f"{inert(metric.label)}: no result"
    ends = f" [{numeral(low)}, {numeral(high)}]" if low is not None and high is not None else ""
    return f"{inert(metric.label)}: {numeral(mean)}{ends}"
