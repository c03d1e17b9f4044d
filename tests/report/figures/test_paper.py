"""The figure for a paper: what it refuses, what it draws, and a file that any publisher takes."""

from __future__ import annotations

import math
import re
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings

from sweeper.errors import InputError
from sweeper.report.escape import shown
from sweeper.report.figures.paper import write_figure
from sweeper.report.figures.paper.design import design
from sweeper.report.figures.paper.draw import draw
from sweeper.report.figures.paper.style import WIDTH, spelled
from sweeper.report.figures.subject import Axis, Subject
from sweeper.spec import Direction
from tests.report.figures import strategies, subjects

SVG = "{http://www.w3.org/2000/svg}"


def texts(path: Path) -> list[str]:
    """Return the words of an SVG."""
    return [element.text or "" for element in ET.parse(path).iter(f"{SVG}text")]


def written(subject: Subject, tmp_path: Path, **options: str) -> list[str]:
    """Write a figure as SVG and return its words."""
    path = tmp_path / "figure.svg"
    write_figure(subject, path, **options)
    return texts(path)


def test_an_svg_has_its_words_as_text(tmp_path: Path) -> None:
    words = written(subjects.grid(), tmp_path)
    assert {"learning_rate (log scale)", "Accuracy", "optimizer", "adam", "lion", "sgd"} <= {*words}
    assert "mean, 95 % t interval, n = 5" in words
    assert "10⁻⁴" in words


