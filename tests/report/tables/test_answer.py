"""The table that answers a question: which columns it shows, and in which order its rows stand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import Order, Question
from sweeper.report.tables.table import Table, natural
from sweeper.store.records import SweepRecord
from tests.report.records import answered, experiment, foreign, learning_rates, pareto, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'


def table(*sources: Any, **asked: Any) -> Table:
    return answered(*sources, question=Question(**asked))


def column(found: Table, name: str) -> list[Any]:
    return [row.values.get(name) for row in found.rows]


def mixed() -> SweepRecord:
    """Return a sweep of which one point is missing, one diverged, and one leaves a parameter to its default."""
    toml = f"{HEAD}[[grid]]\nx = [10, 9, 2, 1]\nname = ['b']\n[[grid]]\nx = [5]\n"
    losses = {10: 0.2, 9: 0.1, 1: math.inf}
    runs = [run({"x": x, "name": "b"}, metrics={"loss": loss}) for x, loss in losses.items()]
    return sweep(toml, [*runs, run({"x": 5}, metrics={"loss": 0.3})])


class TestOrder:
    @pytest.mark.parametrize(
        ("text", "order"),
        [
            ("x", [1, 2, 5, 9, 10]),
            ("-x", [10, 9, 5, 2, 1]),
            ("loss", [9, 10, 5, 1, 2]),
            ("-loss", [1, 5, 10, 9, 2]),
            ("name", [9, 10, 1, 2, 5]),
            ("-name", [9, 10, 1, 2, 5]),
        ],
    )
    def test_rows_stand_by_a_parameter_or_metric_and_those_without_it_last(self, text: str, order: list[int]) -> None:
        assert column(table(mixed(), order=Order.parse(text)), "x") == order

    def test_the_best_stays_marked_wherever_it_stands(self) -> None:
        rows = table(mixed(), order=Order("x")).rows
        assert [row.values["x"] for row in rows if row.is_best] == [9]

    def test_a_mean_that_is_no_number_stands_last(self) -> None:
        runs = [foreign({"x": x}, loss=loss) for x, loss in (("1", math.inf), ("1", -math.inf), ("2", 1.0), ("3", 2.0))]
        for text, order in (("loss", [2, 3, 1]), ("-loss", [3, 2, 1])):
            assert column(table(experiment(*runs), metrics=("loss",), order=Order.parse(text)), "x") == order

    def test_words_stand_by_their_letters_and_dates_by_time(self) -> None:
        toml = f'{HEAD}[grid]\nx = ["b", "a", 10, 9, true, 2026-01-31, [1], inf]\n'
        found = column(table(sweep(toml), order=Order("x")), "x")
        assert [str(value) for value in found] == ["9", "10", "inf", "2026-01-31", "[1]", "a", "b", "True"]

    def test_an_integer_of_any_size_has_its_place(self) -> None:
        assert sorted([10**400, math.inf, -1, 0.5], key=natural) == [-1, 0.5, 10**400, math.inf]

    def test_sweeps_can_be_an_order(self) -> None:
        a, b = (sweep(f"{HEAD}[grid]\nx = [1]\n", name=name) for name in ("a", "b"))
        assert column(table(b, a, order=Order("sweep")), "sweep") == ["a", "b"]

    @pytest.mark.parametrize(
        ("asked", "message"),
        [
            ({"order": Order("seed")}, "--sort seed: the table has no such column; choose from"),
            ({"order": Order("loss")}, "--sort loss: the table has no such column"),
            ({"order": Order("epochs"), "group_by": ("seed",)}, "--sort epochs: the table has no such column"),
        ],
    )
    def test_what_is_no_column_is_no_order(self, asked: dict[str, Any], message: str) -> None:
        with pytest.raises(InputError) as refused:
            table(learning_rates(), **asked)
        assert str(refused.value).startswith(message)


class TestTop:
    def test_only_the_first_rows_stay_and_the_others_are_counted(self) -> None:
        found = table(learning_rates(), top=2)
        assert (column(found, "learning_rate"), found.left_out) == ([0.01, 0.1], 2)
        assert table(learning_rates(), top=9).left_out == 0

    def test_they_are_the_first_in_the_order_that_was_asked_for(self) -> None:
        assert column(table(learning_rates(), top=2, order=Order("learning_rate")), "learning_rate") == [0.001, 0.01]

    def test_a_row_is_short_of_those_that_are_left_out_too(self) -> None:
        found = table(learning_rates(), top=1, order=Order("learning_rate", is_descending=True))
        assert [row.is_short for row in found.rows] == [True]


class TestColumns:
    def test_only_parameters_that_vary_are_shown(self) -> None:
        found = table(sweep(f"{HEAD}[fixed]\nz = 3\n[grid]\nx = [1, 2]\ny = [7]\n"))
        assert found.shown_parameters == ("x",)
        assert found.fixed == {"y": 7, "z": 3}

    def test_one_that_does_not_vary_is_shown_if_it_is_asked_for(self) -> None:
        found = table(sweep(f"{HEAD}[fixed]\nz = 3\n[grid]\nx = [1, 2]\ny = [7]\n"), columns=("z",))
        assert found.shown_parameters == ("x", "z")
        assert found.fixed == {"y": 7}

    def test_one_that_some_leave_to_their_default_varies(self) -> None:
        assert table(mixed()).shown_parameters == ("x", "name")

    def test_one_that_conditions_leave_one_value_of_is_fixed(self) -> None:
        found = table(learning_rates(), where=(Condition("learning_rate", "=", (0.1,)),))
        assert found.shown_parameters == ()
        assert found.fixed == {"learning_rate": 0.1, "epochs": 20}

    def test_those_that_a_study_searches_are_shown_first_whether_they_vary_or_not(self) -> None:
        assert table(study()).shown_parameters == ("optimizer", "learning_rate", "momentum")
        assert table(study(), top=1).shown_parameters == ("optimizer", "learning_rate", "momentum")

    def test_parameters_upstream_are_columns_like_any_other(self) -> None:
        found = table(sweep(f'{HEAD}[grid]\n"Titles.limit" = [1, 2]\nx = [1, 2]\n'))
        assert found.shown_parameters == ("Titles.limit", "x")

    def test_the_sweep_is_the_first_column_of_several(self) -> None:
        a, b = (sweep(f"{HEAD}[grid]\nx = [1, 2]\n", name=name) for name in ("a", "b"))
        assert table(a, b).shown_parameters == ("sweep", "x")
        assert table(a, a).shown_parameters == ("x",)
        assert table(a, columns=("sweep",)).shown_parameters == ("x", "sweep")

    def test_parameters_of_no_other_source_are_columns_of_their_own(self) -> None:
        found = table(sweep(f"{HEAD}[grid]\nx = [1, 2]\n"), experiment(foreign({"trees": "1"}, loss=1.0)))
        assert found.shown_parameters == ("sweep", "x", "trees")


def test_a_front_is_of_all_objectives_or_of_none() -> None:
    assert table(pareto()).is_front
    assert not table(pareto(), metrics=("accuracy",)).is_front
    assert not table(pareto(), metrics=("seconds", "accuracy")).is_front
