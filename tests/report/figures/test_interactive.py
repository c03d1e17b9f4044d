"""The interactive pictures: what is drawn, on which axes, and that no word of a user's is more than a word."""

from __future__ import annotations

import datetime as dt
import json
import math
import random
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from sweeper.report.figures.interactive import Picture, pictures
from sweeper.report.figures.interactive.curves import MOST_STEPS
from sweeper.report.figures.interactive.drawing import HOVER
from sweeper.report.figures.interactive.lanes import MOST_BARS
from sweeper.report.figures.interactive.parallel import MOST_LINES
from sweeper.report.figures.interactive.parameters import MOST_MARKS
from sweeper.report.figures.palette import GREY
from sweeper.report.figures.subject import Axis, Curve, Mark, Step, Subject
from sweeper.spec import Direction
from tests.report.figures import strategies, subjects

MARKUP = re.compile(r"<br>|<extra></extra>")


def drawn(subject: Subject) -> dict[str, Picture]:
    found = [*pictures(subject)]
    assert len({picture.title for picture in found}) == len(found)
    return {picture.title: picture for picture in found}


def plain(picture: Picture) -> dict[str, Any]:
    """Return a figure as the page gets it."""
    form: dict[str, Any] = json.loads(picture.figure.to_json())
    return form


def strings(form: Any) -> Iterator[str]:
    match form:
        case dict():
            for name, value in form.items():
                yield from strings(value) if name not in ("bdata", "dtype") else ()
        case list():
            for value in form:
                yield from strings(value)
        case str():
            yield form


def points(picture: Picture, name: str | None = None) -> list[tuple[Any, Any]]:
    """Return the points of a figure, or of a trace of it."""
    traces = [trace for trace in picture.figure.data if name is None or trace.name == name]
    return [pair for trace in traces for pair in zip(trace.x, trace.y, strict=True)]


def test_a_grid_shows_what_there_is_of_it() -> None:
    assert [*drawn(subjects.grid())] == [
        "Importance of the parameters",
        "Accuracy against learning_rate",
        "Accuracy against optimizer",
        "Accuracy over learning_rate and optimizer",
        "accuracy by step",
        "What ran when",
    ]


def test_a_study_shows_how_it_went() -> None:
    titles = {*drawn(subjects.study(60))}
    assert {"All parameters at once", "Accuracy in the course of the study", "What ran when"} <= titles


def test_nothing_is_drawn_of_nothing() -> None:
    assert [*pictures(Subject("empty", (), (), ()))] == []
    assert [*pictures(replace(subjects.grid(), marks=(), steps=(), curves=(), importances={}))] == []


def test_a_rate_has_a_logarithmic_axis_with_its_levels_as_ticks() -> None:
    figure = drawn(subjects.one_parameter())["Accuracy against learning_rate"].figure
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.xaxis.title.text == "learning_rate (log scale)"
    assert [*figure.layout.xaxis.ticktext] == ["0.0001", "0.001", "0.01", "0.1", "1"]
    assert figure.layout.yaxis.type == "linear"


def test_words_have_an_axis_of_their_levels() -> None:
    figure = drawn(subjects.big_grid())["Accuracy against optimizer"].figure
    assert figure.layout.xaxis.type == "category"
    assert [*figure.layout.xaxis.categoryarray] == ["adam", "lion", "sgd"]


def test_a_line_breaks_where_there_is_no_result() -> None:
    figure = drawn(subjects.one_parameter())["Accuracy against learning_rate"].figure
    line = figure.data[0]
    assert line.mode == "lines+markers"
    assert [math.isnan(value) for value in line.y] == [False, True, False, False, False]
    assert not line.connectgaps


def test_intervals_are_drawn_as_they_are() -> None:
    bars = drawn(subjects.one_parameter())["Accuracy against learning_rate"].figure.data[0].error_y
    assert bars.array[0] == pytest.approx(0.01)
    assert bars.arrayminus[0] == pytest.approx(0.01)


def test_a_caption_speaks_of_bars_where_they_are_drawn() -> None:
    """Points that stand beside each other above a word have none."""
    third = Axis("width", "width", is_number=True)
    grid = subjects.grid()
    marks = tuple(replace(one, values={**one.values, "width": place % 2}) for place, one in enumerate(grid.marks))
    found = drawn(replace(grid, parameters=(*grid.parameters, third), marks=marks))
    for title, has_bars in (("Accuracy against learning_rate", True), ("Accuracy against optimizer", False)):
        assert ("and the bar the 95 % t interval" in found[title].caption) is has_bars
        assert any("error_y" in trace.to_plotly_json() for trace in found[title].figure.data) is has_bars