def test_a_pdf_has_truetype_fonts_and_is_as_wide_as_a_column(tmp_path: Path) -> None:
    write_figure(subjects.grid(), tmp_path / "figure.pdf")
    content = (tmp_path / "figure.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"/Subtype /Type0" in content
    assert b"/Type3" not in content
    box = re.search(rb"/MediaBox \[ ?0 0 ([\d.]+)", content)
    assert box is not None
    assert float(box[1]) == pytest.approx(72 * WIDTH)


@pytest.mark.parametrize("suffix", ["pdf", "svg", "PNG"])
def test_the_same_results_give_the_same_bytes(suffix: str, tmp_path: Path) -> None:
    first, second = tmp_path / f"first.{suffix}", tmp_path / f"second.{suffix}"
    write_figure(subjects.two_objectives(), first)
    write_figure(subjects.two_objectives(), second)
    assert first.read_bytes() == second.read_bytes()


def test_settings_of_the_users_change_nothing_and_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl

    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    write_figure(subjects.grid(), tmp_path / "first.svg")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red"}):
        write_figure(subjects.grid(), tmp_path / "second.svg")
        assert (mpl.rcParams["font.size"], mpl.rcParams["text.parse_math"]) == (30, True)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


@pytest.mark.parametrize("name", ["figure.jpg", "figure", "figure.html"])
def test_another_suffix_is_refused_with_those_there_are(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ends in \.pdf, \.svg, \.png"):
        write_figure(subjects.grid(), tmp_path / name)


def test_a_folder_that_is_not_there_is_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        write_figure(subjects.grid(), tmp_path / "no" / "figure.svg")


def test_the_number_is_along_the_axis_and_the_words_tell_lines_apart() -> None:
    made = design(subjects.grid())
    assert made.x is not None
    assert made.hue is not None
    assert (made.x.name, made.hue.name) == ("learning_rate", "optimizer")
    turned = design(subjects.grid(), x="optimizer")
    assert turned.hue is not None
    assert turned.hue.name == "learning_rate"


def test_a_parameter_that_would_stay_hidden_is_refused() -> None:
    with pytest.raises(InputError) as error:
        design(subjects.big_grid())
    assert str(error.value) == (
        "a figure against learning_rate would hide that optimizer, width, momentum vary too; fix a parameter with "
        "--where, keep the best with --best-per, average with --group-by, tell one apart with --hue"
    )
    with pytest.raises(InputError, match="against width and optimizer would hide that learning_rate, momentum vary"):
        design(subjects.big_grid(), x="width", hue="optimizer")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"x": "learning_rat"}, "--x: no parameter learning_rat varies; did you mean learning_rate?"),
        ({"hue": "width"}, "--hue: no parameter width varies; choose from learning_rate, optimizer"),
        ({"x": "optimizer", "hue": "optimizer"}, "--x and --hue both name optimizer"),
    ],
)
def test_a_name_that_is_none_is_refused(options: dict[str, str], words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        design(subjects.grid(), **options)


def test_a_parameter_with_one_value_is_said_to_have_one() -> None:
    subject = subjects.grid()
    marks = tuple(mark for mark in subject.marks if mark.values["optimizer"] == "adam")
    with pytest.raises(InputError, match="--hue: optimizer has the same value everywhere"):
        design(replace(subject, marks=marks), hue="optimizer")


def test_nothing_that_varies_is_nothing_to_draw() -> None:
    with pytest.raises(InputError, match="no parameter varies"):
        design(replace(subjects.grid(), parameters=()))
    marks = tuple(replace(mark, means={}) for mark in subjects.grid().marks)
    with pytest.raises(InputError, match="no configuration has a finite accuracy"):
        design(replace(subjects.grid(), marks=marks))
    with pytest.raises(InputError, match="no metric"):
        design(replace(subjects.grid(), metrics=()))


def test_more_words_than_readers_tell_apart_are_refused_and_numbers_get_a_scale(tmp_path: Path) -> None:
    word, depth = Axis("word", "word", is_number=False), Axis("depth", "depth", is_number=True)
    marks = tuple(
        subjects.mark({"learning_rate": rate, "word": f"w{place}", "depth": place}, 0.5 + place / 100)
        for rate in subjects.RATES
        for place in range(12)
    )
    subject = Subject("x", (subjects.RATE, word), (subjects.ACCURACY,), marks)
    with pytest.raises(InputError, match="word has 12 levels, of which readers can tell 8 apart"):
        design(subject)
    assert "depth" in written(replace(subject, parameters=(subjects.RATE, depth)), tmp_path)


def test_a_configuration_without_the_parameter_is_not_left_out_silently() -> None:
    subject = subjects.study(20)
    with pytest.raises(InputError, match=r"configurations? have none of momentum|has none of momentum"):
        design(replace(subject, parameters=(subjects.MOMENTUM,)))


def test_a_line_breaks_where_there_is_no_result() -> None:
    (panel,) = draw(design(subjects.one_parameter()), shown).axes
    line = panel.get_lines()[0]
    assert [math.isnan(y) for y in line.get_ydata()] == [False, True, False, False, False]
    assert panel.get_xscale() == "log"
    assert panel.get_yscale() == "linear"


def test_what_a_search_tried_is_not_joined() -> None:
    subject = subjects.study(60)
    (panel,) = draw(design(replace(subject, parameters=subject.parameters[:1])), shown).axes
    assert panel.get_lines()[0].get_linestyle() == "None"


def test_lines_differ_in_colour_marker_and_dashes() -> None:
    figure = draw(design(subjects.grid()), shown)
    (legend,) = figure.legends
    looks = [(line.get_color(), line.get_marker(), str(line.get_linestyle())) for line in legend.get_lines()]
    assert all(len({*column}) == len(looks) == 3 for column in zip(*looks, strict=True))


def test_a_metric_has_a_logarithmic_axis_only_if_it_is_to_have_one() -> None:
    subject = subjects.one_parameter()
    metric = replace(subjects.ACCURACY, is_log=True)
    (panel,) = draw(design(replace(subject, metrics=(metric,))), shown).axes
    assert (panel.get_yscale(), panel.get_ylabel()) == ("log", "Accuracy (log scale)")
    marks = tuple(replace(mark, means={"accuracy": -1.0}) for mark in subject.marks)
    (panel,) = draw(design(replace(subject, metrics=(metric,), marks=marks)), shown).axes
    assert (panel.get_yscale(), panel.get_ylabel()) == ("linear", "Accuracy")


def test_two_objectives_are_drawn_against_each_other(tmp_path: Path) -> None:
    words = written(subjects.two_objectives(), tmp_path)
    assert {"Accuracy", "Latency (ms)", "Pareto front", "other"} <= {*words}


def test_two_objectives_against_a_parameter_have_a_panel_each(tmp_path: Path) -> None:
    words = written(subjects.two_objectives(), tmp_path, x="width")
    assert {"Accuracy", "Latency (ms)", "width", "dropout"} <= {*words}


def test_three_objectives_are_too_many() -> None:
    subject = subjects.two_objectives()
    third = Axis("cost", "Cost", is_number=True, direction=Direction.MINIMIZE)
    with pytest.raises(InputError, match="accuracy, latency, cost are 3 objectives; name two with --metric"):
        design(replace(subject, metrics=(*subject.metrics, third)))


def test_replicates_of_different_numbers_are_said(tmp_path: Path) -> None:
    subject = subjects.one_parameter()
    marks = (replace(subject.marks[0], n=3), *subject.marks[1:])
    assert "mean, 95 % t interval, n = 3 to 5" in written(replace(subject, marks=marks), tmp_path)
    single = tuple(replace(mark, n=1, lows={}, highs={}) for mark in subject.marks)
    assert not [word for word in written(replace(subject, marks=single), tmp_path) if "mean" in word]


def test_a_users_words_are_no_formula_and_no_markup(tmp_path: Path) -> None:
    subject = subjects.hostile()
    marks = tuple(mark for mark in subject.marks if mark.values["c"] == 1)
    hostile = replace(subject, parameters=subject.parameters[:2], marks=marks)
    words = written(hostile, tmp_path)
    assert {"<script>alert(1)</script>", "$\\alpha_{1}$", "</script><b>"} <= {*words}
    assert any("🚀 学习" in word for word in words)
    for suffix in ("pdf", "png"):
        write_figure(hostile, tmp_path / f"figure.{suffix}")


def test_letters_that_the_font_lacks_are_spelled_out() -> None:
    assert spelled("naïve δ → 学", 40) == "naïve δ → \\u5b66"


@given(strategies.subjects(is_whole=True))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_any_subject_is_drawn_or_refused_without_a_warning(subject: Subject) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            plan = design(subject)
        except InputError:
            return
        draw(plan, spelled).draw_without_rendering()
