"""The tidy table holds every point and run in its own types."""

from __future__ import annotations

import math
from dataclasses import replace

import pandas as pd
import pytest

from sweeper.report.question import Question
from sweeper.report.sources.frame import OWN_COLUMNS, frame
from sweeper.store.records import RunStatus, SweepRecord
from tests.report.records import experiment, failed, foreign, learning_rates, observed, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "accuracy"\n'
BEHIND = ["state", "reason", "run_id", "key", "started", "duration", "code", "commit", "dirty", "log"]


def of(record: SweepRecord) -> pd.DataFrame:
    return frame(observed(record))


def test_every_point_is_a_row_with_all_that_is_known_of_it() -> None:
    table = of(learning_rates())
    assert list(table.columns) == ["sweep", "learning_rate", "seed", "epochs", "accuracy", "loss", *BEHIND]
    assert len(table) == 12
    assert table.iloc[8].drop(["accuracy", "loss", "key"]).to_dict() == {
        "sweep": "bert_lr",
        "learning_rate": 0.1,
        "seed": 2,
        "epochs": 20,
        "state": "failed",
        "reason": "ValueError: the loss is not finite",
        "run_id": "bad1",
        "started": pd.Timestamp("1970-01-01T00:00:01Z"),
        "duration": 2.5,
        "code": "",
        "commit": "",
        "dirty": None,
        "log": "/store/a b/artifacts/task.log",
    }
    assert table["accuracy"].isna().tolist() == [False] * 8 + [True] * 4


def test_a_point_that_never_ran_has_no_run() -> None:
    missing = of(learning_rates()).iloc[11]
    assert missing[["state", "run_id", "key", "code", "log"]].tolist() == ["missing", "", "", "", ""]
    assert missing[["started", "duration"]].isna().all()


def test_code_commit_and_whether_the_checkout_was_dirty_are_those_of_the_run() -> None:
    tags = {"mlflow.source.git.commit": "c0ffee", "mlflow.source.git.dirty": "false"}
    made = run({"x": 1}, metrics={"accuracy": 1.0}, source="digest", key="1-k")
    row = of(sweep(f"{HEAD}[grid]\nx = [1]\n", [replace(made, tags={**made.tags, **tags})])).iloc[0]
    assert row[["key", "code", "commit", "dirty"]].tolist() == ["1-k", "digest", "c0ffee", False]


def test_a_frame_groups_as_the_table_does() -> None:
    means = of(learning_rates()).groupby("learning_rate")["accuracy"].mean()
    assert means[0.01] == pytest.approx(0.9712)


def test_parameters_keep_their_types() -> None:
    toml = (
        HEAD
        + '[grid]\nwhole = [1, 2]\nreal = [0.5]\nflag = [true]\nname = ["a"]\nlayers = [[1, 2]]\nmixed = [1, "1"]\n'
    )
    row = of(sweep(toml)).iloc[1]
    assert [row[name] for name in ("whole", "real", "flag", "name", "layers", "mixed")] == [
        1, 0.5, True, "a", [1, 2], "1",
    ]  # fmt: skip
    assert of(sweep(toml))["whole"].dtype == "int64"


def test_the_types_of_the_other_columns_are_the_same_whatever_is_in_them() -> None:
    empty = of(sweep(f"{HEAD}[grid]\nx = [1]\n[[exclude]]\nx = 1\n"))
    for table in (of(learning_rates()), empty, of(sweep(f"{HEAD}[grid]\nx = [1]\n"))):
        types = {name: str(table[name].dtype) for name in ("accuracy", "duration", "started", "state", "run_id")}
        assert types == {
            "accuracy": "float64",
            "duration": "float64",
            "started": "datetime64[ms, UTC]",
            "state": "object",
            "run_id": "object",
        }


def test_a_parameter_that_a_point_leaves_to_its_default_is_none() -> None:
    toml = HEAD + "[[grid]]\nx = [1]\n[[grid]]\nx = [1]\nmomentum = [3]\n"
    assert of(sweep(toml))["momentum"].tolist() == [None, 3]


