"""Tables for readers say the same in each format, and are inert whatever names and values hold."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from sweeper.report.conditions import Condition
from sweeper.report.question import Pivot, Question
from sweeper.report.statistics.interval import IntervalMethod
from sweeper.report.statistics.significance import PairedTest
from sweeper.report.tables.formats import Format, render
from sweeper.spec import Direction
from tests.report.latex import PDFLATEX, check, compile_all
from tests.report.records import answered, experiment, foreign, learning_rates, pareto, study

READABLE = [Format.TEXT, Format.MARKDOWN, Format.LATEX]
HOSTILE = [
    "a|b",
    "two\nlines",
    "\r\n\x1b[31m",
    "<script>alert(1)</script>",
    "$x_1$ 50% & #2 {~^} \\input{x} \\\\",
    "[2cm]",
    "*",
    "% no comment",
    "\\end{tabular}",
    "{",
    "}",
    "\\",
    "`code` **bold** [l](http://x) ![i](x) https://x.org",
    "--flag ''quoted'' \"\"",
    "x" * 300,
    "",
]
FOREIGN = ["\N{PILE OF POO}", "\u202eright-to-left", "\N{HEBREW LETTER ALEF}", "\N{CJK UNIFIED IDEOGRAPH-5B66}"]
BASELINE = (Condition("name", "=", ("a|b",)),)


def hostile(values: list[str], label: str, form: Format) -> str:
    """Return a table over repeated runs whose parameter's values and whose labels are hostile."""
    runs = [
        foreign({"name": value, "seed": str(seed)}, loss=place + seed / 10, f1=1.0)
        for place, value in enumerate(values)
        for seed in range(3)
    ]
    question = Question(
        metrics=("loss", "f1"),
        replicates=("seed",),
        baseline=BASELINE if "a|b" in values else (),
        labels={name: label for name in ("name", "loss", "seed") if label},
    )
    return render(answered(experiment(*runs), question=question), form)


def html(text: str) -> str:
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(text)


class TestText:
    @pytest.mark.parametrize("label", [*HOSTILE, *FOREIGN])
    def test_every_row_is_a_line(self, label: str) -> None:
        text = hostile([*HOSTILE, *FOREIGN], label, Format.TEXT)
        rows = text.split("\n\n")[1].splitlines()
        named = sum(bool(value) for value in [*HOSTILE, *FOREIGN])
        assert len(rows) == 2 + named + 1, "one without a name is one that is not set"
        assert all(line.isprintable() for line in text.splitlines())

    def test_marks_stand_behind_numbers_so_that_points_stay_below_each_other(self) -> None:
        body = render(answered(learning_rates())).split("\n\n")[1].splitlines()[2:5]
        points = [line.index(".", 17) for line in body]
        assert len({*points}) == 1

    def test_each_mark_is_explained_if_it_is_there(self) -> None:
        for record in (learning_rates(), study(), pareto()):
            text = render(answered(record))
            table, legend = text.split("\n\n")[1:3]
            for mark in "*~!":
                assert (mark in table) == any(line.startswith(f"{mark} ") for line in legend.splitlines())

    def test_the_interval_is_named(self) -> None:
        for method, header in ((IntervalMethod.T, "95 % CI (t)"), (IntervalMethod.BOOTSTRAP, "95 % CI (bootstrap)")):
            assert header in render(answered(learning_rates(), question=Question(interval=method)))
        assert "CI" not in render(answered(learning_rates(), question=Question(interval=IntervalMethod.NONE)))

    def test_quantiles_have_columns_with_the_digits_of_the_mean(self) -> None:
        text = render(answered(learning_rates(), question=Question(quantiles=(0.5, 0.025, 1.0))))
        header, _, first = text.split("\n\n")[1].splitlines()[:3]
        assert header.split()[-4:] == ["median", "q2.5", "q100", "n"]
        assert first.split()[-4:] == ["0.9712", "0.9683", "0.9743", "3"]

    def test_several_metrics_name_their_columns(self) -> None:
        text = render(answered(learning_rates(), question=Question(metrics=("accuracy", "loss"), quantiles=(0.5,))))
        for header in ("accuracy 95 % CI (t)", "loss 95 % CI (t)", "accuracy median", "loss median"):
            assert header in text
        assert text.startswith(
            "bert_lr: accuracy (maximize) and loss (no direction), mean ± standard deviation over seed, highest acc"
        )

    def test_labels_stand_for_names_everywhere(self) -> None:
        labels = {"accuracy": "Accuracy", "learning_rate": "Rate", "seed": "Seed", "epochs": "Epochs"}
        question = Question(
            labels=labels, best_per=("learning_rate",), baseline=(Condition("learning_rate", "=", (0.1,)),)
        )
        text = render(answered(learning_rates(), question=question))
        for name in labels:
            assert name not in text
        assert "mean ± standard deviation over Seed, the best for each Rate" in text
        assert "fixed: Epochs=20" in text
        assert "difference: to Rate = 0.1 over Seed" in text

    def test_labels_stand_for_values_that_are_words_in_rows_columns_and_above(self) -> None:
        runs = [foreign({"method": one, "data": "bbc", "x": x}, loss=0.5) for one in ("knn", "svm") for x in "12"]
        labels = {"knn": "Neighbours", "bbc": "News"}
        for asked in (
            Question(),
            Question(pivot=Pivot(("method",), ("x",))),
            Question(pivot=Pivot(("x",), ("method",))),
        ):
            question = replace(asked, metrics=("loss",), labels=labels)
            text = render(answered(experiment(*runs), question=question))
            assert "Neighbours" in text
            assert "fixed: data=News" in text
            assert "knn" not in text