def test_the_best_has_a_star() -> None:
    subject = subjects.big_grid()
    best = next(mark for mark in subject.marks if mark.is_best)
    star = drawn(subject)["Accuracy against learning_rate"].figure.data[-1]
    assert star.marker.symbol == "star"
    assert [*zip(star.x, star.y, strict=True)] == [(best.values["learning_rate"], best.means["accuracy"])]


def test_the_edge_joins_the_best_of_each_level() -> None:
    subject = subjects.big_grid()
    edge = drawn(subject)["Accuracy against width"].figure.data[0]
    best = {
        width: max(mark.means["accuracy"] for mark in subject.marks if mark.values["width"] == width)
        for width in (16, 32, 64, 128)
    }
    assert dict(zip(edge.x, edge.y, strict=True)) == best


def test_what_breaks_a_constraint_is_grey_and_never_on_the_edge() -> None:
    subject = subjects.big_grid()
    best, *others = subject.marks
    broken = replace(best, is_best=False, is_feasible=False)
    picture = drawn(replace(subject, marks=(*others, broken)))["Accuracy against width"]
    edge, grey, fine = picture.figure.data
    assert grey.marker.color == GREY
    assert [*grey.y] == [best.means["accuracy"]]
    assert best.means["accuracy"] not in edge.y
    assert len(fine.x) == len(others)
    assert "Grey ones break a constraint." in picture.caption


def test_the_parameters_that_matter_come_first() -> None:
    titles = [title for title in drawn(subjects.big_grid()) if " against " in title]
    assert titles == [f"Accuracy against {name}" for name in ("learning_rate", "width", "optimizer", "momentum")]


def test_a_heat_map_has_a_cell_for_each_combination_and_none_for_a_failure() -> None:
    picture = drawn(subjects.grid())["Accuracy over learning_rate and optimizer"]
    cells = picture.figure.data[0].z
    assert cells.shape == (3, 5)
    assert sum(math.isnan(value) for row in cells for value in row) == 1
    assert "An empty cell has no finite result." in picture.caption


def test_only_an_axis_that_has_a_scale_says_so() -> None:
    heat_map = drawn(subjects.grid())["Accuracy over learning_rate and optimizer"].figure
    assert heat_map.layout.xaxis.title.text == "learning_rate"
    hues = drawn(subjects.grid())["Accuracy against optimizer"].figure
    assert hues.layout.legend.title.text == "learning_rate"


def test_a_scale_of_colours_for_a_rate_is_logarithmic() -> None:
    rates = [10.0**-power for power in range(9)]
    marks = [
        subjects.mark({"learning_rate": rate, "width": width}, subjects.score({"learning_rate": rate}))
        for rate in rates
        for width in (16, 32)
    ]
    subject = replace(subjects.grid(), parameters=(subjects.RATE, subjects.WIDTH), marks=tuple(marks))
    figure = drawn(subject)["Accuracy against width"].figure
    coloured = next(trace for trace in figure.data if trace.marker.coloraxis)
    assert sorted({*coloured.marker.color}) == pytest.approx([*range(-8, 1)])
    bar = figure.layout.coloraxis.colorbar
    assert bar.title.text == "learning_rate (log scale)"
    assert [*bar.ticktext] == ["1e-08", "1e-06", "0.0001", "0.01", "1"]


def test_long_words_along_an_axis_are_cut_and_those_at_a_mark_are_not() -> None:
    names = [f"an optimizer with a very long name, {kind}" for kind in ("of one kind", "of another")]
    marks = [subjects.mark({"optimizer": name}, 0.9) for name in names]
    subject = replace(subjects.grid(), parameters=(subjects.OPTIMIZER,), marks=tuple(marks))
    figure = drawn(subject)["Accuracy against optimizer"].figure
    assert [len(words) for words in figure.layout.xaxis.ticktext] == [20, 20]
    assert all(name in str(figure.data[0].customdata).replace("<br>", " ") for name in names)


def test_a_step_is_a_whole_number() -> None:
    curve = Curve("c", ({0: 0.1, 1: 0.2, 2: 0.3},))
    subject = Subject("x", (), (), (), curves=(curve,), curve_metric="loss")
    assert drawn(subject)["loss by step"].figure.layout.xaxis.dtick == 1


def test_a_heat_map_of_two_parameters_of_four_shows_the_best_and_says_so() -> None:
    subject = subjects.big_grid()
    picture = drawn(subject)["Accuracy over learning_rate and width"]
    assert picture.figure.data[0].z.max() == subject.marks[0].means["accuracy"]
    assert picture.caption.startswith("Each cell is the best of all that differ in optimizer and momentum.")


