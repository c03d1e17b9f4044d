"""What ``[keep]`` lets go of, and what becomes of results whose artifacts are gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sweeper.cli import main
from sweeper.housekeeping.clear import Cleared, clear
from sweeper.housekeeping.gc import find
from sweeper.housekeeping.leftovers import LeftoverKind
from sweeper.housekeeping.retention import released
from sweeper.plan import make_plan
from sweeper.report.question import STANDARD
from sweeper.report.sources.reading import read
from sweeper.report.tables.formats import render
from sweeper.report.tables.table import answer
from sweeper.session import bind_file
from sweeper.store import disposal, open_reader, open_store
from sweeper.store.driver import Driver
from sweeper.store.locate import local_path
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag
from tests.sweeping import runs, sweep, write_spec

TRAIN = """
task = "tests.pipelines.models:Train"
metric = "score"
replicates = "seed"
[grid]
rate = [0.1, 0.2, 0.3]
seed = [0, 1]
"""
BEST = f'{TRAIN}[keep]\nartifacts = "best:1"\n'
JUDGE = """
task = "tests.pipelines.models:Judge"
metric = "score"
[grid]
rate = [0.1]
"""


def gc(uri: str) -> Cleared:
    """Find and clear away."""
    store = open_store(uri)
    return clear(store, find(store))


def files(run: RunRecord) -> set[str]:
    """Return the names of a run's files."""
    folder = local_path(run.artifact_uri)
    assert folder is not None
    return {path.name for path in folder.rglob("*") if path.is_file()}


def kept_rates(uri: str) -> list[str]:
    """Return the rates of the trained models that are still there."""
    return sorted(run.params["rate"] for run in runs(uri, "train") if "model.json" in files(run))


def table(uri: str) -> str:
    """Return the sweep's table."""
    return render(answer(STANDARD, read(open_reader(uri), ["sweep"])))


def test_the_best_configurations_keep_their_artifacts_with_all_replicates(store_uri: str) -> None:
    sweep(BEST, store_uri)
    before = table(store_uri)
    assert gc(store_uri).number == 4
    assert kept_rates(store_uri) == ["0.3", "0.3"]
    poorer = next(run for run in runs(store_uri, "train") if run.params["rate"] == "0.1")
    assert files(poorer) == {"task.log"}
    assert poorer.tags[Tag.ARTIFACTS].endswith("by keep best:1 of sweep sweep")
    assert table(store_uri) == before
    shown = CliRunner().invoke(main, ["show", poorer.run_id, "--tracking-uri", store_uri])
    assert "gone, but for the log: dropped 2" in shown.output
    assert sweep(BEST, store_uri).states == {"reused": 6}
    assert gc(store_uri).number == 0


def test_what_the_upstream_tasks_made_stays(store_uri: str) -> None:
    sweep(BEST, store_uri)
    gc(store_uri)
    assert [files(run) >= {"numbers.json"} for run in runs(store_uri, "collect")] == [True]


def test_by_default_everything_is_kept(store_uri: str) -> None:
    sweep(TRAIN, store_uri)
    assert gc(store_uri).number == 0


def test_old_artifacts_go(store_uri: str) -> None:
    sweep(f'{TRAIN}[keep]\nartifacts = "2 days"\n', store_uri)
    store = open_store(store_uri)
    every = store.runs_with(Tag.KIND, Kind.TASK)
    end = min(run.end_time or 0 for run in every) / 1000
    assert [*released(store, every, ["sweep"], end + 47 * 3600)] == []
    assert len([*released(store, every, ["sweep"], end + 49 * 3600)]) == 6


def test_another_sweep_that_keeps_them_keeps_them_for_all(store_uri: str) -> None:
    sweep(BEST, store_uri)
    sweep(TRAIN.replace("0.1, ", ""), store_uri, name="other")
    assert gc(store_uri).number == 2
    assert set(kept_rates(store_uri)) == {"0.2", "0.3"}


def test_what_another_result_was_made_from_is_kept(store_uri: str) -> None:
    sweep(BEST, store_uri)
    sweep(JUDGE, store_uri, name="judge")
    assert gc(store_uri).number == 3
    assert kept_rates(store_uri) == ["0.1", "0.3", "0.3"]


def test_a_sweep_that_runs_is_left_alone(store_uri: str) -> None:
    sweep(BEST, store_uri)
    store = open_store(store_uri)
    driver = Driver(store, at="sweep")
    assert not find(store).of(LeftoverKind.LET_GO)
    driver.close()
    assert find(store).of(LeftoverKind.LET_GO)


def test_a_task_that_is_to_read_what_was_let_go_has_it_made_again(store_uri: str) -> None:
    sweep(BEST, store_uri)
    gc(store_uri)
    plan = make_plan(bind_file(write_spec(JUDGE, "judge")), open_reader(store_uri))
    assert {step.family: step.to_run for step in plan.steps} == {"Collect": 0, "Train": 1, "Judge": 1}
    assert sweep(JUDGE, store_uri, name="judge").states == {"computed": 1}
    assert len(runs(store_uri, "train")) == 7
    assert sweep(JUDGE.replace("0.1", "0.1] \nstrictness = [1.0, 2.0"), store_uri, name="judge").states == {
        "computed": 1,
        "reused": 1,
    }
    assert len(runs(store_uri, "train")) == 7
    assert sweep(BEST, store_uri).states == {"reused": 6}


def test_an_artifact_that_somebody_deleted_is_made_again_where_it_is_to_be_read(store_uri: str) -> None:
    sweep(TRAIN, store_uri)
    for run in runs(store_uri, "train"):
        folder = local_path(run.artifact_uri)
        assert folder
        (folder / "model.json").unlink()
    assert sweep(TRAIN, store_uri).states == {"reused": 6}
    assert sweep(JUDGE, store_uri, name="judge").states == {"computed": 1}
    gone = [run for run in runs(store_uri, "train") if Tag.ARTIFACTS in run.tags]
    assert [run.params["rate"] for run in gone] == ["0.1"]
    assert sweep(JUDGE, store_uri, name="judge").states == {"reused": 1}


def test_a_kill_between_the_steps_leaves_what_counts(store_uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        pass

    def killed(_: Path) -> None:
        raise KilledError

    sweep(BEST, store_uri)
    before = table(store_uri)
    with monkeypatch.context() as patch:
        patch.setattr(disposal, "remove", killed)
        with pytest.raises(KilledError):
            gc(store_uri)
    assert table(store_uri) == before
    assert sweep(BEST, store_uri).states == {"reused": 6}
    assert gc(store_uri).number == 4
    assert kept_rates(store_uri) == ["0.3", "0.3"]
