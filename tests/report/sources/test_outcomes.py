"""What becomes of a point is told from its runs."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import replace

import pytest

from sweeper.report.sources.cells import Cell, CellState
from sweeper.report.sources.outcomes import outcomes
from sweeper.store.records import Blocked, RunStatus, SweepRecord
from sweeper.store.tags import Tag, sweep_tag
from tests.report.records import NAME, failed, learning_rates, run, sweep

ONE_POINT = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nx = [1]\n'
TWO_POINTS = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nx = [1, 2]\n'
X = {"x": 1}
GOOD = {"accuracy": 0.5}


def only_cell(record: SweepRecord) -> Cell:
    (cell,) = outcomes(record).cells
    return cell


def test_every_point_has_a_cell_in_the_order_of_the_spec() -> None:
    states = [cell.state for cell in outcomes(learning_rates()).cells]
    assert states == [CellState.FINISHED] * 8 + ["failed", "running", "blocked", "missing"]


def test_the_counts_hold_every_state() -> None:
    counts = outcomes(learning_rates()).counts()
    assert counts == {"finished": 8, "pruned": 0, "running": 1, "failed": 1, "blocked": 1, "missing": 1}


def test_a_point_without_a_run_is_missing() -> None:
    assert only_cell(sweep(ONE_POINT)) == Cell(only_cell(sweep(ONE_POINT)).point, CellState.MISSING)


def test_a_sweep_whose_points_are_all_excluded_has_no_cells() -> None:
    found = outcomes(sweep(ONE_POINT + "[[exclude]]\nx = 1\n"))
    assert found.cells == ()
    assert found.total.number == 0


def test_a_run_stands_for_all_the_points_that_it_names() -> None:
    cells = outcomes(sweep(TWO_POINTS, [run({"x": 1}, {"x": 2}, metrics=GOOD)])).cells
    assert [cell.values for cell in cells] == [GOOD, GOOD]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_results_with_one_key_the_earliest_counts(order: int) -> None:
    early = run(X, metrics={"accuracy": 0.1}, start=2, end=10, run_id="b", key="k")
    late = run(X, metrics={"accuracy": 0.2}, start=1, end=20, run_id="a", key="k")
    assert only_cell(sweep(ONE_POINT, [early, late][::order])).run_id == "b"


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_results_that_ended_together_the_lesser_run_id_counts(order: int) -> None:
    runs = [run(X, metrics=GOOD, run_id=run_id, key="k") for run_id in ("a", "b")]
    assert only_cell(sweep(ONE_POINT, runs[::order])).run_id == "a"


def test_a_superseded_result_does_not_count() -> None:
    old = run(X, metrics=GOOD, end=10, run_id="old", key="k", superseded="new")
    new = run(X, metrics=GOOD, end=20, run_id="new", key="k")
    assert only_cell(sweep(ONE_POINT, [old, new])).run_id == "new"
    assert only_cell(sweep(ONE_POINT, [old])).state is CellState.MISSING


def test_a_result_stands_whatever_was_tried_after_it() -> None:
    result = run(X, metrics=GOOD, start=1, key="k")
    for later in (failed(X, start=9, key="k"), run(X, status=RunStatus.RUNNING, start=9, key="k")):
        assert only_cell(sweep(ONE_POINT, [result, later])).state is CellState.FINISHED


def test_a_result_stands_whatever_failed_after_it() -> None:
    """A result that is another's after a change of the task has lost its point; so one that has it counts."""
    result = run(X, metrics=GOOD, start=1, key="version 1")
    cell = only_cell(sweep(ONE_POINT, [result, failed(X, "boom", start=9, key="version 2")]))
    assert cell.state is CellState.FINISHED


def test_an_attempt_that_does_not_say_its_identity_hides_no_result() -> None:
    nameless = failed(X, start=9)
    nameless = replace(nameless, tags={sweep_tag(NAME): nameless.tags[sweep_tag(NAME)]})
    assert only_cell(sweep(ONE_POINT, [run(X, metrics=GOOD, start=1), nameless])).state is CellState.FINISHED


def test_a_running_attempt_goes_before_an_older_failure_and_a_block() -> None:
    runs = [failed(X, start=1), run(X, status=RunStatus.RUNNING, start=2, run_id="now")]
    cell = only_cell(sweep(ONE_POINT, runs, [Blocked(X, "upstream")]))
    assert (cell.state, cell.run_id) == (CellState.RUNNING, "now")


def test_the_latest_attempt_speaks_for_a_point_without_a_result() -> None:
    runs = [failed(X, "second", start=2), failed(X, "first", start=1)]
    assert only_cell(sweep(ONE_POINT, runs)).reason == "second"


def test_a_blocked_point_names_what_it_waits_for() -> None:
    cell = only_cell(sweep(ONE_POINT, blocked=[Blocked(X, "Fetch failed: no such table", "upstream1")]))
    assert (cell.state, cell.reason, cell.run_id) == (CellState.BLOCKED, "Fetch failed: no such table", "upstream1")


