"""What ran when: a bar for each trial or run, those that overlap above each other."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import HOVER, Picture, finish, hover, inert
from sweeper.report.figures.palette import BLUE, GREY, ORANGE, PURPLE, SKY_BLUE, VERMILION
from sweeper.report.figures.subject import Step, Subject

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_BARS = 3_000
_MOST_TICKS = 12
_LONG = 0.1
"""The share of the busy time from which on a pause is cut out."""

_COLOURS = {
    "complete": BLUE,
    "finished": BLUE,
    "pruned": ORANGE,
    "running": SKY_BLUE,
    "failed": VERMILION,
    "blocked": PURPLE,
}


@dataclass(frozen=True, slots=True)
class _Bar:
    """Steps of one state that follow each other so closely that they look like one."""

    lane: int
    start: int
    end: int
    state: str
    first: Step
    number: int = 1


def timeline(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of all trials or runs over time."""
    if len(subject.steps) < 2:
        return
    now = max(max(step.start, step.end or step.start) for step in subject.steps)
    pauses = _pauses(subject.steps, now)
    bars = _bars(_lanes(subject.steps, now), now, pauses)
    thing = "trial" if any(step.told is not None for step in subject.steps) else "run"
    words = captions.caption(
        f"Each bar is a {thing}; those that overlap in time are above each other.",
        "Times are in UTC.",
        "Pauses in which nothing ran are cut out." * bool(pauses),
        "Bars too narrow to tell apart are drawn as one." * (len(bars) < len(subject.steps)),
    )
    yield Picture("What ran when", words, _figure(bars, pauses, thing))


def _figure(bars: Sequence[_Bar], pauses: Sequence[_Pause], thing: str) -> Figure:
    import pandas as pd
    import plotly.express as px

    states = [*_COLOURS, *sorted({bar.state for bar in bars} - {*_COLOURS})]
    figure = px.timeline(
        {
            "start": pd.to_datetime([bar.start for bar in bars], unit="ms"),
            "end": pd.to_datetime([bar.end for bar in bars], unit="ms"),
            "lane": [bar.lane + 1 for bar in bars],
            "state": [inert(bar.state) for bar in bars],
            "words": [_hover(bar, thing) for bar in bars],
        },
        x_start="start",
        x_end="end",
        y="lane",
        color="state",
        custom_data=["words"],
        color_discrete_map={inert(state): _COLOURS.get(state, GREY) for state in states},
        category_orders={"state": [inert(state) for state in states]},
    )
    figure.update_traces(hovertemplate=HOVER, marker_line_width=0)
    breaks = [
        {"bounds": [pd.Timestamp(pause.start, unit="ms"), pd.Timestamp(pause.end, unit="ms")]} for pause in pauses
    ]
    lanes = 1 + max(bar.lane for bar in bars)
    figure.update_xaxes(rangebreaks=breaks, title_text="time (UTC)")
    figure.update_yaxes(title_text=f"{thing}s at once", range=[0.4, lanes + 0.6], tickformat="d")
    figure.update_yaxes(dtick=1 if lanes <= _MOST_TICKS else None)
    return finish(figure, bargap=0.15, legend_title_text="")


@dataclass(frozen=True, slots=True)
class _Pause:
    """A time in which nothing ran."""

    start: int
    end: int


def _pauses(steps: Sequence[Step], now: int) -> list[_Pause]:
    """Return the long times in which nothing ran."""
    found: list[_Pause] = []
    busy, until = 0, min(step.start for step in steps)
    for start, end in sorted((step.start, now if step.end is None else step.end) for step in steps):
        if start > until:
            found.append(_Pause(until, start))
        busy += max(0, end - max(start, until))
        until = max(until, end)
    return [pause for pause in found if pause.end - pause.start > max(busy, 1) * _LONG]


def _lanes(steps: Sequence[Step], now: int) -> Iterator[tuple[int, Step]]:
    """Yield each step with the first lane that is free when it starts."""
    free: list[int] = []
    busy: list[tuple[int, int]] = []  # end, lane
    for step in sorted(steps, key=lambda step: (step.start, step.number)):
        while busy and busy[0][0] <= step.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (max(step.start, now if step.end is None else step.end), lane))
        yield lane, step


def _bars(placed: Iterable[tuple[int, Step]], now: int, pauses: Sequence[_Pause]) -> list[_Bar]:
    """Return the bars of steps in lanes; those in one lane that nobody could tell apart are one."""
    placed = [*placed]
    lanes = 1 + max(lane for lane, _ in placed)
    first, last = min(step.start for _, step in placed), now
    shown_time = last - first - sum(pause.end - pause.start for pause in pauses)
    least = shown_time * lanes / MOST_BARS if len(placed) > MOST_BARS else 0
    ends: dict[int, _Bar] = {}
    done: list[_Bar] = []
    for lane, step in placed:
        end = max(step.start, now if step.end is None else step.end)
        known = ends.get(lane)
        if known and known.state == step.state and end - known.start < least:
            ends[lane] = replace(known, end=end, number=known.number + 1)
            continue
        if known:
            done.append(known)
        ends[lane] = _Bar(lane, step.start, end, step.state, step)
    return [*done, *ends.values()]


def _hover(bar: _Bar, thing: str) -> str:
    seconds = f"{(bar.end - bar.start) / 1000:,.1f} s"
    if bar.number > 1:
        return hover("", f"{captions.counted(bar.number, thing)}: {inert(bar.state)}", seconds)
    name = [f"trial {bar.first.number}"] * (thing == "trial")
    return hover(bar.first.words, *name, inert(bar.state), seconds)
