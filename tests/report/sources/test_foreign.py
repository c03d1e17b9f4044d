"""Runs that somebody else made are points of a table like any other."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.sources.cells import Cell, CellState
from sweeper.report.sources.foreign import parameters, typed
from sweeper.store.records import RunRecord, RunStatus
from tests.report.records import experiment, failed, foreign, run


def cells(*runs: RunRecord) -> list[Cell]:
    return [*experiment(*runs).cells(["loss"])]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("+1", 1),
        ("0", 0),
        ("0.10", 0.1),
        ("1e-05", 1e-5),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-inf", -math.inf),
        ("True", True),
        ("false", False),
        ("None", None),
        ("", None),
        ("2026-01-31", dt.date(2026, 1, 31)),
        ("[8, 8]", [8, 8]),
        ('{"a": [1]}', {"a": [1]}),
        ("adam", "adam"),
    ],
)
def test_text_is_read_as_what_it_was_made_from(text: str, value: Any) -> None:
    assert repr(typed(text)) == repr(value)


@pytest.mark.parametrize(
    "text",
    ["007", "-01", "2024_01", "1_000", "1.2.3", "0x10", "1e999", "nan", "Nan", "e5", ".", "-", " 1", "1 ", "2026-13-31",
     "2026-1-31", "['a']", "[", "[1,", "{", "[" * 9_000 + "]" * 9_000, "\N{ARABIC-INDIC DIGIT THREE}", "1" * 5_000,
     "TRUE", "none", "12e", "1-2", "v1"],
)  # fmt: skip
def test_what_only_looks_like_a_value_stays_a_string(text: str) -> None:
    assert typed(text) == text


@given(st.one_of(st.booleans(), st.integers(), st.floats(allow_nan=False), st.dates(), st.lists(st.integers())))
def test_what_mlflow_makes_of_a_value_is_read_back(value: Any) -> None:
    assert typed(str(value)) == value


@given(st.text())
def test_any_text_is_a_value(text: str) -> None:
    typed(text)


def test_a_parameter_that_is_none_is_not_set() -> None:
    assert parameters({"x": "None", "y": "", "z": "0"}) == {"z": 0}


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (RunStatus.FINISHED, CellState.FINISHED, ""),
        (RunStatus.FAILED, CellState.FAILED, "the run failed and does not say why"),
        (RunStatus.RUNNING, CellState.RUNNING, ""),
        (RunStatus.SCHEDULED, CellState.RUNNING, ""),
        (RunStatus.KILLED, CellState.MISSING, "the run was stopped"),
    ],
)
def test_a_run_is_a_result_if_it_finished(status: RunStatus, state: CellState, reason: str) -> None:
    (cell,) = cells(foreign({"x": "1"}, status, loss=0.5))
    assert (cell.state, cell.reason) == (state, reason)
    assert cell.values == ({"loss": 0.5} if state is CellState.FINISHED else {})


@pytest.mark.parametrize("loss", [{}, {"loss": math.nan}, {"f1": 1.0}])
def test_a_result_without_the_metric_is_a_result_without_a_value(loss: dict[str, float]) -> None:
    (cell,) = cells(foreign({}, **loss))
    assert (cell.state, cell.values) == (CellState.FINISHED, {})


def test_parameters_stand_in_the_order_of_their_names() -> None:
    (cell,) = cells(foreign({"b": "1", "a": "2"}, loss=1.0))
    assert cell.point.names == ("a", "b")


def test_a_run_that_only_holds_others_together_is_left_out() -> None:
    child = foreign({"x": "1"}, parent="outer", loss=1.0)
    assert len(cells(foreign({}, run_id="outer"), child)) == 1
    assert len(cells(foreign({}, run_id="outer", loss=2.0), child)) == 2


def test_attempts_of_sweeper_at_one_work_are_one_point() -> None:
    work = {"x": 1}
    attempts = [
        failed(work, "boom", kind="task", key="k", start=1),
        run(work, kind="task", key="k", metrics={"loss": 1.0}, start=2, end=20, run_id="second"),
        run(work, kind="task", key="k", metrics={"loss": 9.0}, start=3, end=30),
        run(work, kind="task", key="old", metrics={"loss": 5.0}, superseded="x"),
    ]
    first, old = cells(*attempts)
    assert (first.run_id, first.values) == ("second", {"loss": 1.0})
    assert (old.state, old.reason) == (CellState.MISSING, "its result was superseded")


@pytest.mark.parametrize("kind", ["sweep", "trial", "driver"])
def test_what_sweeper_keeps_for_itself_is_left_out(kind: str) -> None:
    assert cells(run({"x": 1}, kind=kind, metrics={"loss": 1.0})) == []


def test_an_experiment_knows_what_was_logged() -> None:
    assert experiment(foreign({}, loss=1.0), foreign({}, f1=1.0)).logged == {"loss", "f1"}
    assert experiment().logged == frozenset()