class TestMarkdown:
    def test_hostile_words_are_words(self) -> None:
        values = [*HOSTILE, *FOREIGN]
        for label in values:
            page = html(hostile(values, label, Format.MARKDOWN))
            assert page.count("<tr>") == 1 + len(values)
            assert "<script" not in page
            assert not any(f"<{tag}" in page for tag in ("a ", "img", "em", "code", "del", "hr"))

    @pytest.mark.parametrize("name", [*HOSTILE, *FOREIGN, "# x", "- x", "+ x", "12. x", "1) x", "===", "---", "    x"])
    def test_a_hostile_name_of_a_source_is_a_paragraph(self, name: str) -> None:
        runs = replace(experiment(foreign({"x": "1"}, loss=1.0)), name=name)
        page = html(render(answered(runs, question=Question(metrics=("loss",))), Format.MARKDOWN))
        assert page.startswith("<p>")
        assert not any(
            f"<{tag}" in page for tag in ("h1", "h2", "li", "hr", "pre", "code", "script", "a ", "img", "em")
        )

    def test_the_best_is_bold_and_nothing_else(self) -> None:
        page = html(render(answered(learning_rates()), Format.MARKDOWN))
        assert page.count("<strong>") == 1
        assert "<strong>0.9712 ± 0.0031</strong>" in page

    def test_commands_in_the_footer_are_code_and_other_words_are_not(self) -> None:
        page = html(render(answered(learning_rates()), Format.MARKDOWN))
        assert "<code>sweeper status bert_lr</code>" in page
        runs = experiment(foreign({"x": "1"}, _loss_=1.0), foreign({"x": "2"}))
        page = html(render(answered(runs, question=Question(metrics=("_loss_",))), Format.MARKDOWN))
        assert "1 of 2 results has no _loss_" in page


class TestLatex:
    def test_hostile_words_leave_the_table_whole(self) -> None:
        values = [*HOSTILE, *FOREIGN]
        for label in values:
            rows = check(hostile(values, label, Format.LATEX))
            assert len(rows) == 1 + len(values)

    @settings(max_examples=25)
    @given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=2, max_size=4, unique=True))
    def test_any_words_leave_the_table_whole(self, values: list[str]) -> None:
        check(hostile(values, values[0], Format.LATEX))

    def test_the_best_is_bold_and_marks_are_raised(self) -> None:
        rows = check(render(answered(learning_rates()), Format.LATEX))
        assert rows[1][1] == r"$\mathbf{0.9712} \pm 0.0031$"
        assert rows[2][3] == r"$2^{\dagger}$"

    def test_all_around_the_table_is_a_comment(self) -> None:
        for label in HOSTILE:
            lines = hostile(HOSTILE, label, Format.LATEX).splitlines()
            inside = range(lines.index("\\toprule") - 1, lines.index("\\end{tabular}") + 1)
            assert all(line.startswith("% ") for place, line in enumerate(lines) if place not in inside)

    @pytest.mark.skipif(PDFLATEX is None, reason="no pdflatex")
    def test_hostile_words_are_typeset(self, tmp_path: Path) -> None:
        compile_all([hostile(HOSTILE, label, Format.LATEX) for label in HOSTILE], tmp_path)


@pytest.mark.parametrize("form", READABLE)
@pytest.mark.parametrize("test", PairedTest)
def test_a_comparison_has_the_same_cells_in_every_format(form: Format, test: PairedTest) -> None:
    question = Question(baseline=(Condition("learning_rate", "=", (0.01,)),), test=test)
    text = render(answered(learning_rates(), question=question), form)
    for words in ("baseline", "too few", "nothing shared", "-0.099"):
        assert words in text


NUMBERS = st.lists(st.floats(allow_nan=False) | st.sampled_from([0.5, math.inf, -math.inf]), min_size=1, max_size=4)


@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, 3), NUMBERS, min_size=1), st.sampled_from(Direction))
def test_numbers_of_every_size_leave_every_format_whole(measured: dict[int, list[float]], direction: Direction) -> None:
    runs = [
        foreign({"x": str(x), "seed": str(seed)}, loss=loss)
        for x, losses in measured.items()
        for seed, loss in enumerate(losses)
    ]
    question = Question(
        metrics=("loss",),
        directions={"loss": direction},
        replicates=("seed",),
        quantiles=(0.5,),
        baseline=(Condition("x", "=", (next(iter(measured)),)),),
    )
    table = answered(experiment(*runs), question=question)
    assert len(render(table).split("\n\n")[1].splitlines()) == 2 + len(measured)
    assert html(render(table, Format.MARKDOWN)).count("<tr>") == 1 + len(measured)
    assert len(check(render(table, Format.LATEX))) == 1 + len(measured)
    for is_long in (False, True):
        assert render(table, Format.CSV, is_long=is_long)
        assert json.loads(render(table, Format.JSON, is_long=is_long))