def test_names_that_clash_are_told_apart() -> None:
    runs = [run({"state": "raw", "x": 1}, metrics={"accuracy": 1.0, "x": 2.0, "duration": 3.0})]
    table = of(sweep(HEAD + '[grid]\nstate = ["raw"]\nx = [1]\n', runs))
    assert list(table.columns) == [
        "sweep", "params.state", "x", "accuracy", "metrics.duration", "metrics.x", *BEHIND,
    ]  # fmt: skip
    assert table.loc[0, ["params.state", "x", "metrics.duration", "metrics.x", "duration"]].tolist() == [
        "raw", 1, 3.0, 2.0, 2.5,
    ]  # fmt: skip


@pytest.mark.parametrize("name", OWN_COLUMNS)
def test_a_parameter_called_like_any_other_column_is_told_apart(name: str) -> None:
    table = of(sweep(f"{HEAD}[grid]\n{name} = [7]\n"))
    assert table[f"params.{name}"].tolist() == [7]
    assert name in table.columns


def test_a_metric_that_some_runs_did_not_log_is_nan_there() -> None:
    runs = [run({"x": 1}, metrics={"accuracy": 1.0, "f1": 0.5}), run({"x": 2}, metrics={"accuracy": 1.0})]
    f1 = of(sweep(HEAD + "[grid]\nx = [1, 2]\n", runs))["f1"].tolist()
    assert f1[0] == 0.5
    assert math.isnan(f1[1])


def test_what_a_failed_or_running_attempt_logged_is_no_result() -> None:
    unfinished = [
        failed({"x": 1}, metrics={"accuracy": 0.9}),
        run({"x": 2}, status=RunStatus.RUNNING, metrics={"accuracy": 0.9}),
    ]
    assert of(sweep(HEAD + "[grid]\nx = [1, 2]\n", unfinished))["accuracy"].isna().all()


def test_a_study_has_a_row_a_point_with_the_first_trial_that_tried_it() -> None:
    table = of(study())
    columns = [
        "sweep",
        "trial",
        "optimizer",
        "learning_rate",
        "momentum",
        "seed",
        "epochs",
        "accuracy",
        "cost",
        "state",
    ]
    assert list(table.columns)[:10] == columns
    assert table["trial"].tolist() == [number for number in (*range(8), 9) for _ in range(2)]


def test_a_study_and_a_grid_together_have_trials_where_there_are_any() -> None:
    table = frame(observed(study(), sweep(f"{HEAD}[grid]\nseed = [0]\n", name="grid")))
    assert table["trial"].isna().tolist() == [False] * 18 + [True]


def test_runs_of_an_experiment_stand_beside_the_points_of_a_sweep() -> None:
    runs = experiment(foreign({"trees": "10"}, accuracy=0.5), foreign({"trees": "100"}, RunStatus.FAILED))
    table = frame(observed(sweep(f"{HEAD}[grid]\nx = [1]\n"), runs))
    assert table["sweep"].tolist() == ["bert_lr", "by_hand", "by_hand"]
    assert table["x"].tolist() == [1, None, None]
    assert table["trees"].tolist() == [None, 10, 100]
    assert table["state"].tolist() == ["missing", "finished", "failed"]
    assert table["accuracy"].tolist()[1] == 0.5
    assert table["key"].tolist() == ["", "", ""]


def test_the_metrics_of_the_question_come_first() -> None:
    table = frame(observed(learning_rates(), question=Question(metrics=("loss",))))
    assert list(table.columns)[4:6] == ["loss", "accuracy"]


def test_a_sweep_without_points_is_a_frame_without_rows() -> None:
    table = of(sweep(HEAD + "[grid]\nx = [1]\n[[exclude]]\nx = 1\n"))
    assert list(table.columns) == ["sweep", "x", "accuracy", *BEHIND]
    assert table.empty
