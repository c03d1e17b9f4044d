"""A figure for a paper, drawn: points with their intervals, lines that break where a result is missing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeper.report.figures.palette import GREY
from sweeper.report.figures.paper.axes import Words, lay_metric, lay_parameter, titled
from sweeper.report.figures.paper.design import Design
from sweeper.report.figures.paper.series import Series, colour_scale, series
from sweeper.report.figures.paper.style import HEIGHT, WIDTH
from sweeper.report.figures.scales import distinct, levels, number, reach
from sweeper.report.figures.subject import Axis
from sweeper.spec import Direction

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MOST_WITH_BARS = 15
"""Of more points than these on a line the intervals are a band."""

MOST_IN_LEGEND = 24
_MANY = 40
_LEGEND_WIDTH = 58
_LEGEND_ROW = 0.16

_HOLLOW: dict[str, Any] = {"markerfacecolor": "none", "markeredgewidth": 0.7, "markersize": 3.2}
_BARS: dict[str, Any] = {"elinewidth": 0.8, "capthick": 0.8}


def draw(design: Design, words: Words) -> Figure:
    """Return the figure."""
    from matplotlib.figure import Figure

    lines = series(design)
    panels = 1 if design.x is None else len(design.metrics)
    figure = Figure(figsize=(WIDTH, HEIGHT * panels), layout="constrained")
    axes: list[Axes] = [*figure.subplots(panels, 1, sharex=True, squeeze=False)[:, 0]]
    if design.x is None:
        _trade_off(axes[0], design, lines, words)
    else:
        for panel, metric in zip(axes, design.metrics, strict=True):
            _panel(panel, design, metric, lines)
            lay_metric(panel, metric, [mean for line in lines for mean in line.means(metric)], words)
        figure.set_figheight(figure.get_figheight() + lay_parameter(axes[-1], design.x, design.marks, words))
    axes[0].set_title(_note(design), loc="left", fontsize=6.5, color="#555555")
    _explain(figure, axes, design, lines, words)
    return figure


def _panel(panel: Axes, design: Design, metric: Axis, lines: Sequence[Series]) -> None:
    """Draw a metric against the parameter."""
    for place, line in enumerate(lines):
        look: dict[str, Any] = {"color": line.colour, "marker": line.marker, "linestyle": line.dashes}
        if not _has_lines(design):
            look |= {"linestyle": "none"} | ({"markersize": 3, "alpha": 0.7} if len(line.marks) > _MANY else {})
            broken = line.only(lambda mark: not mark.is_feasible)
            panel.plot(broken.places, broken.means(metric), **look | _HOLLOW)
            line = line.only(lambda mark: mark.is_feasible)  # noqa: PLW2901 (what is left of it)
        means, ends = line.means(metric), line.ends(metric)
        if _has_lines(design) and len(line.marks) > MOST_WITH_BARS:
            _band(panel, line, means, ends)
            panel.plot(line.places, means, **look | {"markersize": 2})
        else:
            capsize = 1.6 + 0.8 * (place % 4)  # so that bars at one place can be told apart
            panel.errorbar(line.places, means, ends, capsize=capsize, **look, **_BARS)


def _band(panel: Axes, line: Series, means: Sequence[float], ends: Sequence[Sequence[float]]) -> None:
    below, above = ends
    lows = [mean - end for mean, end in zip(means, below, strict=True)]
    highs = [mean + end for mean, end in zip(means, above, strict=True)]
    panel.fill_between(line.places, lows, highs, color=line.colour, alpha=0.2, linewidth=0)


def _has_lines(design: Design) -> bool:
    """Whether points are joined: those of a search are not a line."""
    is_study = any(mark.trial is not None for mark in design.marks)
    return design.x is not None and design.x.is_number and not is_study


def _trade_off(panel: Axes, design: Design, lines: Sequence[Series], words: Words) -> None:
    """Draw two objectives against each other: the Pareto front filled, and the edge of what it beats."""
    first, second = design.metrics
    front = sorted(
        (x, y)
        for line in lines
        for x, y, mark in zip(line.means(first), line.means(second), line.marks, strict=True)
        if mark.is_best and math.isfinite(x) and math.isfinite(y)
    )
    edge = "steps-pre" if first.direction is Direction.MAXIMIZE else "steps-post"
    panel.plot([x for x, _ in front], [y for _, y in front], drawstyle=edge, color=GREY, linewidth=0.8, zorder=1)
    for line in lines:
        beaten, best = line.only(lambda mark: not mark.is_best), line.only(lambda mark: mark.is_best)
        shape = {"color": line.colour, "marker": line.marker, "linestyle": "none", **_HOLLOW}
        panel.plot(beaten.means(first), beaten.means(second), alpha=0.6, **shape)
        look: dict[str, Any] = {"color": line.colour, "marker": line.marker, "linestyle": "none", **_BARS}
        panel.errorbar(best.means(first), best.means(second), best.ends(second), best.ends(first), **look)
    for metric, along in ((first, "x"), (second, "y")):
        lay_metric(panel, metric, [mean for line in lines for mean in line.means(metric)], words, along=along)


def _note(design: Design) -> str:
    """Say what a point and its bar are."""
    subject, metric = design.subject, design.metrics[0]
    drawn = [mark for mark in design.marks if number(mark.means.get(metric.name)) is not None]
    counts = {mark.n for mark in drawn}
    n = f"n = {min(counts)}" if len(counts) == 1 else f"n = {min(counts)} to {max(counts)}"
    has_bars = subject.interval and any(None not in reach(metric, mark) for mark in drawn)
    return ", ".join(["mean", *[subject.interval] * bool(has_bars), n]) if max(counts) > 1 else ""


def _explain(figure: Figure, axes: Sequence[Axes], design: Design, lines: Sequence[Series], words: Words) -> None:
    """Say what colours, markers and fillings mean."""
    if design.hue and design.has_colour_scale:
        scale = colour_scale(design.hue, [*levels(design.hue, design.marks)])
        figure.colorbar(scale, ax=[*axes], label=titled(design.hue, words), pad=0.02, aspect=30)
    entries = [*_of_hues(design, lines, words), *_of_fillings(design)]
    if not entries:
        return
    handle_length = 2.6 if _has_lines(design) else 1.0
    longest = max(len(label) for label, _ in entries)
    rows = math.ceil(len(entries) / max(1, int(_LEGEND_WIDTH / (longest + 2 * handle_length + 2))))
    columns = math.ceil(len(entries) / rows)
    title = titled(replace(design.hue, is_log=False), words) if design.hue and not design.has_colour_scale else None
    labels, handles = zip(*entries, strict=True)
    look = {"ncols": columns, "title": title, "handlelength": handle_length}
    figure.legend(handles, labels, loc="outside lower center", **look)
    figure.set_figheight(figure.get_figheight() + (rows + bool(title)) * _LEGEND_ROW)


def _of_hues(design: Design, lines: Sequence[Series], words: Words) -> list[tuple[str, Line2D]]:
    from matplotlib.lines import Line2D

    if design.hue is None or design.has_colour_scale:
        return []
    labels = distinct(words(line.words, MOST_IN_LEGEND) for line in lines)
    dashes: list[Any] = [line.dashes if _has_lines(design) else "none" for line in lines]
    return [
        (label, Line2D([], [], color=line.colour, marker=line.marker, linestyle=dash))
        for label, line, dash in zip(labels, lines, dashes, strict=True)
    ]


def _of_fillings(design: Design) -> list[tuple[str, Line2D]]:
    from matplotlib.lines import Line2D

    hollow = Line2D([], [], color=GREY, marker="o", linestyle="none", **_HOLLOW)
    if design.x is None:
        return [("Pareto front", Line2D([], [], color=GREY, marker="o", linewidth=0.8)), ("other", hollow)]
    has_broken = not _has_lines(design) and any(not mark.is_feasible for mark in design.marks)
    return [("breaks a constraint", hollow)] if has_broken else []
