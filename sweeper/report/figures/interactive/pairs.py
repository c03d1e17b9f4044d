"""A metric over two parameters at once: a heat map where each combination was tried, else what was tried of it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from sweeper.report.escape import shown
from sweeper.report.figures.interactive import captions
from sweeper.report.figures.interactive.drawing import (
    HOVER,
    Columns,
    Picture,
    add_stars,
    coloured,
    described,
    finish,
    hover_of,
    inert,
    means,
    places,
    points,
    set_parameter,
)
from sweeper.report.figures.palette import GREY, SEQUENTIAL, VERMILION
from sweeper.report.figures.scales import Level, is_placed, key, levels, number, varying
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.report.figures.thinning import thin
from sweeper.spec import Direction

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_MARKS = 1_500
MOST_LEVELS = 80
MOST_WITH_NUMERALS = 64

Cells = Mapping[tuple[Level, Level], Mark]


def over_two_parameters(subject: Subject) -> Iterator[Picture]:
    """Yield a picture of the first metric over the two parameters that matter most."""
    axes = sorted(varying(subject), key=lambda axis: -subject.importances.get(axis.name, 0.0))
    if len(axes) < 2 or not subject.metrics:
        return
    metric, first, second = subject.metrics[0], *axes[:2]
    title = f"{shown(metric.label)} over {shown(first.label)} and {shown(second.label)}"
    if len(axes) == 2 or metric.direction is not None:
        cells = _cells(first, second, metric, subject.marks)
        columns, rows = (levels(axis, subject.marks) for axis in (first, second))
        if len(cells) == len(columns) * len(rows) and max(len(columns), len(rows)) <= MOST_LEVELS:
            yield Picture(
                title,
                _words_of_cells(subject, metric, axes[2:], cells),
                _heat_map(subject, metric, first, second, cells),
            )
            return
    yield from _map(subject, metric, axes, title)


def _cells(first: Axis, second: Axis, metric: Axis, marks: Sequence[Mark]) -> Cells:
    """Return the best mark for each combination of levels, the first of equals."""
    sign = 1 if metric.direction is Direction.MINIMIZE else -1
    cells: dict[tuple[Level, Level], tuple[tuple[bool, bool, float], Mark]] = {}
    for mark in marks:
        mean = number(mark.means.get(metric.name))
        loss = not mark.is_best, not mark.is_feasible, math.inf if mean is None else sign * mean
        place = key(first, mark), key(second, mark)
        if place not in cells or loss < cells[place][0]:
            cells[place] = loss, mark
    return {place: mark for place, (_, mark) in cells.items()}


def _heat_map(subject: Subject, metric: Axis, first: Axis, second: Axis, cells: Cells) -> Figure:
    import plotly.express as px

    columns, rows = (levels(axis, subject.marks) for axis in (first, second))
    table = [[cells[column, row] for column in columns] for row in rows]
    colours, bar = coloured(metric, [means(metric, row) for row in table])
    figure = px.imshow(
        colours,
        x=[inert(words) for words in columns.values()],
        y=[inert(words) for words in rows.values()],
        origin="lower",
        aspect="auto",
        color_continuous_scale=SEQUENTIAL,
    )
    figure.update_traces(customdata=[[[hover_of(mark, subject)] for mark in row] for row in table], hovertemplate=HOVER)
    figure.update_traces(xgap=1, ygap=1, hoverongaps=True)
    if len(cells) <= MOST_WITH_NUMERALS:
        numerals = [["" if mean is None else _brief(mean) for mean in means(metric, row)] for row in table]
        figure.update_traces(text=numerals, texttemplate="%{text}")
    for y, row in enumerate(table):
        for x, mark in enumerate(row):
            if mark.is_best:
                figure.add_shape(type="rect", x0=x - 0.5, x1=x + 0.5, y0=y - 0.5, y1=y + 0.5, line=_FRAME)
    set_parameter(figure, first, subject, along="x", as_words=True)
    set_parameter(figure, second, subject, along="y", as_words=True)
    return finish(figure, coloraxis_colorbar=bar)


def _brief(mean: float) -> str:
    return f"{mean:,.0f}" if 1000 <= abs(mean) < 1e7 else f"{mean:#.3g}"


_FRAME = {"color": VERMILION, "width": 3}


def _words_of_cells(subject: Subject, metric: Axis, others: Sequence[Axis], cells: Cells) -> str:
    mean = f", its mean over {captions.listed(subject.replicates)}" if subject.replicates else ""
    several = (
        f" the best of all that differ in {captions.listed(axis.label for axis in others)}"
        if others
        else " a configuration"
    )
    return captions.caption(
        f"Each cell is{several}{mean}.",
        captions.better(metric),
        "An empty cell has no finite result." * any(None in means(metric, [mark]) for mark in cells.values()),
        "The frame marks the best." if any(mark.is_best for mark in subject.marks) else "",
    )


def _map(subject: Subject, metric: Axis, axes: Sequence[Axis], title: str) -> Iterator[Picture]:
    first, second, *others = axes
    placed = [mark for mark in subject.marks if is_placed(first, mark) and is_placed(second, mark)]
    drawn = thin([mark for mark in placed if number(mark.means.get(metric.name)) is not None], MOST_MARKS, metric)
    if len(drawn.marks) < 3:
        return
    (colours,), bar = coloured(metric, [means(metric, drawn.marks)])
    best = [mark for mark in drawn.marks if mark.is_best]
    columns = {**_columns(first, second, subject, drawn.marks), "colour": colours}
    figure = points(columns, color="colour", color_continuous_scale=SEQUENTIAL)
    figure.update_traces(marker={"size": 9, "line": {"width": 0.5, "color": GREY}})
    add_stars(figure, _columns(first, second, subject, best))
    set_parameter(figure, first, subject, along="x")
    set_parameter(figure, second, subject, along="y")
    words = captions.caption(
        captions.points(subject, bars=False),
        captions.better(metric),
        captions.best(best, subject),
        captions.also_vary(others),
        drawn.words,
        captions.left_out(len(subject.marks) - len(placed), "without one of the two"),
    )
    yield Picture(title, words, finish(figure, coloraxis_colorbar=bar))


def _columns(first: Axis, second: Axis, subject: Subject, marks: Sequence[Mark]) -> Columns:
    return {
        "x": places(first, subject, marks),
        "y": places(second, subject, marks),
        **described(marks, subject),
    }
