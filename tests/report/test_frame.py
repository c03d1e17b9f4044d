"""The tidy table holds every point in its own types."""

from __future__ import annotations

import math

import pytest

from sweeper.report.frame import frame
from sweeper.report.outcomes import outcomes
from sweeper.store.base import RunStatus
from tests.report.records import failed, learning_rates, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "accuracy"\n'


def test_every_point_is_a_row_with_all_that_is_known_of_it() -> None:
    table = frame(outcomes(learning_rates()))
    columns = ["learning_rate", "seed", "accuracy", "loss", "state", "reason", "run_id", "seconds", "log"]
    assert list(table.columns) == columns
    assert len(table) == 12
    assert table.iloc[8].drop(["accuracy", "loss"]).to_dict() == {
        "learning_rate": 0.1,
        "seed": 2,
        "state": "failed",
        "reason": "ValueError: the loss is not finite",
        "run_id": "bad1",
        "seconds": 2.5,
        "log": "/store/a b/artifacts/task.log",
    }
    assert table["accuracy"].isna().tolist() == [False] * 8 + [True] * 4


def test_a_frame_groups_as_the_table_does() -> None:
    means = frame(outcomes(learning_rates())).groupby("learning_rate")["accuracy"].mean()
    assert means[0.01] == pytest.approx(0.9712)


def test_parameters_keep_their_types() -> None:
    toml = (
        HEAD
        + '[grid]\nwhole = [1, 2]\nreal = [0.5]\nflag = [true]\nname = ["a"]\nlayers = [[1, 2]]\nmixed = [1, "1"]\n'
    )
    row = frame(outcomes(sweep(toml))).iloc[1]
    assert [row[name] for name in ("whole", "real", "flag", "name", "layers", "mixed")] == [
        1, 0.5, True, "a", [1, 2], "1",
    ]  # fmt: skip
    assert frame(outcomes(sweep(toml)))["whole"].dtype == "int64"


def test_a_parameter_that_a_point_leaves_to_its_default_is_empty() -> None:
    toml = HEAD + "[[grid]]\nx = [1]\n[[grid]]\nx = [1]\nmomentum = [3]\n"
    assert frame(outcomes(sweep(toml)))["momentum"].tolist() == [None, 3]


def test_names_that_clash_are_told_apart() -> None:
    runs = [run({"state": "raw", "x": 1}, metrics={"accuracy": 1.0, "x": 2.0, "seconds": 3.0})]
    table = frame(outcomes(sweep(HEAD + '[grid]\nstate = ["raw"]\nx = [1]\n', runs)))
    assert table.iloc[0].to_dict() | {"log": "", "run_id": ""} == {
        "params.state": "raw",
        "x": 1,
        "accuracy": 1.0,
        "metrics.seconds": 3.0,
        "metrics.x": 2.0,
        "state": "finished",
        "reason": "",
        "run_id": "",
        "seconds": 2.5,
        "log": "",
    }


def test_a_metric_that_some_runs_did_not_log_is_nan_there() -> None:
    runs = [run({"x": 1}, metrics={"accuracy": 1.0, "f1": 0.5}), run({"x": 2}, metrics={"accuracy": 1.0})]
    f1 = frame(outcomes(sweep(HEAD + "[grid]\nx = [1, 2]\n", runs)))["f1"].tolist()
    assert f1[0] == 0.5
    assert math.isnan(f1[1])


def test_what_a_failed_or_running_attempt_logged_is_no_result() -> None:
    unfinished = [
        failed({"x": 1}, metrics={"accuracy": 0.9}),
        run({"x": 2}, status=RunStatus.RUNNING, metrics={"accuracy": 0.9}),
    ]
    assert frame(outcomes(sweep(HEAD + "[grid]\nx = [1, 2]\n", unfinished)))["accuracy"].isna().all()


def test_a_study_has_a_row_a_point_with_the_first_trial_that_tried_it() -> None:
    table = frame(outcomes(study()))
    columns = ["trial", "optimizer", "learning_rate", "momentum", "seed", "accuracy", "cost", "state", "reason"]
    assert list(table.columns)[:9] == columns
    assert table["trial"].tolist() == [number for number in (*range(8), 9) for _ in range(2)]


def test_a_sweep_without_points_is_a_frame_without_rows() -> None:
    table = frame(outcomes(sweep(HEAD + "[grid]\nx = [1]\n[[exclude]]\nx = 1\n")))
    assert list(table.columns) == ["x", "accuracy", "state", "reason", "run_id", "seconds", "log"]
    assert table.empty
