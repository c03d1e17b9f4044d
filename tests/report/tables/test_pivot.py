"""A pivot has the values of some parameters as rows and those of others as columns."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from sweeper.errors import InputError
from sweeper.report.question import Pivot, Question
from sweeper.report.tables.column import Column, Value
from sweeper.report.tables.formats import Format, render
from sweeper.report.tables.layout import layout
from sweeper.store.records import SweepRecord
from tests.report.records import answered, failed, learning_rates, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'


def grid() -> SweepRecord:
    """Return a sweep in which one combination is missing, one failed, and one is none of the spec's."""
    toml = f'{HEAD}replicates = "seed"\n[[grid]]\nx = [1, 2]\ny = ["a", "b"]\nseed = [0, 1]\n'
    toml += '[[grid]]\nx = [10]\ny = ["a"]\nseed = [0, 1]\n'
    losses = {(1, "a", 0): 0.1, (1, "a", 1): 0.3, (1, "b", 0): 0.5, (10, "a", 0): 0.7, (10, "a", 1): 0.7}
    runs = [run({"x": x, "y": y, "seed": s}, metrics={"loss": loss}) for (x, y, s), loss in losses.items()]
    return sweep(toml, [*runs, failed({"x": 2, "y": "a", "seed": 0})])


def columns(record: SweepRecord, rows: str, across: str, **asked: Any) -> tuple[Column, ...]:
    pivot = Pivot(tuple(rows.split(",")), tuple(across.split(",")))
    return layout(answered(record, question=Question(pivot=pivot, **asked))).columns


def means(column: Column) -> list[Any]:
    return [cell.number.mean if isinstance(cell, Value) else cell for cell in column.cells]


def test_rows_and_columns_stand_in_the_order_of_the_values() -> None:
    found = columns(grid(), "x", "y")
    assert [column.header for column in found] == ["x", "a", "b"]
    assert found[0].cells == ("1", "2", "10")
    turned = columns(grid(), "y", "x")
    assert [column.header for column in turned] == ["y", "1", "2", "10"]


def test_a_cell_is_the_mean_over_all_else_or_says_why_there_is_none() -> None:
    _, a, b = columns(grid(), "x", "y")
    assert means(a) == ["0.20", "failed", "0.7000"]
    assert means(b) == ["0.5000", "missing", ""]


def test_a_combination_that_the_sweep_does_not_have_is_a_dash() -> None:
    text = render(answered(grid(), question=Question(pivot=Pivot(("x",), ("y",)))))
    assert text.split("\n\n")[1].splitlines()[-1].split()[-1] == "—"


def test_cells_with_fewer_results_than_others_are_flagged_and_the_best_is_marked() -> None:
    _, a, b = columns(grid(), "x", "y")
    marks = [(cell.is_best, cell.is_short) for cell in (a.cells[0], a.cells[2], b.cells[0]) if isinstance(cell, Value)]
    assert marks == [(True, False), (False, False), (False, True)]


def test_a_cell_of_which_some_results_lack_the_metric_is_flagged() -> None:
    toml = f'{HEAD}replicates = "seed"\n[grid]\nx = [1, 2]\ny = ["a"]\nseed = [0, 1]\n'
    points = [(x, seed) for x in (1, 2) for seed in (0, 1)]
    runs = [
        run({"x": x, "y": "a", "seed": seed}, metrics={"loss": 0.5} | ({} if (x, seed) == (2, 1) else {"f1": 0.5}))
        for x, seed in points
    ]
    _, a = columns(sweep(toml, runs), "x", "y", metrics=("f1",))
    assert [cell.is_short for cell in a.cells if isinstance(cell, Value)] == [False, True]


def test_the_title_says_what_is_where_and_over_what_it_is_a_mean() -> None:
    text = render(
        answered(grid(), question=Question(pivot=Pivot(("x",), ("y",)), labels={"x": "width", "seed": "run"}))
    )
    title = (
        "bert_lr: loss by width (rows) and y (columns), mean ± standard deviation over run, in the order of the values"
    )
    assert text.splitlines()[0] == title


def test_of_cells_that_share_too_few_replicates_with_the_best_it_is_said() -> None:
    text = render(answered(grid(), question=Question(pivot=Pivot(("x",), ("y",)))))
    assert "2 cells share too few replicates with the best to be told from it: 3 are needed" in text


def test_several_parameters_go_together() -> None:
    found = columns(grid(), "x,y", "seed")
    assert [column.header for column in found] == ["x", "y", "0", "1"]
    assert len(found[0].cells) == 5
    across = columns(grid(), "seed", "x,y")
    assert [column.header for column in across] == ["seed", "1, a", "1, b", "2, a", "2, b", "10, a"]


def test_a_parameter_that_is_not_set_is_a_level_of_its_own_and_the_last() -> None:
    toml = f"{HEAD}[[grid]]\nx = [1]\n[[grid]]\nx = [1]\nmomentum = [0.5, 0.9]\n"
    found = columns(sweep(toml), "x", "momentum")
    assert [column.header for column in found] == ["x", "0.5", "0.9", "-"]


def test_values_that_were_drawn_from_an_interval_are_short() -> None:
    found = columns(study(), "learning_rate", "optimizer")
    assert "0.001235" in found[0].cells
    assert "0.001235" in {column.header for column in columns(study(), "optimizer", "learning_rate")}


def test_dates_and_truth_values_can_be_levels() -> None:
    toml = f"{HEAD}[grid]\nday = [2026-02-01, 2026-01-31]\nflag = [true, false]\n"
    found = columns(
        sweep(toml, [run({"day": dt.date(2026, 1, 31), "flag": True}, metrics={"loss": 1.0})]), "day", "flag"
    )
    assert found[0].cells == ("2026-01-31", "2026-02-01")
    assert [column.header for column in found[1:]] == ["false", "true"]


def test_a_pivot_shows_one_metric() -> None:
    with pytest.raises(InputError, match="a pivot shows one metric; name it by --metric"):
        columns(learning_rates(), "learning_rate", "seed", metrics=("accuracy", "loss"))


@pytest.mark.parametrize("form", [Format.TEXT, Format.MARKDOWN, Format.LATEX, Format.CSV, Format.JSON])
def test_a_pivot_of_nothing_is_a_table_without_rows(form: Format) -> None:
    record = sweep(HEAD + "[grid]\nx = [1]\ny = [1]\n[[exclude]]\nx = 1\n")
    assert render(answered(record, question=Question(pivot=Pivot(("x",), ("y",)))), form)


def test_programs_get_a_row_a_cell() -> None:
    text = render(answered(grid(), question=Question(pivot=Pivot(("x",), ("y",)))), Format.CSV)
    assert [line.split(",")[:3] for line in text.splitlines()[:2]] == [["x", "y", "loss_mean"], ["1", "a", "0.2"]]