def test_what_was_tried_of_two_numbers_is_no_heat_map() -> None:
    figure = drawn(subjects.study(60))["Accuracy over learning_rate and width"].figure
    assert figure.data[0].type == "scatter"


def test_the_front_of_two_objectives_is_joined() -> None:
    subject = subjects.two_objectives()
    figure = drawn(subject)["Latency against Accuracy"].figure
    others, edge, front = figure.data
    best = sum(mark.is_best for mark in subject.marks)
    assert len(front.x) == len(edge.x) == best > 2
    assert len(others.x) == len(subject.marks) - best
    assert edge.line.shape == "vh"
    assert [*edge.x] == sorted(edge.x)


def test_of_three_objectives_each_pair_is_drawn() -> None:
    subject = subjects.two_objectives()
    third = Axis("cost", "Cost", is_number=True, direction=Direction.MINIMIZE)
    marks = tuple(replace(mark, means={**mark.means, "cost": 1.0}) for mark in subject.marks)
    titles = drawn(replace(subject, metrics=(*subject.metrics, third), marks=marks))
    assert {"Latency against Accuracy", "Cost against Accuracy", "Cost against Latency"} <= {*titles}


def test_parallel_coordinates_have_a_line_a_configuration_and_an_axis_a_parameter() -> None:
    subject = subjects.study(60)
    figure = drawn(subject)["All parameters at once"].figure
    measured = [mark for mark in subject.marks if mark.means]
    assert len(figure.data) == len(measured) + 1
    assert [*figure.layout.xaxis.ticktext] == ["Accuracy", "learning_rate", "width", "momentum", "optimizer"]
    assert "not set" in {tick.text for tick in figure.layout.annotations}
    assert {"adam", "sgd"} <= {tick.text for tick in figure.layout.annotations}


def test_a_number_that_is_the_word_none_is_not_taken_for_one_that_is_not_set() -> None:
    axes = (subjects.RATE, subjects.OPTIMIZER, subjects.WIDTH)
    marks = tuple(
        Mark({"learning_rate": 0.1, "optimizer": one, "width": width}, {"accuracy": width / 9}, words=one)
        for one in ("None", "adam")
        for width in (1, 2, 3)
    )
    rates = replace(marks[0], values={"learning_rate": 0.2, "optimizer": "None", "width": 3})
    subject = Subject("x", axes, (subjects.ACCURACY,), (*marks, rates))
    ticks = [tick.text for tick in drawn(subject)["All parameters at once"].figure.layout.annotations]
    assert "None" in ticks
    assert "not set" not in ticks


def test_curves_are_means_in_a_band_from_the_least_to_the_greatest() -> None:
    series = ({0: 0.0, 1: 1.0, 2: 5.0}, {0: 2.0, 1: 3.0})
    subject = Subject("x", (), (subjects.ACCURACY,), (), curves=(Curve("c", series),), curve_metric="accuracy")
    band, line = drawn(subject)["accuracy by step"].figure.data
    assert [*zip(line.x, line.y, strict=True)] == [(0, 1.0), (1, 2.0)]
    assert [*zip(band.x, band.y, strict=True)][:4] == [(0, 2.0), (1, 3.0), (1, 1.0), (0, 0.0)]


def test_a_curve_breaks_where_a_replicate_was_not_finite() -> None:
    series = ({0: 0.0, 1: float("nan"), 2: 5.0, 3: 6.0}, {0: 2.0, 1: 3.0, 2: 1.0, 3: 2.0})
    subject = Subject("x", (), (), (), curves=(Curve("c", series),), curve_metric="loss")
    band, line = drawn(subject)["loss by step"].figure.data
    assert [*line.y] == [1.0, None, 3.0, 4.0]
    assert [*band.x].count(None) == 2


def test_replicates_without_common_steps_are_not_averaged() -> None:
    curve = Curve("c", ({0: 0.0, 2: 1.0}, {1: 0.5, 3: 1.5}))
    picture = drawn(Subject("x", (), (), (), curves=(curve,), curve_metric="loss"))["loss by step"]
    assert [len(trace.x) for trace in picture.figure.data] == [2, 2]
    assert "a line each" in picture.caption


def test_the_best_so_far_follows_the_order_of_the_ends_and_knows_constraints() -> None:
    values = [(0, 0.5, True), (2, 0.9, False), (1, 0.7, True), (3, 0.6, True)]
    steps = tuple(
        Step(number, told, 0, 1, "complete", (value,), is_feasible)
        for number, (told, value, is_feasible) in enumerate(values)
    )
    subject = Subject("x", (), (subjects.ACCURACY,), (), steps=steps)
    picture = drawn(subject)["Accuracy in the course of the study"]
    assert points(picture, "best so far") == [(1, 0.5), (2, 0.7), (3, 0.7), (4, 0.7)]
    assert points(picture, "breaks a constraint") == [(3, 0.9)]


