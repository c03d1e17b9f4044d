"""MLflow's fluent calls and autologging inside a task go to the task's run, and nothing of it leaks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest

from sweeper import MlflowTask
from sweeper.store.fluent import chosen_uri
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.task import key_of
from sweeper.task.context import Context
from tests.task.test_base import is_known_to_a_newcomer, only_run

Run = Callable[[Callable[[], object]], RunRecord]


@pytest.fixture
def run(context: Context) -> Run:
    """Run a function as the body of a task; return the task's run."""

    def run(body: Callable[[], object]) -> RunRecord:
        class Fluent(MlflowTask):
            def _run(self) -> None:
                body()

        Fluent().run()
        found = only_run(context)
        assert found.key == key_of(Fluent())
        return found

    return run


def all_runs(context: Context) -> set[str]:
    """Return the ids of all runs in the store but those of drivers."""
    experiments = [found.experiment_id for found in mlflow.MlflowClient(context.store.uri).search_experiments()]
    found = mlflow.MlflowClient(context.store.uri).search_runs(experiments)
    return {run.info.run_id for run in found if run.data.tags.get(Tag.KIND) != Kind.DRIVER}


def test_fluent_calls_go_to_the_tasks_run(context: Context, run: Run) -> None:
    def body() -> None:
        mlflow.log_metric("accuracy", 0.5)
        mlflow.log_params({"optimizer": "adam"})
        mlflow.set_tag("note", "mine")
        Path("plot.txt").write_text("a plot")
        mlflow.log_artifact("plot.txt")

    found = run(body)
    assert found.metrics == {"accuracy": 0.5}
    assert found.params["optimizer"] == "adam"
    assert found.tags["note"] == "mine"
    assert context.store.artifact(found, "plot.txt").read_text() == "a plot"
    assert all_runs(context) == {found.run_id}


def test_a_block_that_ends_the_run_early_does_not_end_it(context: Context, run: Run) -> None:
    statuses: list[RunStatus] = []

    def body() -> None:
        for number in range(2):
            with mlflow.start_run():
                mlflow.log_metric(f"inside{number}", number)
            statuses.append(only_run(context).status)
        mlflow.log_metric("after", 2)

    found = run(body)
    assert found.metrics == {"inside0": 0.0, "inside1": 1.0, "after": 2.0}
    assert statuses == [RunStatus.RUNNING] * 2
    assert all_runs(context) == {found.run_id}


def test_a_block_that_ends_early_does_not_make_the_run_finished_even_for_a_moment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that is killed in that moment would leave a run that looks finished."""
    ended: list[str] = []
    real = mlflow.MlflowClient.set_terminated

    def set_terminated(client: mlflow.MlflowClient, run_id: str, *rest: object) -> None:
        ended.append(run_id)
        real(client, run_id, *rest)

    def body() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(mlflow.MlflowClient, "set_terminated", set_terminated)
            with mlflow.start_run():
                with mlflow.start_run(nested=True) as nested:
                    mlflow.log_metric("inside", 1)
                assert ended == [nested.info.run_id]
            assert ended == [nested.info.run_id]
        assert mlflow.get_run(nested.info.run_id).info.status == RunStatus.FINISHED

    run(body)


def test_a_nested_run_is_a_run_of_its_own(context: Context, run: Run) -> None:
    children: list[str] = []

    def body() -> None:
        mlflow.log_metric("outer", 1)
        for number in range(2):
            with mlflow.start_run(nested=True) as child:
                mlflow.log_metric("inner", number)
                children.append(child.info.run_id)
        mlflow.log_metric("outer", 2)

    found = run(body)
    assert found.metrics == {"outer": 2.0}
    assert len({found.run_id, *children}) == 3
    assert all_runs(context) == {found.run_id, *children}


def test_autologging_goes_to_the_tasks_run(context: Context, run: Run) -> None:
    from sklearn.linear_model import LogisticRegression

    def body() -> None:
        mlflow.sklearn.autolog(log_models=False, log_datasets=False, silent=True)
        try:
            features = np.array([[0.0], [1.0], [2.0], [3.0]])
            LogisticRegression(C=0.5).fit(features, [0, 0, 1, 1])
        finally:
            mlflow.sklearn.autolog(disable=True, silent=True)

    found = run(body)
    assert found.params["C"] == "0.5"
    assert "training_score" in found.metrics
    assert all_runs(context) == {found.run_id}


@pytest.mark.parametrize("uses_block", [False, True])
def test_a_failure_after_a_fluent_call_is_a_failure(context: Context, *, uses_block: bool) -> None:
    class Crash(MlflowTask):
        def _run(self) -> None:
            if uses_block:
                with mlflow.start_run():
                    raise ValueError("moon")
            mlflow.log_metric("loss", 1e9)
            raise ValueError("moon")

    with pytest.raises(ValueError, match="moon"):
        Crash().run()
    assert not is_known_to_a_newcomer(Crash())
    assert (only_run(context).status, only_run(context).reason) == (RunStatus.FAILED, "ValueError: moon")


@pytest.fixture
def elsewhere(tmp_path: Path, template: Path) -> Iterator[str]:
    """A store of the caller's own, chosen with ``mlflow.set_tracking_uri``."""
    database = tmp_path / "mine.db"
    database.write_bytes(template.read_bytes())
    mlflow.set_tracking_uri(f"sqlite:///{database}")
    yield f"sqlite:///{database}"
    while mlflow.active_run() is not None:
        mlflow.end_run()


def test_a_run_that_the_caller_has_active_is_left_alone(context: Context, run: Run, elsewhere: str) -> None:
    mlflow.create_experiment("mine", artifact_location=Path("mine").absolute().as_uri())
    mlflow.set_experiment("mine")
    mine = mlflow.start_run()
    mlflow.log_metric("mine", 1)
    theirs = run(lambda: mlflow.log_metric("theirs", 2))
    assert theirs.metrics == {"theirs": 2.0}
    assert mlflow.active_run() is mine
    assert mlflow.get_tracking_uri() == elsewhere
    mlflow.log_metric("mine", 3)
    assert mlflow.get_run(mine.info.run_id).data.metrics == {"mine": 3.0}
    mlflow.end_run()
    with mlflow.start_run() as next_one:
        assert next_one.info.experiment_id == mine.info.experiment_id


def test_nothing_leaks_from_a_task(context: Context, run: Run) -> None:
    environment, end_run = {**os.environ}, mlflow.end_run
    run(lambda: mlflow.log_metric("theirs", 2))
    assert {**os.environ} == environment
    assert mlflow.end_run is end_run
    assert mlflow.active_run() is None
    assert chosen_uri() is None


def test_the_next_task_has_a_run_of_its_own(context: Context) -> None:
    class First(MlflowTask):
        def _run(self) -> None:
            mlflow.log_metric("first", 1)

    class Second(MlflowTask):
        def _run(self) -> None:
            mlflow.log_metric("second", 2)

    First().run()
    Second().run()
    runs = context.store.runs_with(Tag.KIND, Kind.TASK)
    assert [run.metrics for run in runs] == [{"first": 1.0}, {"second": 2.0}]


def test_a_task_that_makes_no_fluent_call_costs_no_write_for_them(
    context: Context, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a run was resumed")

    monkeypatch.setattr(mlflow.MlflowClient, "update_run", refuse)
    run(lambda: None)
