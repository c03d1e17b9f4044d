"""Learning curves: how a metric went step by step, the mean over the replicates in the band of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING, Any

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import HOVER, Picture, finish, hover, inert, set_scale
from sweeper.report.figures.palette import COLOURS, translucent
from sweeper.report.figures.scales import distinct, number
from sweeper.report.figures.subject import Axis, Curve, Subject
from sweeper.report.figures.thinning import spread
from sweeper.report.rounding import numeral

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_CURVES = 10
MOST_STEPS = 400
MOST_IN_LEGEND = 40
_MOST_TICKS = 12

_DASHES = ("solid", "dash", "dot")

Values = tuple[float, ...]
"""What replicates have at one step, all of it finite; empty where some of it is not."""


def learning_curves(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of the curves of the best configurations."""
    curves = [curve for curve in subject.curves if any(len(series) > 1 for series in curve.series)]
    if not curves:
        return
    drawn = curves[:MOST_CURVES]
    has_bands = any(len(curve.series) > 1 and not _is_ragged(curve) for curve in drawn)
    is_long = any(len(series) > MOST_STEPS for curve in drawn for series in curve.series)
    is_part = len(drawn) < len(subject.marks)
    words = captions.caption(
        "A line is the mean over the replicates at the steps that all of them have, in a band from their least to "
        "their greatest." * has_bands,
        "Replicates that share no steps have a line each." * any(map(_is_ragged, drawn)),
        f"{len(drawn)} of {captions.counted(len(subject.marks))} are drawn, the best first." * is_part,
        f"Of long curves {MOST_STEPS} steps are drawn, evenly chosen." * is_long,
    )
    yield Picture(f"{shown(subject.curve_metric)} by step", words, _figure(subject, drawn))


def _figure(subject: Subject, curves: Sequence[Curve]) -> Figure:
    import plotly.graph_objects as go

    metric = next((axis for axis in subject.metrics if subject.curve_metric in (axis.name, axis.label)), None)
    metric = metric or Axis(subject.curve_metric, subject.curve_metric, is_number=True)
    figure = go.Figure()
    labels = distinct(shown(curve.words, MOST_IN_LEGEND) for curve in curves)
    for place, (curve, label) in enumerate(zip(curves, labels, strict=True)):
        colour, dash = COLOURS[place % len(COLOURS)], _DASHES[place // len(COLOURS)]
        for trace in _traces(curve, metric, colour, dash):
            figure.add_trace(go.Scatter(**trace, legendgroup=str(place), name=inert(label, len(label))))
    every = [item for curve in curves for series in curve.series for item in series.items()]
    steps = [step for step, _ in every]
    figure.update_xaxes(title_text="step", dtick=1 if max(steps) - min(steps) <= _MOST_TICKS else None)
    set_scale(figure, metric, [value for _, value in every], along="y")
    return finish(figure)


def _is_ragged(curve: Curve) -> bool:
    """Whether the replicates share too few steps for a mean."""
    return len(set.intersection(*map(set, curve.series))) < 2


def _traces(curve: Curve, metric: Axis, colour: str, dash: str) -> Iterator[dict[str, Any]]:
    """Yield what is drawn of a configuration: band and mean, or a line for each replicate."""
    groups = [[series] for series in curve.series] if _is_ragged(curve) else [curve.series]
    for place, group in enumerate(groups):
        steps = _steps(group)
        if len(group) > 1:
            yield {
                "mode": "none",
                "fill": "toself",
                "fillcolor": translucent(colour),
                "hoverinfo": "skip",
                **_band(steps),
            }
        yield {
            "mode": "lines",
            "line": {"color": colour, "dash": dash, "width": 2},
            "x": [*steps],
            "y": [fmean(values) if values else None for values in steps.values()],
            "customdata": [[_hover(curve, metric, step, values)] for step, values in steps.items()],
            "hovertemplate": HOVER,
            "showlegend": place == 0,
        }


def _steps(group: Sequence[Mapping[int, float]]) -> Mapping[int, Values]:
    """Return what a group of replicates has at the steps that all of them have; of many steps some, evenly chosen."""
    shared = sorted(set.intersection(*map(set, group)))
    chosen = (shared[place] for place in spread(len(shared), MOST_STEPS))
    found = {step: [number(series[step]) for series in group] for step in chosen}
    return {
        step: tuple(value for value in values if value is not None) if None not in values else ()
        for step, values in found.items()
    }


def _band(steps: Mapping[int, Values]) -> dict[str, Any]:
    """Return the outlines of the areas between the least and the greatest, one after the other."""
    x: list[int | None] = []
    y: list[float | None] = []
    for is_whole, part in groupby(steps.items(), key=lambda item: bool(item[1])):
        if is_whole:
            there = [*part]
            back = there[::-1]
            x += [*(step for step, _ in there), *(step for step, _ in back), None]
            y += [*(max(values) for _, values in there), *(min(values) for _, values in back), None]
    return {"x": x, "y": y, "showlegend": False}


def _hover(curve: Curve, metric: Axis, step: int, values: Values) -> str:
    if not values:
        return ""
    ends = f" [{numeral(min(values))}, {numeral(max(values))}]" if len(values) > 1 else ""
    return hover(curve.words, f"step {step:,}: {inert(metric.label)} {numeral(fmean(values))}{ends}")
