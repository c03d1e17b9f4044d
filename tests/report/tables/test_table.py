"""Each format shows the same table in its own way."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper.report.question import Question
from sweeper.report.tables.formats import Format, render
from sweeper.store.trials import Told, TrialState
from tests.report.records import (
    NAME,
    answered,
    complete,
    failed,
    learning_rates,
    pareto,
    pruned,
    run,
    study,
    sweep,
    trial,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeper.store.records import SweepRecord

MEASURED = "loss_mean,loss_std,loss_n,loss_ci_low,loss_ci_high,loss_best,loss_alike,loss_untold"
HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'
GOLDEN = Path(__file__).parent / "golden"
READABLE = [Format.TEXT, Format.MARKDOWN, Format.LATEX]
HOSTILE = [
    "a|b",
    "two\nlines",
    "\r\n",
    "<script>alert(1)</script>",
    "$x_1$ 50% & #2 {~^} \\input{x} \\\\",
    "[2cm]",
    '=HYPERLINK("http://x")',
    "**bold** `code` [l](u)",
    'quote " and , comma',
    "\N{PILE OF POO} \u202eright-to-left\u202c \N{HEBREW LETTER ALEF}",
    "x" * 300,
    "",
]


def shown(record: SweepRecord, form: Format = Format.TEXT, metric: str = "") -> str:
    return render(answered(record, question=Question(metrics=(metric,) if metric else ())), form)


def named(values: list[str]) -> SweepRecord:
    """Return a sweep over the values of one parameter, each of which has a result."""
    runs = [run({"name": value}, metrics={"loss": place / 8}) for place, value in enumerate(values)]
    return sweep(f"{HEAD}[grid]\nname = [{', '.join(map(quoted, values))}]\n", runs)


def quoted(value: str) -> str:
    """Return a string as TOML, which knows JSON's escapes but no surrogates and wants DEL escaped."""
    return '"' + "".join(c if c.isalnum() else f"\\U{ord(c):08x}" for c in value) + '"'


@pytest.mark.parametrize(
    ("form", "suffix"),
    [(Format.TEXT, "txt"), (Format.MARKDOWN, "md"), (Format.LATEX, "tex"), (Format.CSV, "csv"), (Format.JSON, "json")],
)
@pytest.mark.parametrize("record", [learning_rates, study, pareto], ids=lambda record: record.__name__)
def test_the_table_of_a_sweep_with_every_kind_of_row(
    record: Callable[[], SweepRecord], form: Format, suffix: str
) -> None:
    golden = GOLDEN / f"{record.__name__}.{suffix}"
    assert shown(record(), form) + "\n" == golden.read_text(encoding="utf-8")


def test_a_sweep_without_replicates_has_a_number_or_a_state_in_each_row() -> None:
    runs = [run({"x": 2}, metrics={"loss": 3.2e-7}), run({"x": 1}, metrics={"loss": 12.5}), failed({"x": 3})]
    assert shown(sweep(f"{HEAD}[grid]\nx = [1, 2, 3, 4]\n", runs)).split("\n\n")[1].splitlines() == [
        "  x  loss",
        "---  ------------",
        "  2   3.200e-07 *",
        "  1  12.50",
        "  3  failed",
        "  4  missing",
    ]


def test_a_single_replicate_has_no_deviation() -> None:
    toml = HEAD + 'replicates = "seed"\n[grid]\nx = [1, 2]\nseed = [0]\n'
    runs = [run({"x": x, "seed": 0}, metrics={"loss": x / 10}) for x in (1, 2)]
    assert "  1  0.1000 *  1\n  2  0.2000    1\n" in shown(sweep(toml, runs))


def test_numbers_that_share_a_power_of_ten_are_bracketed() -> None:
    toml = HEAD + 'replicates = "seed"\n[grid]\nx = [1, 2]\nseed = [0, 1]\n'
    losses = {(1, 0): 3.1e-7, (1, 1): 3.3e-7, (2, 0): 0.5, (2, 1): 0.7}
    runs = [run({"x": x, "seed": seed}, metrics={"loss": loss}) for (x, seed), loss in losses.items()]
    record = sweep(toml, runs)
    assert "(3.20 ± 0.14)e-07" in shown(record)
    assert "**(3.20 ± 0.14)e-07**" in shown(record, Format.MARKDOWN)
    assert r"$(\mathbf{3.20} \pm 0.14) \times 10^{-7}$" in shown(record, Format.LATEX)


def test_parameters_that_do_not_vary_stand_above_the_table() -> None:
    text = shown(sweep(HEAD + '[fixed]\n"Bert.layers" = 6\n[grid]\nx = [1, 2]\noptimizer = ["adam"]\n'))
    assert text.splitlines()[1] == "fixed: optimizer=adam, Bert.layers=6"
    assert "optimizer" not in text.partition("\n\n")[2]


def test_a_metric_without_a_direction_has_no_best() -> None:
    text = shown(learning_rates(), metric="loss")
    assert text.startswith("bert_lr: loss, mean ± standard deviation over seed, in the order of the points\n")
    assert "*" not in text
    assert "**" not in shown(learning_rates(), Format.MARKDOWN, "loss")


