"""Parallel coordinates: a line for each configuration through all parameters at once, as Optuna draws it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import (
    HOVER,
    MOST_METRICS,
    TOP,
    Picture,
    finish,
    hover_of,
    inert,
    means,
    places,
    title_of,
)
from sweeper.report.figures.palette import SEQUENTIAL, VERMILION
from sweeper.report.figures.scales import UNSET, key, levels, varying
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.report.figures.thinning import Thinned, thin
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_LINES = 250
MOST_PARAMETERS = 10
MOST_TICKS = 8
FEWEST_PARAMETERS = 3
"""Of two, a heat map says more."""

MOST_IN_TITLE = 20
_LEAST_DISTANCE = 0.05
"""Of two ticks that are nearer to each other than this share of an axis, one is enough."""

_UNSET_TICK = "None"
"""What Optuna writes where a number is not set."""

_TICK = {"showarrow": False, "xanchor": "right", "xshift": -4, "font": {"size": 11}}


def parallel_coordinates(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of the metrics and the parameters, those that matter most first."""
    metrics = subject.metrics[:MOST_METRICS]
    measured = [mark for mark in subject.marks if metrics and None not in means(metrics[0], [mark])]
    drawn = thin(measured, MOST_LINES, metrics[0]) if measured else Thinned(())
    parameters = _parameters(replace(subject, marks=drawn.marks))
    if len(parameters) < FEWEST_PARAMETERS:
        return
    left_out = len(parameters) - MOST_PARAMETERS
    words = captions.caption(
        f"Each line is a configuration, coloured by {captions.listed([metrics[0].label])}.",
        captions.better(metrics[0]),
        "The best is drawn bold." if any(mark.is_best for mark in drawn.marks) else "",
        drawn.words,
        f"The {MOST_PARAMETERS} parameters that matter most are drawn, {left_out} are not." if left_out > 0 else "",
        captions.left_out(len(subject.marks) - len(measured), "without a finite result"),
    )
    others = [metric for metric in metrics[1:] if {*means(metric, drawn.marks)} != {None}]
    plot = _Plot(subject, (metrics[0], *others), tuple(parameters[:MOST_PARAMETERS]), drawn.marks[::-1])
    yield Picture("All parameters at once", words, plot.figure())


def _parameters(subject: Subject) -> list[Axis]:
    """Return the parameters that vary and have places for their values, those that matter most first."""
    known = [axis for axis in varying(subject) if {*places(axis, subject, subject.marks)} != {None}]
    return sorted(known, key=lambda axis: -subject.importances.get(axis.name, 0.0))


@dataclass(frozen=True, slots=True)
class _Plot:
    """The marks that are drawn, the last above the others, through axes for metrics and then for parameters."""

    subject: Subject
    metrics: tuple[Axis, ...]
    parameters: tuple[Axis, ...]
    marks: tuple[Mark, ...]

    def figure(self) -> Figure:
        """Return the figure."""
        figure = self._drawn()
        *lines, legend = figure.data
        for line, mark in zip(lines, self.marks, strict=True):
            line.update(**_style(mark, line.y[0]))
            line.update(customdata=[[hover_of(mark, self.subject)]] * len(line.x), hovertemplate=HOVER)
        bar = {"title": {"text": title_of(self.metrics[0]), "side": "right"}, "thickness": 12, "outlinewidth": 0}
        legend.update(marker={"colorscale": SEQUENTIAL, "colorbar": bar})
        names = [inert(axis.label, MOST_IN_TITLE) for axis in (*self.metrics, *self.parameters)]
        figure.update_xaxes(ticktext=names)
        figure.layout.annotations = [*self._ticks(figure)]
        return finish(figure, margin={"l": 48, "r": 8, "t": TOP, "b": 8})  # Plotly leaves no room for the ticks

    def _drawn(self) -> Figure:
        """Return the figure as Optuna draws it; the first metric is its objective, others are parameters to it."""
        from sweeper.search.pictures import Tried
        from sweeper.search.pictures import parallel_coordinates as drawn_by_optuna

        objective, *others = (means(metric, self.marks) for metric in self.metrics)
        columns = [*others, *(places(axis, self.subject, self.marks) for axis in self.parameters)]
        named = {f"{place:02}": column for place, column in enumerate(columns)}  # it sorts them by their names
        tried = [
            Tried({name: column[place] for name, column in named.items() if column[place] is not None}, value)
            for place, value in enumerate(objective)
            if value is not None
        ]
        axes = (*self.metrics[1:], *self.parameters)
        logarithmic = frozenset(name for name, axis in zip(named, axes, strict=True) if axis.is_log)
        return drawn_by_optuna(tried, self.metrics[0].direction or Direction.MAXIMIZE, logarithmic)

    def _ticks(self, figure: Figure) -> Iterator[dict[str, Any]]:
        """Yield Optuna's ticks, or those of a parameter's levels where they are few."""
        ticks: list[dict[float, str]] = [{} for _ in (*self.metrics, *self.parameters)]
        for tick in figure.layout.annotations:
            ticks[int(tick.x)][tick.y] = UNSET if tick.text == _UNSET_TICK else tick.text
        for place, axis in enumerate(self.parameters, len(self.metrics)):
            known = levels(axis, self.subject.marks)
            if len(known) <= MOST_TICKS:
                lines = zip(figure.data, self.marks, strict=False)  # there is one more, for the legend
                ticks[place] = {line.y[place]: inert(known[key(axis, mark)]) for line, mark in lines}
        for place, texts in enumerate(ticks):
            for y in _apart(texts):
                yield {"x": place, "y": y, "text": texts[y], **_TICK}


def _style(mark: Mark, share: float) -> dict[str, Any]:
    """Return how a line is drawn whose metric is so far up its axis."""
    from plotly.colors import sample_colorscale

    if mark.is_best:
        return {"line": {"color": VERMILION, "width": 3}, "opacity": 1}
    return {"line": {"color": sample_colorscale(SEQUENTIAL, [share])[0], "width": 1.2}, "opacity": 0.5}


def _apart(places: Iterable[float]) -> Iterator[float]:
    """Yield the places on an axis that are not too near to one before, from below."""
    last = -1.0
    for place in sorted(places):
        if place - last >= _LEAST_DISTANCE:
            last = place
            yield place
