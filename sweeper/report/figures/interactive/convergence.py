"""How a study got to its best: each trial in the order in which they ended, and the best so far, as Optuna draws it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import BROKEN, HOVER, Picture, finish, hover, inert, set_scale
from sweeper.report.figures.palette import BLUE, GREY, VERMILION
from sweeper.report.figures.scales import number
from sweeper.report.figures.subject import Axis, Step, Subject
from sweeper.report.figures.thinning import spread
from sweeper.report.rounding import numeral
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_STEPS = 2_000
FEWEST_STEPS = 3


def convergence(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of the only objective of a study."""
    told = [step for step in subject.steps if step.told is not None and _value(step) is not None]
    if len(subject.objectives) != 1 or len(told) < FEWEST_STEPS:
        return
    (metric,) = subject.objectives
    told.sort(key=lambda step: (step.told, step.number))
    drawn = _thinned(told, metric)
    is_constrained = any(not step.is_feasible for step in drawn)
    words = captions.caption(
        "Each point is a trial that ended with a value, in the order in which they did; the line is the best so far.",
        captions.better(metric),
        "Trials that break a constraint are grey, and never the best." * is_constrained,
        f"{len(drawn):,} of {captions.counted(len(told), 'trial')} are drawn." * (len(drawn) < len(told)),
    )
    yield Picture(f"{shown(metric.label)} in the course of the study", words, _figure(metric, drawn))


def _value(step: Step) -> float | None:
    return number(step.values[0]) if len(step.values) == 1 else None


def _thinned(told: Sequence[Step], metric: Axis) -> Sequence[Step]:
    """Return at most so many steps, evenly chosen, and each by which the best so far became better."""
    kept = set(spread(len(told), MOST_STEPS))
    best: float | None = None
    sign = 1 if metric.direction is Direction.MINIMIZE else -1
    for place, step in enumerate(told):
        value = _value(step)
        if step.is_feasible and value is not None and (best is None or sign * value < best):
            best = sign * value
            kept.add(place)
    return [told[place] for place in sorted(kept)]


def _figure(metric: Axis, told: Sequence[Step]) -> Figure:
    from sweeper.search.pictures import Tried, history

    assert metric.direction is not None
    values = [value for step in told if (value := _value(step)) is not None]
    tried = [Tried({}, value, step.is_feasible) for step, value in zip(told, values, strict=True)]
    figure = history(tried, metric.direction)
    trials, best, broken = figure.data
    for trace in (trials, broken):
        places = [int(place) for place in trace.x]
        trace.customdata = [[_hover(told[place], metric)] for place in places]
        trace.hovertemplate = HOVER
    for trace in figure.data:
        trace.x = [_order(told[int(place)]) for place in trace.x]
        trace.y = [number(float(value)) for value in trace.y]
    trials.update(name="trial", marker={"color": BLUE, "size": 6, "opacity": 0.85})
    best.update(name="best so far", line={"color": VERMILION, "shape": "hv", "width": 2}, hoverinfo="skip")
    broken.update(name=BROKEN, marker={"color": GREY, "size": 6}, showlegend=bool(broken.x))
    figure.update_xaxes(title_text="trials that have ended")
    set_scale(figure, metric, values, along="y")
    return finish(figure)


def _order(step: Step) -> int:
    assert step.told is not None
    return step.told + 1


def _hover(step: Step, metric: Axis) -> str:
    return hover(step.words, f"trial {step.number}", f"{inert(metric.label)}: {numeral(step.values[0])}")