def test_results_outside_a_narrowed_spec_are_counted_below() -> None:
    runs = [run({"x": x}, metrics={"loss": 1.0}) for x in (1, 2, 3)]
    lines = shown(sweep(f"{HEAD}[grid]\nx = [1]\n", runs)).splitlines()
    assert lines[-2:] == ["1 of 1 point has a result", "2 results outside the present spec"]


def test_results_of_two_versions_of_the_code_are_not_mixed_silently() -> None:
    spec = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nx = [1, 2]\n'
    runs = [run({"x": x}, metrics={"accuracy": 0.5}, source=source) for x, source in ((1, "aaaa"), (2, "bbbb"))]
    warning = "made by 2 versions of the code (train_classifier): compare with care"
    assert shown(sweep(spec, runs)).endswith(warning)
    assert "versions" not in shown(sweep(spec, [runs[0]]))


def test_missing_points_of_a_large_sweep_are_counted_below() -> None:
    toml = HEAD + "[grid]\nx = { range = [0, 1000000] }\n"
    text = shown(sweep(toml, [run({"x": 7}, metrics={"loss": 1.0})]))
    assert "1 of 1,000,000 points have a result; 999,999 missing" in text


@pytest.mark.parametrize("form", READABLE)
def test_a_sweep_without_points_says_so(form: Format) -> None:
    assert shown(sweep(HEAD + "[grid]\nx = [1]\n[[exclude]]\nx = 1\n"), form).endswith("the sweep has no points")


def test_a_sweep_without_points_is_still_a_tabular_in_latex() -> None:
    text = shown(sweep(HEAD + "[grid]\nx = [1]\n[[exclude]]\nx = 1\n"), Format.LATEX)
    assert r"\begin{tabular}{l}" in text


def test_a_sweep_without_points_is_a_header_in_csv() -> None:
    text = shown(sweep(HEAD + "[grid]\nx = [1]\n[[exclude]]\nx = 1\n"), Format.CSV)
    assert text == f"x,{MEASURED},n,pruned,running,failed,blocked,missing"


def test_a_sweep_of_one_point_is_a_table_of_one_number() -> None:
    text = shown(sweep(HEAD + "[fixed]\nx = 1\n", [run({}, metrics={"loss": 0.25})]))
    assert text.splitlines()[1:6] == ["fixed: x=1", "", "loss", "--------", "0.2500 *"]


def test_a_metric_that_is_infinite_stays_so_in_every_format() -> None:
    record = sweep(HEAD + "[grid]\nx = [1]\n", [run({"x": 1}, metrics={"loss": math.inf})])
    assert "inf" in shown(record)
    assert r"$\infty$" in shown(record, Format.LATEX)
    assert shown(record, Format.CSV).splitlines()[1].startswith("1,inf,")
    assert json.loads(shown(record, Format.JSON))["rows"][0]["metrics"]["loss"]["mean"] == {"$float": "inf"}


def test_a_parameter_called_like_a_column_is_told_apart_in_csv() -> None:
    text = shown(sweep(HEAD + "[grid]\nn = [1]\n"), Format.CSV)
    assert text.startswith(f"params.n,{MEASURED},n,")


SEARCH = f"{HEAD}[study]\ntrials = 600\n[study.space]\nx.float = [0, 1]\n"


def searched(values: list[float]) -> SweepRecord:
    """Return a study whose trials came to the given values."""
    places = [place / 1000 for place in range(len(values))]
    runs = [run({"x": x}, metrics={"loss": value}) for x, value in zip(places, values, strict=True)]
    trials = [trial(place, {"x": place / 1000}, complete(place, value)) for place, value in enumerate(values)]
    return sweep(SEARCH, runs, trials=trials)


def test_of_a_study_readers_see_the_best_twenty_and_programs_all() -> None:
    record = searched([500.0 - place for place in range(500)])
    for form in READABLE:
        assert "and 480 more; --format csv has all" in shown(record, form)
    rows = shown(record).split("\n\n")[1].splitlines()[2:]
    assert [float(row.split()[2]) for row in rows] == [*range(1, 21)]
    assert len(shown(record, Format.CSV).splitlines()) == 501
    assert len(json.loads(shown(record, Format.JSON))["rows"]) == 500


def test_a_study_that_has_tried_nothing_has_a_table_without_rows() -> None:
    for form in READABLE:
        assert "0 of 600 trials" in shown(sweep(SEARCH), form)
    assert shown(sweep(SEARCH)).split("\n\n")[1].split() == ["trial", "x", "loss", "-------", "---", "------"]
    header = f"trial,x,{MEASURED},n,pruned,running,failed,blocked,missing,state,feasible"
    assert shown(sweep(SEARCH), Format.CSV) == header


def test_a_searched_parameter_is_a_column_even_if_it_does_not_vary() -> None:
    assert shown(searched([1.0])).splitlines()[2].split() == ["trial", "x", "loss"]


