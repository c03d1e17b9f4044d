"""A metric against each parameter: every configuration a point, nothing averaged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import (
    FEASIBILITY,
    HOVER,
    MOST_METRICS,
    Columns,
    Picture,
    add_line,
    add_stars,
    coloured,
    described,
    finish,
    inert,
    means,
    name_of,
    places,
    points,
    set_parameter,
    set_scale,
    tick_words,
)
from sweeper.report.figures.palette import COLOURS, GREY, SEQUENTIAL
from sweeper.report.figures.scales import Level, is_placed, key, levels, number, reach, varying
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.report.figures.thinning import Thinned, thin
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_MARKS = 1_500
MOST_MARKS_IN_ALL = 12_000
MOST_WITH_BARS = 150
"""Of more marks than these the intervals would cover the marks; they are still shown at the pointer."""

_MOST_OPAQUE = 50
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x")


@dataclass(frozen=True, slots=True)
class _View:
    """A metric against a parameter, while ``others`` vary too.

    ``hue`` is what the colour says, if anything: the only other parameter. ``rows`` are the marks as they are drawn: if
    they are ``connected``, in the order of the parameter, with those that have no result, where the lines break.
    """

    subject: Subject
    metric: Axis
    axis: Axis
    others: tuple[Axis, ...]
    hue: Axis | None
    has_colour_scale: bool
    measured: tuple[Mark, ...]
    drawn: Thinned
    rows: tuple[Mark, ...]
    connected: bool

    @property
    def edge(self) -> tuple[Mark, ...]:
        """The best mark at each level of a number, where most levels have several; () if it is not known."""
        if not self.axis.is_number or self.connected or self.metric.direction is None:
            return ()
        sign = 1 if self.metric.direction is Direction.MINIMIZE else -1
        best: dict[Level, Mark] = {}
        for mark in (one for one in self.measured if one.is_feasible):
            level, loss = key(self.axis, mark), sign * mark.means[self.metric.name]
            if level not in best or loss < sign * best[level].means[self.metric.name]:
                best[level] = mark
        return tuple(best[level] for level in sorted(best)) if 2 * len(best) <= len(self.measured) else ()

    @property
    def has_bars(self) -> bool:
        """Whether intervals are drawn."""
        is_sparse = len(self.rows) <= MOST_WITH_BARS and not self.is_crowded
        return is_sparse and any(self.metric.name in mark.lows for mark in self.rows)

    @property
    def hues(self) -> list[str]:
        """The words for the levels that colours stand for."""
        return [inert(words) for words in levels(self.hue, self.subject.marks).values()] if self.hue else []

    @property
    def is_dodged(self) -> bool:
        """Whether points of one level stand beside each other, by colour."""
        return not self.axis.is_number and self.hue is not None and not self.has_colour_scale

    @property
    def is_crowded(self) -> bool:
        """Whether points would hide each other above their level."""
        return not self.axis.is_number and not self.hue and len(self.plain) > len(levels(self.axis, self.plain))

    @property
    def plain(self) -> list[Mark]:
        """The marks that get no star."""
        return [mark for mark in self.rows if not mark.is_best]


def against_parameters(subject: Subject) -> Iterator[Picture]:
    """Yield a picture for each metric and parameter, the parameters that matter most first."""
    axes = sorted(varying(subject), key=lambda axis: -subject.importances.get(axis.name, 0.0))
    metrics = subject.metrics[:MOST_METRICS]
    most = min(MOST_MARKS, max(100, MOST_MARKS_IN_ALL // max(1, len(axes) * len(metrics))))
    for metric in metrics:
        for axis in axes:
            view = _view(subject, metric, axis, tuple(other for other in axes if other is not axis), most)
            if len({key(axis, mark) for mark in view.drawn.marks}) > 1:
                yield Picture(f"{shown(metric.label)} against {shown(axis.label)}", _caption(view), _figure(view))


def _view(subject: Subject, metric: Axis, axis: Axis, others: tuple[Axis, ...], most: int) -> _View:
    placed = [mark for mark in subject.marks if is_placed(axis, mark)]
    measured = tuple(mark for mark in placed if number(mark.means.get(metric.name)) is not None)
    drawn = thin(measured, most, metric)
    hue = others[0] if len(others) == 1 else None
    has_colour_scale = hue is not None and len(levels(hue, subject.marks)) > len(COLOURS)
    if hue and has_colour_scale and not (hue.is_number and all(is_placed(hue, mark) for mark in drawn.marks)):
        hue, has_colour_scale = None, False
    is_study = any(mark.trial is not None for mark in placed)
    has_lines = len(others) == 0 or (hue is not None and not has_colour_scale)
    connected = axis.is_number and has_lines and not is_study and not drawn.words
    rows = sorted(placed, key=lambda mark: key(axis, mark)) if connected else drawn.marks
    return _View(subject, metric, axis, others, hue, has_colour_scale, measured, drawn, tuple(rows), connected)


def _caption(view: _View) -> str:
    subject, metric = view.subject, view.metric
    told = [view.hue] if view.hue else []
    unset = sum(not is_placed(view.axis, mark) for mark in subject.marks)
    return captions.caption(
        captions.points(subject, bars=view.has_bars),
        captions.better(metric),
        captions.best(view.drawn.marks, subject),
        "" if view.hue else captions.broken(view.drawn.marks),
        "The line joins the best at each level." if view.edge else "",
        captions.also_vary([other for other in view.others if other not in told]),
        view.drawn.words,
        captions.left_out(unset, f"without {shown(view.axis.label)}"),
        captions.left_out(len(subject.marks) - unset - len(view.measured), f"without a finite {shown(metric.label)}"),
    )


def _figure(view: _View) -> Figure:
    figure = _strip(view) if view.is_crowded else _scatter(view)
    _add_edge(figure, view)
    add_stars(figure, _columns(view, [mark for mark in view.drawn.marks if mark.is_best]))
    set_scale(figure, view.metric, means(view.metric, view.rows), along="y")
    if view.is_dodged:
        words = tick_words(levels(view.axis, view.subject.marks).values())
        figure.update_xaxes(title_text=name_of(view.axis), tickvals=[*range(len(words))], ticktext=words)
    else:
        set_parameter(figure, view.axis, view.subject, along="x")
    return finish(figure)


def _add_edge(figure: Figure, view: _View) -> None:
    """Join the best marks at each level, under those that are drawn."""
    if view.edge:
        add_line(figure, _columns(view, view.edge), GREY)
        figure.data = (figure.data[-1], *figure.data[:-1])


def _strip(view: _View) -> Figure:
    import plotly.express as px

    columns = _columns(view, view.plain)
    figure = px.strip(columns, x="x", y="y", custom_data=["words"], **FEASIBILITY)
    figure.update_traces(marker_size=6, jitter=0.6, hovertemplate=HOVER, offsetgroup=None, showlegend=False)
    return figure.update_layout(boxmode="overlay")


def _scatter(view: _View) -> Figure:
    columns = _columns(view, view.rows)
    options: dict[str, Any] = {**FEASIBILITY}
    if view.hue:
        options = {"color": "hue", "color_discrete_sequence": COLOURS, "color_continuous_scale": SEQUENTIAL}
    if view.hue and view.has_colour_scale:
        (columns["hue"],), bar = coloured(view.hue, [columns["hue"]])
    elif view.hue:
        options |= {"symbol": "hue", "symbol_sequence": _SYMBOLS, "category_orders": {"hue": view.hues}}
    if view.has_bars:
        options |= {"error_y": "above", "error_y_minus": "below"}
    figure = points(columns, **options)
    figure.update_traces(mode="lines+markers" if view.connected else "markers", marker_size=8)
    if view.has_bars:
        figure.update_traces(error_y={"thickness": 1, "width": 4} | ({"color": GREY} if view.has_colour_scale else {}))
    if len(view.rows) > _MOST_OPAQUE:
        figure.update_traces(marker_opacity=0.85)
    if view.hue and view.has_colour_scale:
        figure.update_traces(marker_line={"width": 0.5, "color": GREY}, showlegend=False)
        return figure.update_layout(coloraxis_colorbar=bar)
    figure.update_traces(showlegend=view.hue is not None)
    return figure.update_layout(legend_title_text=name_of(view.hue) if view.hue else "")


def _columns(view: _View, rows: Sequence[Mark]) -> Columns:
    ends = [reach(view.metric, mark) for mark in rows]
    return {
        "x": _dodged(view, rows) if view.is_dodged else places(view.axis, view.subject, rows),
        "y": means(view.metric, rows),
        "below": [below for below, _ in ends],
        "above": [above for _, above in ends],
        "hue": _hues(view, rows),
        **described(rows, view.subject),
    }


def _hues(view: _View, rows: Sequence[Mark]) -> list[Any]:
    if view.hue is None:
        return [""] * len(rows)
    return places(view.hue, view.subject, rows, as_words=not view.has_colour_scale)


def _dodged(view: _View, rows: Sequence[Mark]) -> list[float]:
    """Return places beside each other for the hues of a level, the level itself being a whole number."""
    order = [*levels(view.axis, view.subject.marks)]
    middle = (len(view.hues) - 1) / 2
    shifts = [(view.hues.index(hue) - middle) / (len(view.hues) + 2) for hue in _hues(view, rows)]
    return [order.index(key(view.axis, mark)) + shift for mark, shift in zip(rows, shifts, strict=True)]