def test_a_stopped_run_leaves_its_point_missing_and_says_why() -> None:
    stopped = run(X, status=RunStatus.KILLED, reason="its driver died")
    cell = only_cell(sweep(ONE_POINT, [stopped]))
    assert (cell.state, cell.reason) == (CellState.MISSING, "its driver died")


def test_a_finished_run_without_a_key_is_no_result() -> None:
    finished = run(X, metrics=GOOD)
    uncommitted = replace(finished, tags={name: tag for name, tag in finished.tags.items() if name != Tag.KEY})
    cell = only_cell(sweep(ONE_POINT, [uncommitted]))
    assert (cell.state, cell.reason) == (CellState.FAILED, "the run ended without committing a result")


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        ({"loss": 1.0, "f1": 0.3}, "finished without the metric accuracy; it logged: f1, loss"),
        ({}, "finished without the metric accuracy; it logged: none"),
        ({"accuracy": math.nan}, "finished with NaN for the metric accuracy"),
    ],
)
def test_a_result_that_does_not_say_the_metric_is_a_failure(metrics: dict[str, float], reason: str) -> None:
    cell = only_cell(sweep(ONE_POINT, [run(X, metrics=metrics)]))
    assert (cell.state, cell.reason, cell.values) == (CellState.FAILED, reason, {})


def test_an_infinite_metric_is_a_result() -> None:
    assert only_cell(sweep(ONE_POINT, [run(X, metrics={"accuracy": math.inf})])).state is CellState.FINISHED


def test_another_metric_can_be_reported_without_a_direction() -> None:
    found = outcomes(learning_rates(), ["loss"])
    assert found.cells[0].values == {"loss": pytest.approx(0.1288)}
    assert found.directions == (None,)


def test_a_result_that_never_logged_another_metric_is_finished_and_has_no_value_of_it() -> None:
    cell = outcomes(sweep(ONE_POINT, [run(X, metrics=GOOD)]), ["loss", "accuracy"]).cells[0]
    assert (cell.state, cell.reason, cell.values) == (CellState.FINISHED, "", {"accuracy": 0.5})


def test_nan_is_no_value_of_another_metric() -> None:
    cell = outcomes(sweep(ONE_POINT, [run(X, metrics={**GOOD, "loss": math.nan})]), ["loss"]).cells[0]
    assert (cell.state, cell.values) == (CellState.FINISHED, {})


def test_a_result_without_the_sweeps_own_metric_is_a_failure_whatever_is_asked_for() -> None:
    cell = outcomes(sweep(ONE_POINT, [run(X, metrics={"loss": 0.1})]), ["loss"]).cells[0]
    assert (cell.state, cell.values) == (CellState.FAILED, {})


def test_results_for_points_that_the_spec_no_longer_has_are_counted_apart() -> None:
    runs = [run({"x": x}, metrics=GOOD) for x in (1, 2, 3)]
    found = outcomes(sweep(ONE_POINT, [*runs, failed({"x": 4})]))
    assert len(found.cells) == 1
    assert found.outside == 2


def test_points_are_matched_by_canonical_values() -> None:
    toml = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nday = [2026-01-31]\nlayers = [[8, 8]]\nname = ["é|\\n"]\n'
    point = {"name": "é|\n", "layers": [8, 8], "day": dt.date(2026, 1, 31)}
    cell = only_cell(sweep(toml, [run(point, metrics=GOOD)]))
    assert cell.values == GOOD
    assert dict(cell.point.values) == point


def test_a_number_and_its_digits_are_two_points() -> None:
    toml = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nx = [1, "1"]\n'
    cells = outcomes(sweep(toml, [run({"x": "1"}, metrics=GOOD)])).cells
    assert [cell.state for cell in cells] == [CellState.MISSING, CellState.FINISHED]


def test_of_a_large_sweep_only_the_points_that_left_a_trace_have_a_cell() -> None:
    toml = 'task = "m:T"\nmetric = "accuracy"\n[grid]\nx = { range = [0, 1000000000] }\ny = [0, 1]\n'
    runs = [run({"y": 1, "x": 7}, metrics=GOOD), run({"x": -1, "y": 1}, metrics=GOOD)]
    found = outcomes(sweep(toml, runs, [Blocked({"x": 8, "y": 0}, "upstream")]))
    assert [cell.point.values for cell in found.cells] == [(("x", 7), ("y", 1)), (("x", 8), ("y", 0))]
    assert found.is_partial
    assert found.counts()[CellState.MISSING] == 2_000_000_000 - 2
    assert found.outside == 1


@pytest.mark.parametrize(
    ("artifact_uri", "log"),
    [
        ("file:///store/a%20b/artifacts", "/store/a b/artifacts/task.log"),
        ("/store/artifacts", "/store/artifacts/task.log"),
        ("mlflow-artifacts:/1/abc/artifacts", "mlflow-artifacts:/1/abc/artifacts/task.log"),
        ("s3://bucket/1/abc/", "s3://bucket/1/abc/task.log"),
    ],
)
def test_the_log_is_a_path_where_it_is_local_and_else_a_uri(artifact_uri: str, log: str) -> None:
    attempt = replace(failed(X), artifact_uri=artifact_uri)
    assert only_cell(sweep(ONE_POINT, [attempt])).log == log