def test_a_number_from_an_interval_is_shown_with_four_digits_and_exported_in_full() -> None:
    record = sweep(SEARCH, trials=[trial(0, {"x": 0.123456789})])
    assert "0.1235 " in shown(record)
    assert "0.123456789" in shown(record, Format.CSV)


def test_a_stepped_number_is_shown_as_it_is() -> None:
    toml = SEARCH.replace("x.float = [0, 1]", "x = { float = [0, 1], step = 0.00125 }")
    assert " 0.12375 " in shown(sweep(toml, trials=[trial(0, {"x": 0.12375})]))


def test_a_parameter_called_trial_is_told_apart_in_csv() -> None:
    record = sweep(SEARCH.replace("x.float", "trial.float"), trials=[trial(0, {"trial": 0.5})])
    assert shown(record, Format.CSV).startswith("trial,params.trial,loss_mean")


def test_the_constraints_that_a_row_breaks_are_named_in_every_format() -> None:
    toml = SEARCH.replace("trials = 600", 'trials = 600\nconstraints = ["cost <= 1", "size < 2", "time_s >= 0"]')
    metrics = {"loss": 1.0, "cost": 2.0, "size": 2.0, "time_s": 1.0}
    told = complete(0, 1.0, constraints=(1.0, 5e-324, -1.0))
    record = sweep(toml, [run({"x": 0.5}, metrics=metrics)], trials=[trial(0, {"x": 0.5}, told)])
    assert "breaks cost <= 1, size < 2\n" in shown(record)
    assert "breaks cost &lt;= 1, size &lt; 2 |" in shown(record, Format.MARKDOWN)
    assert r"breaks cost \textless{}= 1, size \textless{} 2" in shown(record, Format.LATEX)


def test_a_grid_of_several_objectives_has_its_front_first() -> None:
    toml = 'task = "m:T"\n[objectives]\nloss = "minimize"\nscore = "maximize"\n[grid]\nx = [1, 2, 3, 4]\n'
    values = {1: (0.5, 0.1), 2: (0.4, 0.3), 3: (0.9, 0.9)}
    runs = [run({"x": x}, metrics={"loss": loss, "score": score}) for x, (loss, score) in values.items()]
    assert shown(sweep(toml, runs)).split("\n\n")[1].splitlines() == [
        "  x  loss      score",
        "---  --------  --------",
        "  2  0.4000 *  0.3000 *",
        "  3  0.9000 *  0.9000 *",
        "  1  0.5000    0.1000",
        "  4  missing   missing",
    ]


def test_a_study_in_trouble_says_where_to_read_on() -> None:
    trouble = sweep(SEARCH, trials=[trial(0, {"x": 0.5}, Told(0, TrialState.FAILED, reason="boom"))])
    assert shown(trouble).endswith(f"1 of 600 trials: 1 failed (see `sweeper status {NAME}`)")
    assert shown(sweep(SEARCH, trials=[trial(0, {"x": 0.5}, pruned(0, 1))])).endswith("1 of 600 trials: 1 pruned")


def test_hostile_values_take_one_row_each_in_text() -> None:
    body = shown(named(HOSTILE)).split("\n\n")[1].splitlines()
    assert len(body) == 2 + len(HOSTILE)
    assert max(map(len, body)) < 80
    assert all(line.isprintable() for line in body)


@settings(max_examples=25)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4, unique=True))
def test_any_values_leave_every_format_whole(values: list[str]) -> None:
    check_every_format(values)


def test_hostile_values_leave_every_format_whole() -> None:
    check_every_format(HOSTILE)


def check_every_format(values: list[str]) -> None:
    record = named(values)
    check_text(shown(record), values)
    check_markdown(shown(record, Format.MARKDOWN), values)
    check_latex(shown(record, Format.LATEX), values)
    check_csv(shown(record, Format.CSV), values)
    check_json(shown(record, Format.JSON), values)


def check_text(text: str, values: list[str]) -> None:
    assert len(text.split("\n\n")[1].splitlines()) == 2 + len(values)


def check_markdown(text: str, values: list[str]) -> None:
    rows = text.split("\n\n")[1].splitlines()
    assert len(rows) == 2 + len(values)
    assert all(len(re.findall(r"(?<!\\)\|", row)) == 3 for row in rows)
    assert "<" not in text


def check_latex(text: str, values: list[str]) -> None:
    rows = text.partition("\\midrule\n")[2].partition("\n\\bottomrule")[0].splitlines()
    assert len(rows) == len(values)
    for row in rows:
        assert row.endswith(r" \\")
        assert len(re.findall(r"(?<!\\)&", row)) == 1
        assert not row.strip().startswith(("[", "*"))


def check_csv(text: str, values: list[str]) -> None:
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(rows) == len(values)
    for row, value in zip(rows, values, strict=True):
        assert not row["name"].startswith(("=", "+", "-", "@"))
        if value.isprintable():
            assert row["name"].removeprefix("'") == value.removeprefix("'")


def check_json(text: str, values: list[str]) -> None:
    assert [row["parameters"]["name"] for row in json.loads(text)["rows"]] == values
