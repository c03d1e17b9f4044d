"""Programs get every number in full, under names that do not change, and spreadsheets nothing to run."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import Pivot, Question
from sweeper.report.tables.formats import Format, render
from sweeper.spec import Direction
from sweeper.store.records import RunStatus
from tests.report.records import answered, experiment, foreign, learning_rates, pareto, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'
STATES = ["pruned", "running", "failed", "blocked", "missing"]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")', "\uff1d1"]
BASELINE = (Condition("learning_rate", "=", (0.01,)),)


def table(*sources: Any, is_long: bool = False, **asked: Any) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    text = render(answered(*sources, question=Question(**asked)), Format.CSV, is_long=is_long)
    return [*csv.DictReader(io.StringIO(text, newline=""))]


def document(*sources: Any, is_long: bool = False, **asked: Any) -> Any:
    """Return a JSON document; fails for what is not JSON, as NaN is not."""

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    text = render(answered(*sources, question=Question(**asked)), Format.JSON, is_long=is_long)
    return json.loads(text, parse_constant=refuse)


def header(*sources: Any, **asked: Any) -> list[str]:
    return render(answered(*sources, question=Question(**asked)), Format.CSV).splitlines()[0].split(",")


def measured(metric: str) -> list[str]:
    return [f"{metric}_{name}" for name in ("mean", "std", "n", "ci_low", "ci_high", "best", "alike", "untold")]


class TestCsv:
    def test_the_columns_of_a_sweep(self) -> None:
        assert header(learning_rates()) == ["learning_rate", "epochs", *measured("accuracy"), "n", *STATES]

    def test_the_columns_of_a_study(self) -> None:
        space = ["trial", "optimizer", "learning_rate", "momentum", "epochs"]
        assert header(study()) == [*space, *measured("accuracy"), "n", *STATES, "state", "feasible"]

    def test_the_columns_of_a_comparison(self) -> None:
        names = ("difference", "difference_low", "difference_high", "effect", "p", "p_holm", "pairs", "untested")
        columns = [*measured("accuracy"), *(f"accuracy_{name}" for name in names)]
        found = header(learning_rates(), baseline=BASELINE)
        assert found == ["learning_rate", "epochs", *columns, "n", *STATES, "baseline"]

    def test_the_columns_of_quantiles_and_of_several_metrics(self) -> None:
        found = header(learning_rates(), metrics=("accuracy", "loss"), quantiles=(0.5, 0.025))
        for metric in ("accuracy", "loss"):
            assert {f"{metric}_median", f"{metric}_q2.5", f"{metric}_mean"} <= {*found}
        assert len(found) == len({*found})

    def test_the_columns_of_a_group_and_of_several_sources(self) -> None:
        assert header(learning_rates(), group_by=("seed",))[0] == "seed"
        both = header(learning_rates(), experiment(foreign({"trees": "1"}, accuracy=1.0)))
        assert both[:4] == ["sweep", "learning_rate", "epochs", "trees"]

    def test_numbers_are_in_full(self) -> None:
        row = table(learning_rates())[0]
        assert float(row["accuracy_mean"]) == answered(learning_rates()).rows[0].measurement.mean
        assert row["accuracy_ci_low"] == "0.9634991730935738"

    def test_what_is_not_there_is_empty(self) -> None:
        row = table(learning_rates(), baseline=BASELINE)[-1]
        assert [row[f"accuracy_{name}"] for name in ("mean", "std", "ci_low", "difference", "p")] == [""] * 5
        assert (row["accuracy_n"], row["accuracy_untested"], row["missing"]) == ("0", "nothing shared", "1")

    def test_the_baseline_is_told(self) -> None:
        assert [row["baseline"] for row in table(learning_rates(), baseline=BASELINE)] == ["True"] + ["False"] * 3

    def test_a_parameter_that_is_no_text_is_in_its_own_words(self) -> None:
        toml = f"{HEAD}[grid]\nlayers = [[8, 8]]\nday = [2026-01-31]\nflag = [true]\nbig = [123456789012345678]\n"
        row = table(sweep(toml))[0]
        assert [row[name] for name in ("layers", "day", "flag", "big")] == [
            "[8,8]", "2026-01-31", "True", "123456789012345678",
        ]  # fmt: skip

    def test_whole_numbers_stay_whole_where_some_rows_have_none(self) -> None:
        runs = experiment(foreign({"trees": "10"}, loss=1.0), foreign({}, loss=2.0))
        assert [row["trees"] for row in table(runs, metrics=("loss",))] == ["10", ""]
        assert [row["trees"] for row in table(runs, metrics=("loss",), is_long=True)] == ["10", ""]

    @pytest.mark.parametrize("name", ["n", "missing", "loss_mean", "baseline"])
    def test_a_parameter_called_like_a_column_is_told_apart(self, name: str) -> None:
        record = sweep(f"{HEAD}[grid]\n{name} = [7]\n", [run({name: 7}, metrics={"loss": 1.0})])
        row = table(record, baseline=(Condition(name, "=", (7,)),))[0]
        assert row[f"params.{name}"] == "7"
        assert row[name] != "7"

    @pytest.mark.parametrize("is_long", [False, True])
    @pytest.mark.parametrize("formula", FORMULAS)
    def test_a_formula_is_neutralised_as_a_value(self, formula: str, *, is_long: bool) -> None:
        runs = experiment(foreign({"name": formula}, loss=1.0))
        (row,) = table(runs, is_long=is_long, metrics=("loss",))
        found = row["name"]
        assert found == (f"'{formula}" if formula not in ("+1", "-1") else formula[-2:].removeprefix("+"))

    def test_a_formula_is_neutralised_in_reasons_and_names(self) -> None:
        from dataclasses import replace

        bad = run({"x": 1}, status=RunStatus.FAILED, reason="=1+1")
        (row,) = table(sweep(f"{HEAD}[grid]\nx = [1]\n", [bad]), is_long=True)
        assert row["reason"] == "'=1+1"
        runs = replace(experiment(foreign({"-x": "1"}, loss=1.0)), name="=1+1")
        (row,) = table(runs, is_long=True, metrics=("loss",))
        assert (row["sweep"], row["'-x"]) == ("'=1+1", "1")


class TestLong:
    def test_there_is_a_row_a_point_with_every_parameter_and_metric(self) -> None:
        rows = table(learning_rates(), is_long=True)
        assert len(rows) == 12
        assert rows[0].keys() >= {
            "sweep",
            "learning_rate",
            "seed",
            "epochs",
            "accuracy",
            "loss",
            "state",
            "run_id",
            "key",
        }
        assert [row["state"] for row in rows[8:]] == ["failed", "running", "blocked", "missing"]

    def test_conditions_and_the_best_of_each_choose_the_rows(self) -> None:
        assert len(table(learning_rates(), is_long=True, where=(Condition.parse("learning_rate < 0.1"),))) == 6
        assert len(table(learning_rates(), is_long=True, best_per=("epochs",))) == 3

    def test_the_first_rows_are_what_they_are_made_of_in_the_order_of_the_points(self) -> None:
        rows = table(learning_rates(), is_long=True, top=2)
        assert [row["learning_rate"] for row in rows] == ["0.01"] * 3 + ["0.1"] * 3

    def test_json_has_the_same_and_null_for_what_is_not_there(self) -> None:
        rows = document(learning_rates(), is_long=True)
        assert [row.keys() for row in rows] == [table(learning_rates(), is_long=True)[0].keys()] * 12
        assert (rows[0]["accuracy"], rows[0]["seed"], rows[0]["started"]) == (0.8712, 0, "1970-01-01T00:00:01+00:00")
        assert [rows[11][name] for name in ("accuracy", "started", "duration", "dirty", "state")] == [None] * 4 + [
            "missing"
        ]

    @pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.LATEX, Format.HTML])
    def test_it_is_for_programs(self, form: Format) -> None:
        with pytest.raises(InputError, match=f"one row a result is for csv and json, not for {form}"):
            render(answered(learning_rates()), form, is_long=True)


class TestJson:
    def test_it_says_where_the_rows_are_from_and_what_they_are(self) -> None:
        found = document(learning_rates(), where=(Condition.parse("seed < 2"),), quantiles=(0.5,))
        assert {*found} == {
            *("sources", "metrics", "parameters", "averaged", "fixed", "interval", "baseline", "test", "where"),
            *("rows", "notes"),
        }
        assert (found["metrics"], found["averaged"], found["fixed"]) == (
            {"accuracy": "maximize"},
            ["seed"],
            {"epochs": 20},
        )
        assert (found["interval"], found["test"], found["where"]) == ("t", "paired t-test", ["seed < 2"])
        (source,) = found["sources"]
        assert (source["sweep"], source["points"]["total"], source["points"]["missing"]) == ("bert_lr", 12, 1)
        metric = found["rows"][0]["metrics"]["accuracy"]
        assert metric["quantiles"] == {"median": pytest.approx(0.97275)}
        assert metric["interval"] == [pytest.approx(0.953, abs=1e-3), pytest.approx(0.992, abs=1e-3)]

    def test_a_comparison_is_in_the_row(self) -> None:
        rows = document(learning_rates(), baseline=BASELINE)["rows"]
        assert [row["baseline"] for row in rows] == [True, False, False, False]
        comparison = rows[2]["metrics"]["accuracy"]["comparison"]
        assert (comparison["pairs"], comparison["untested"]) == (3, "")
        assert comparison["p"] == comparison["p_holm"]
        assert rows[3]["metrics"]["accuracy"]["comparison"]["difference"] is None

    def test_an_experiment_is_a_source_of_runs(self) -> None:
        found = document(experiment(foreign({"x": "1"}, loss=1.0)), metrics=("loss",))
        assert found["sources"] == [{"experiment": "by_hand", "runs": 1}]
        assert found["metrics"] == {"loss": None}

    def test_a_study_has_its_trials(self) -> None:
        found = document(pareto())
        assert found["sources"][0]["study"]["front"] == [0, 1, 3]
        assert [row["trial"] for row in found["rows"]] == [1, 0, 3, 4, 2]
        assert "trial" not in document(study(), group_by=("optimizer",))["rows"][0]

    def test_values_and_numbers_that_json_does_not_have_are_in_canonical_form(self) -> None:
        toml = f"{HEAD}[grid]\nday = [2026-01-31]\nrate = [inf]\n"
        row = document(sweep(toml))["rows"][0]
        assert row["parameters"] == {"day": {"$date": "2026-01-31"}, "rate": {"$float": "inf"}}

    @pytest.mark.parametrize(
        ("losses", "mean"),
        [
            ([math.inf], {"$float": "inf"}),
            ([math.inf, -math.inf], {"$float": "nan"}),
            ([-math.inf, 1], {"$float": "-inf"}),
        ],
    )
    def test_a_mean_that_is_not_finite_is_told(self, losses: list[float], mean: Mapping[str, str]) -> None:
        runs = experiment(*(foreign({"x": "1"}, loss=loss) for loss in losses))
        asked = {"metrics": ("loss",), "quantiles": (0.5,), "directions": {"loss": Direction.MINIMIZE}}
        row = document(runs, **asked)["rows"][0]
        assert row["metrics"]["loss"]["mean"] == mean
        assert row["metrics"]["loss"]["interval"] is None
        assert document(runs, is_long=True, **asked)


def test_a_pivot_is_a_row_a_cell_for_programs() -> None:
    pivot = Pivot(("learning_rate",), ("seed",))
    assert len(table(learning_rates(), pivot=pivot)) == 12
    assert document(learning_rates(), pivot=pivot)["parameters"] == ["learning_rate", "seed"]


@pytest.mark.parametrize("is_long", [False, True])
def test_nothing_is_a_header_and_no_rows(*, is_long: bool) -> None:
    nothing = sweep(f"{HEAD}[grid]\nx = [1]\n[[exclude]]\nx = 1\n")
    for sources, asked in (([nothing], {}), ([experiment()], {"metrics": ("loss",)})):
        assert table(*sources, is_long=is_long, **asked) == []
        found = document(*sources, is_long=is_long, **asked)
        assert (found if is_long else found["rows"]) == []


@settings(max_examples=30)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=4, unique=True))
def test_any_text_comes_back_from_json_and_runs_nowhere(values: list[str]) -> None:
    runs = experiment(*(foreign({"name": value}, loss=1.0) for value in values))
    rows = document(runs, is_long=True, metrics=("loss",))
    assert len(rows) == len(values)
    for row in table(runs, is_long=True, metrics=("loss",)):
        assert not row["name"].startswith(("=", "@", "\t", "\r"))
