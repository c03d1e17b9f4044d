"""Several objectives against each other: the Pareto front, and what it beats."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import (
    FEASIBILITY,
    MOST_METRICS,
    Columns,
    Picture,
    add_line,
    add_stars,
    described,
    finish,
    means,
    points,
    set_scale,
)
from sweeper.report.figures.palette import GREY, VERMILION
from sweeper.report.figures.scales import reach
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.report.figures.thinning import thin
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_MARKS = 3_000


def pareto_front(subject: Subject) -> Iterator[Picture]:
    """Yield a picture for each pair of the objectives."""
    objectives = subject.objectives[:MOST_METRICS]
    for first, second in combinations(objectives, 2):
        measured = [mark for mark in subject.marks if None not in means(first, [mark]) + means(second, [mark])]
        drawn = thin(measured, MOST_MARKS, first)
        if len(drawn.marks) < 2:
            continue
        best = [mark for mark in drawn.marks if mark.is_best]
        figure = _figure(first, second, subject, drawn.marks, is_whole=len(subject.objectives) == 2)
        words = captions.caption(
            captions.points(subject, bars=any(None not in reach(first, mark) for mark in best)),
            *(f"{shown(axis.label)}: {captions.better(axis).lower()}" for axis in (first, second)),
            captions.best(best, subject),
            captions.broken(drawn.marks),
            drawn.words,
            captions.left_out(len(subject.marks) - len(measured), "without a finite result in both"),
        )
        yield Picture(f"{shown(second.label)} against {shown(first.label)}", words, figure)


def _figure(first: Axis, second: Axis, subject: Subject, marks: Sequence[Mark], *, is_whole: bool) -> Figure:
    best = sorted((mark for mark in marks if mark.is_best), key=lambda mark: mark.means[first.name])
    others = [mark for mark in marks if not mark.is_best]
    figure = points(_columns(first, second, subject, others), opacity=0.85, **FEASIBILITY)
    figure.update_traces(marker_size=7, showlegend=False)
    columns = _columns(first, second, subject, best)
    if best and is_whole:
        shape = "vh" if first.direction is Direction.MAXIMIZE else "hv"  # the edge of what the front beats
        add_line(figure, columns, VERMILION, shape=shape)
    add_stars(figure, columns)
    figure.update_traces(error_x=_bars(first, best), error_y=_bars(second, best), selector={"marker.symbol": "star"})
    set_scale(figure, first, means(first, marks), along="x")
    set_scale(figure, second, means(second, marks), along="y")
    return finish(figure)


def _columns(first: Axis, second: Axis, subject: Subject, marks: Sequence[Mark]) -> Columns:
    return {"x": means(first, marks), "y": means(second, marks), **described(marks, subject)}


def _bars(metric: Axis, marks: Sequence[Mark]) -> dict[str, Any]:
    ends = [reach(metric, mark) for mark in marks]
    below, above = [below for below, _ in ends], [above for _, above in ends]
    style = {"color": GREY, "thickness": 1, "width": 3}
    return {"type": "data", "symmetric": False, "array": above, "arrayminus": below, **style}