def test_a_timeline_has_a_lane_for_each_that_runs_at_once() -> None:
    steps = (
        Step(0, None, 0, 1000, "finished"),
        Step(1, None, 500, 2000, "failed"),
        Step(2, None, 1000, None, "running"),
    )
    figure = drawn(Subject("x", (), (), (), steps=steps))["What ran when"].figure
    assert {trace.name: [*trace.y] for trace in figure.data} == {"finished": [1], "failed": [2], "running": [1]}
    assert figure.layout.xaxis.rangebreaks == ()


def test_a_long_pause_is_cut_out_of_a_timeline() -> None:
    day = 86_400_000
    steps = tuple(subjects.runs(40, random.Random(0), pause=day))
    picture = drawn(Subject("x", (), (), (), steps=steps))["What ran when"]
    (cut,) = picture.figure.layout.xaxis.rangebreaks
    begin, end = map(dt.datetime.fromisoformat, cut.bounds)
    assert (end - begin).total_seconds() >= day / 1000
    assert "Pauses in which nothing ran are cut out" in picture.caption


def test_of_many_only_so_many_are_drawn_but_every_best_and_it_is_said() -> None:
    subject = subjects.study(5_000)
    subject = replace(subject, marks=(*subject.marks[1:], replace(subject.marks[0], is_best=True)))
    found = drawn(subject)
    measured = sum(bool(mark.means) for mark in subject.marks)
    rate = found["Accuracy against learning_rate"]
    broken, fine, _ = rate.figure.data
    assert len(fine.x) + len(broken.x) == MOST_MARKS
    assert f"{MOST_MARKS:,} of {measured:,} configurations are drawn" in rate.caption
    assert subject.marks[-1].means["accuracy"] in [*fine.y]
    assert len(found["All parameters at once"].figure.data) == MOST_LINES + 1
    bars = sum(len(trace.x) for trace in found["What ran when"].figure.data)
    assert bars <= 2 * MOST_BARS
    assert sum(len(picture.figure.to_json()) for picture in found.values()) < 5_000_000


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    curve = Curve("c", ({step: step / 7 for step in range(100_000)},))
    picture = drawn(Subject("x", (), (), (), curves=(curve,), curve_metric="loss"))["loss by step"]
    (line,) = picture.figure.data
    assert (len(line.x), line.x[0], line.x[-1]) == (MOST_STEPS, 0, 99_999)
    assert f"{MOST_STEPS} steps are drawn" in picture.caption


@pytest.mark.parametrize("name", ["grid", "study", "big_grid", "two_objectives", "hostile"])
def test_nothing_needs_webgl_or_has_colours_of_the_page(name: str) -> None:
    for picture in pictures(getattr(subjects, name)()):
        form = plain(picture)
        assert {trace["type"] for trace in form["data"]} <= {"scatter", "bar", "box", "heatmap"}
        assert "template" not in form["layout"]
        assert not {"width", "height"} & {*form["layout"]}
        assert form["layout"]["paper_bgcolor"] == form["layout"]["plot_bgcolor"] == "rgba(0,0,0,0)"
        assert not {"black", "white", "#000", "#fff", "#000000", "#ffffff"} & {*strings(form)}


def test_no_word_of_a_users_is_markup() -> None:
    for picture in pictures(subjects.hostile()):
        for text in strings(plain(picture)):
            assert "<" not in MARKUP.sub("", text)
            assert "$" not in text  # TeX
            assert "\u202e" not in text
            assert len(text) < 900
        templates = {trace.hovertemplate for trace in picture.figure.data} - {None}
        assert templates <= {HOVER}


def test_hostile_names_are_shown_as_they_are() -> None:
    figure = drawn(subjects.hostile())["Importance of the parameters"].figure
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in [*figure.data[0].y]


def test_levels_that_look_alike_stay_apart() -> None:
    long = ["x" * 300 + "a" + "y" * 300, "x" * 300 + "b" + "y" * 300, "1", 1]
    marks = tuple(Mark({"name": value}, {"accuracy": place}) for place, value in enumerate(long))
    axis = Axis("name", "name", is_number=False)
    figure = drawn(Subject("x", (axis,), (subjects.ACCURACY,), marks))["Accuracy against name"].figure
    assert len({*figure.layout.xaxis.categoryarray}) == 4


@given(strategies.subjects())
@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
def test_any_subject_is_drawn_without_a_warning(subject: Subject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for picture in pictures(subject):
            for text in strings(plain(picture)):
                assert "<" not in MARKUP.sub("", text)
