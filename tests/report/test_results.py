"""``sweeper.results`` gives programs and notebooks the tidy frame that every table is made of."""

from __future__ import annotations

import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pandas as pd
import pytest

import sweeper
from sweeper.errors import InputError, StoreError
from tests.report.frozen.restore import restore

COLUMNS = [
    *("sweep", "optimizer", "learning_rate", "seed", "accuracy", "loss", "parameters"),
    *("state", "reason", "run_id", "key", "started", "duration", "code", "commit", "dirty", "log"),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the frozen store."""
    return restore(tmp_path_factory.mktemp("frozen"))


def test_a_sweep_is_a_frame_of_its_points(store: str) -> None:
    found = sweeper.results("optimizers", tracking_uri=store)
    assert list(found.columns) == COLUMNS
    assert len(found) == 24
    assert found["state"].value_counts().to_dict() == {"finished": 23, "failed": 1}
    assert found.groupby("optimizer")["accuracy"].mean().idxmax() == "adam"


def test_without_a_name_it_is_the_newest_sweep(store: str) -> None:
    assert set(sweeper.results(tracking_uri=store)["sweep"]) == {"search"}


def test_several_sweeps_and_experiments_are_one_frame(store: str) -> None:
    found = sweeper.results("optimizers", "limits", experiments=["baselines"], tracking_uri=store)
    assert found["sweep"].value_counts().to_dict() == {"optimizers": 24, "limits": 12, "baselines": 10}
    assert found.loc[found["sweep"] == "optimizers", "Titles.limit"].unique().tolist() == [100]


def test_an_experiment_needs_no_metric_to_be_named(store: str) -> None:
    found = sweeper.results(experiments=["baselines"], tracking_uri=store)
    assert found["accuracy"].notna().sum() == 7
    assert found.loc[found["state"] == "failed", "model"].tolist() == ["forest"]


def test_conditions_and_metrics_are_those_of_the_command_line(store: str) -> None:
    where = ["learning_rate < 0.05", "optimizer = sgd"]
    found = sweeper.results("optimizers", metrics=["loss"], where=where, tracking_uri=store)
    assert len(found) == 6
    assert list(found.columns)[4:7] == ["loss", "accuracy", "parameters"]


def test_one_condition_metric_or_experiment_may_stand_by_itself(store: str) -> None:
    found = sweeper.results("optimizers", metrics="loss", where="seed = 0", tracking_uri=store)
    assert len(found) == 4
    assert len(sweeper.results(experiments="baselines", tracking_uri=store)) == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"where": ["optimiser = sgd"]}, "there is no parameter or metric optimiser; did you mean optimizer?"),
        ({"where": ["optimizer"]}, "'optimizer' is no condition"),
        ({"metrics": ["acuracy"]}, "no run logged a metric acuracy; did you mean accuracy?"),
        ({"experiments": ["baseline"]}, "has no experiment baseline; did you mean baselines?"),
    ],
)
def test_a_wrong_name_is_an_error_with_the_nearest(arguments: dict[str, list[str]], message: str, store: str) -> None:
    with pytest.raises(InputError) as refused:
        sweeper.results("optimizers", tracking_uri=store, **arguments)  # type: ignore[arg-type]
    assert message in str(refused.value)


def test_a_store_that_is_none_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="is a folder"):
        sweeper.results(tracking_uri=f"sqlite:///{tmp_path}")


def test_the_store_is_that_of_the_environment_or_of_the_working_directory(
    store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
    assert len(sweeper.results("limits")) == 12
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.chdir(Path(store.removeprefix("sqlite:///")).parents[1])
    assert len(sweeper.results("limits")) == 12


def test_a_list_of_names_is_an_error_that_says_how(store: str) -> None:
    with pytest.raises(InputError, match="one by one"):
        sweeper.results(["optimizers", "limits"], tracking_uri=store)  # type: ignore[arg-type]


def test_a_notebook_shows_it_as_a_table_in_which_nothing_runs(store: str) -> None:
    found = sweeper.results("optimizers", tracking_uri=store)
    assert found._repr_html_().count("<tr") > 10
    hostile = found.assign(optimizer="<script>alert(1)</script>")
    assert "<script>" not in hostile._repr_html_()


def test_it_can_be_kept_in_a_file_and_read_back(store: str, tmp_path: Path) -> None:
    found = sweeper.results("optimizers", tracking_uri=store)
    found.to_pickle(tmp_path / "results.pickle")
    pd.testing.assert_frame_equal(pd.read_pickle(tmp_path / "results.pickle"), found)


def test_it_is_documented_and_typed() -> None:
    assert "results" in sweeper.__all__
    assert inspect.getdoc(sweeper.results)
    with_pandas = {"pd": pd}
    assert typing.get_type_hints(sweeper.results, localns=with_pandas)["return"] is pd.DataFrame


def test_the_package_is_imported_without_pandas() -> None:
    code = "import sys, sweeper; sweeper.results; assert not {'pandas', 'numpy', 'mlflow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
