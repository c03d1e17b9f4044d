"""What ran when: a bar for each trial or run, those that overlap above each other."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import HOVER, Picture, finish, hover, inert
from sweeper.report.figures.interactive.lanes import Bar, Stretch, bars, pauses, stretches, ticks
from sweeper.report.figures.palette import BLUE, GREY, ORANGE, PURPLE, SKY_BLUE, VERMILION
from sweeper.report.figures.subject import Subject

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST_LANES_COUNTED = 12

_COLOURS = {
    "complete": BLUE,
    "finished": BLUE,
    "pruned": ORANGE,
    "running": SKY_BLUE,
    "failed": VERMILION,
    "blocked": PURPLE,
}


def timeline(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of all trials or runs over time."""
    if len(subject.steps) < 2:
        return
    drawn, parts = bars(subject.steps), stretches(subject.steps)
    thing = "trial" if any(step.told is not None for step in subject.steps) else "run"
    words = captions.caption(
        f"Each bar is a {thing}; those that overlap in time are above each other.",
        "Times are in UTC.",
        "Pauses in which nothing ran are cut out, where the dotted lines are." * (len(parts) > 1),
        "Bars too narrow to tell apart are drawn as one." * (len(drawn) < len(subject.steps)),
    )
    yield Picture("What ran when", words, _figure(drawn, parts, thing))


def _figure(drawn: Sequence[Bar], parts: Sequence[Stretch], thing: str) -> Figure:
    import plotly.express as px

    states = [*_COLOURS, *sorted({bar.state for bar in drawn} - {*_COLOURS})]
    figure = px.timeline(
        {
            "start": [_date(bar.start) for bar in drawn],
            "end": [_date(bar.end) for bar in drawn],
            "lane": [bar.lane + 1 for bar in drawn],
            "state": [inert(bar.state) for bar in drawn],
            "words": [_hover(bar, thing) for bar in drawn],
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
    lanes = 1 + max(bar.lane for bar in drawn)
    figure.update_xaxes(title_text="time (UTC)")
    figure.update_yaxes(title_text=f"{thing}s at once", range=[0.4, lanes + 0.6], tickformat="d")
    figure.update_yaxes(dtick=1 if lanes <= _MOST_LANES_COUNTED else None)
    if len(parts) > 1:
        _cut(figure, parts)
    return finish(figure, bargap=0.15, legend_title_text="")


def _cut(figure: Figure, parts: Sequence[Stretch]) -> None:
    """Take the pauses between stretches of time out of an axis."""
    gone = [[_date(moment) for moment in pause] for pause in pauses(parts)]
    named = ticks(parts)
    figure.update_xaxes(
        rangebreaks=[{"bounds": pause} for pause in gone],
        range=[_date(parts[0].start), _date(parts[-1].end)],
        tickvals=[_date(moment) for moment in named],
        ticktext=[*named.values()],
    )
    for _, end in gone:
        figure.add_shape(type="line", x0=end, x1=end, yref="paper", y0=0, y1=1, line=_DOTTED)


_DOTTED = {"color": GREY, "width": 1, "dash": "dot"}


def _date(moment: int) -> str:
    """Return milliseconds since the epoch as Plotly has them: it knows no time zones."""
    return dt.datetime.fromtimestamp(moment / 1000, dt.UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")


def _hover(bar: Bar, thing: str) -> str:
    seconds = f"{(bar.end - bar.start) / 1000:,.1f} s"
    if bar.number > 1:
        return hover("", f"{captions.counted(bar.number, thing)}: {inert(bar.state)}", seconds)
    name = [f"trial {bar.first.number}"] * (thing == "trial")
    return hover(bar.first.words, *name, inert(bar.state), seconds)
