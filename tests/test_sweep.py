"""A sweep computes what has never been computed, and nothing else."""

from __future__ import annotations

import math
import os
import shutil
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.errors import InputError, StoreError
from sweeper.policy import Policy
from sweeper.report.question import STANDARD
from sweeper.report.sources.outcomes import outcomes
from sweeper.report.sources.reading import read
from sweeper.report.tables.formats import Format, render
from sweeper.report.tables.table import Table, answer
from sweeper.store import open_reader, open_store
from sweeper.store.records import RunStatus, SweepRecord
from sweeper.store.tags import PARENT_TAG, Kind, Tag
from tests.sweeping import CHAIN, TROUBLE, Recorder, counts, forget_module, running, runs, sweep

if TYPE_CHECKING:
    from sweeper.search.base import Outcome

FIT = f'task = "{CHAIN}:Fit"\nmetric = "score"\n'
GRID = f'{FIT}replicates = "seed"\n[grid]\nrate = [0.1, 0.2]\nseed = [0, 1]\n'


def spec(task: str, body: str) -> str:
    return f'task = "{TROUBLE}:{task}"\nmetric = "score"\n{body}\n'


def record(uri: str, name: str = "sweep") -> SweepRecord:
    found = open_reader(uri).sweep(name)
    assert found is not None
    return found


def answered(uri: str, name: str = "sweep") -> Table:
    return answer(STANDARD, read(open_reader(uri), [name]))


def table(uri: str, name: str = "sweep") -> str:
    return render(answered(uri, name), Format.CSV)


def test_points_are_computed_and_what_they_share_runs_once(store_uri: str):
    swept = sweep(GRID, store_uri)
    assert swept.states == {"computed": 4}
    assert swept.summary.exit_code == 0
    assert {str(one.point): one.value for one in swept.outcomes} == pytest.approx(
        {"rate=0.1, seed=0": 4.0, "rate=0.1, seed=1": 4.01, "rate=0.2, seed=0": 3.9, "rate=0.2, seed=1": 3.91}
    )
    assert counts(store_uri) == {"collect": 1, "scale": 1, "fit": 4}


def test_running_again_computes_nothing(store_uri: str):
    before = sweep(GRID, store_uri)
    again = sweep(GRID, store_uri)
    assert again.states == {"reused": 4}
    assert {one.point: one.value for one in again.outcomes} == {one.point: one.value for one in before.outcomes}
    assert counts(store_uri) == {"collect": 1, "scale": 1, "fit": 4}


def test_extending_the_grid_computes_the_difference(store_uri: str):
    sweep(GRID, store_uri)
    assert sweep(GRID.replace("0.2]", "0.2, 0.3]"), store_uri).states == {"reused": 4, "computed": 2}
    assert counts(store_uri) == {"collect": 1, "scale": 1, "fit": 6}


def test_what_two_sweeps_share_runs_once(store_uri: str):
    sweep(GRID, store_uri, name="one")
    other = f'task = "{CHAIN}:Report"\nmetric = "score"\n[grid]\ndigits = [1, 2]\n'
    assert sweep(other, store_uri, name="other").states == {"computed": 2}
    assert sweep(GRID, store_uri, name="twin").states == {"reused": 4}
    assert counts(store_uri) == {"collect": 1, "scale": 1, "fit": 4, "report": 2}
    assert table(store_uri, "twin") == table(store_uri, "one")


def test_a_point_of_two_grids_is_run_once(store_uri: str):
    swept = sweep(f"{FIT}[[grid]]\nseed = [0, 1]\n[[grid]]\nrate = [0.1, 0.2]\n", store_uri)
    assert swept.states == {"computed": 3}


def test_what_is_in_the_record_of_a_sweep(store_uri: str):
    sweep(GRID, store_uri)
    found = record(store_uri)
    assert found.run.experiment == "fit"
    assert found.run.status is RunStatus.FINISHED
    assert found.run.tags[Tag.TASK] == f"{CHAIN}:Fit"
    assert found.run.tags[Tag.NAME] == "sweep"
    assert found.document["text"] == GRID
    assert len(found.runs) == 4
    for run in found.runs:
        assert run.tags[PARENT_TAG] == found.run.run_id
        assert run.tags[Tag.KIND] == Kind.TASK
    assert sorted(run.tags["sweeper.sweep.sweep"] for run in found.runs)[0] == '[{"rate":0.1,"seed":0}]'
    assert Path(found.run.artifact_uri.removeprefix("file://"), "environment.json").is_file()


def test_upstream_runs_are_no_children_and_stand_for_no_points(store_uri: str):
    sweep(GRID, store_uri)
    (scale,) = runs(store_uri, "scale")
    assert PARENT_TAG not in scale.tags
    assert "sweeper.sweep.sweep" not in scale.tags
    assert scale.tags[Tag.DRIVER] == record(store_uri).run.tags[Tag.DRIVER]


def test_nothing_is_left_running(store_uri: str):
    sweep(GRID, store_uri)
    assert running(store_uri) == []


def test_a_name_belongs_to_its_task(store_uri: str):
    sweep(GRID, store_uri)
    other = f'task = "{CHAIN}:Report"\nmetric = "score"\n'
    with pytest.raises(InputError, match=r"the name sweep belongs to a sweep of tests\.pipelines\.chain:Fit"):
        sweep(other, store_uri)
    assert running(store_uri) == []
    assert record(store_uri).document["task"] == f"{CHAIN}:Fit"


def test_another_value_of_a_fixed_parameter_has_its_own_table_and_the_first_one_comes_back(store_uri: str):
    sweep(GRID, store_uri, "epochs=20")
    of_twenty = table(store_uri)
    assert sweep(GRID, store_uri, "epochs=5").states == {"computed": 4}
    assert table(store_uri) != of_twenty
    assert sweep(GRID, store_uri, "epochs=20").states == {"reused": 4}
    assert table(store_uri) == of_twenty


def test_the_table_is_of_the_epochs_that_were_last_asked_for_even_before_they_ran(store_uri: str):
    sweep(GRID, store_uri, "epochs=20")
    sweep(GRID, store_uri, "epochs=5", "rate=0.1")
    (row,) = answered(store_uri).rows  # one configuration, of the present spec
    assert row.measurement.mean == pytest.approx(8.005)


def test_an_override_upstream_shares_what_it_does_not_reach(store_uri: str):
    assert sweep(GRID, store_uri, "Scale.factor=1,2").states == {"computed": 8}
    assert counts(store_uri) == {"collect": 1, "scale": 2, "fit": 8}


def test_a_failed_point_is_told_with_its_reason_and_the_others_go_on(store_uri: str):
    swept = sweep(spec("Trouble", '[grid]\nending = ["well", "error", "sys.exit"]\nnumber = [1, 2]'), store_uri)
    assert swept.states == {"computed": 2, "failed": 4}
    assert swept.summary.exit_code == 1
    assert swept.reasons["ending=error, number=1"] == "OddError: odd 7: the data are gone"
    assert swept.reasons["ending=sys.exit, number=1"] == "SystemExit: 3"
    failed = next(one for one in swept.outcomes if one.reason)
    run = open_reader(store_uri).run(failed.run_id)
    assert (run.status, run.reason) == (RunStatus.FAILED, failed.reason)
    log = open_reader(store_uri).artifact(run, run.tags[Tag.LOG]).read_text(encoding="utf-8")
    assert "number 1 ends error" in log
    assert "Traceback" in log
    assert record(store_uri).run.status is RunStatus.FAILED


def test_an_upstream_failure_is_one_failed_run_and_blocks_what_depends_on_it(store_uri: str):
    body = '[grid]\nending = ["error", "well"]\nnumber = [1, 2, 3]'
    swept = sweep(spec("Dependent", body), store_uri)
    assert swept.states == {"blocked": 3, "computed": 3}
    assert set(swept.reasons.values()) == {"Trouble failed: OddError: odd 7: the data are gone"}
    (failed,) = (run for run in runs(store_uri, "trouble") if run.status is RunStatus.FAILED)
    blocked = record(store_uri).blocked
    assert [entry.point for entry in blocked] == [{"ending": "error", "number": number} for number in (1, 2, 3)]
    assert {entry.run_id for entry in blocked} == {failed.run_id}


def test_what_is_blocked_names_the_work_that_failed(store_uri: str):
    swept = sweep(spec("Dependent", '[fixed]\nending = "error"\n[grid]\nnumber = [1, 2]'), store_uri)
    (failed,) = runs(store_uri)
    assert [outcome.cause for outcome in swept.outcomes] == [failed.tags[Tag.CLAIM]] * 2
    again = sweep(spec("Trouble", '[fixed]\nending = "error"'), store_uri, name="itself")
    assert [outcome.cause for outcome in again.outcomes] == [failed.tags[Tag.CLAIM]]


def test_points_asked_for_after_an_upstream_failure_are_blocked_by_it_too(store_uri: str):
    swept = sweep(spec("Dependent", '[fixed]\nending = "error"\n[grid]\nnumber = { range = [100] }'), store_uri)
    assert swept.states == {"blocked": 100}
    assert counts(store_uri) == {"trouble": 1}


def test_running_again_tries_again_what_failed_and_only_that(store_uri: str):
    text = spec("Mended", "[grid]\nnumber = [0, 1, 2]")
    assert sweep(text, store_uri).states == {"computed": 2, "failed": 1}
    Path("mended").touch()
    swept = sweep(text, store_uri)
    assert swept.states == {"reused": 2, "computed": 1}
    assert swept.summary.exit_code == 0
    assert len(runs(store_uri, "mended")) == 4
    assert record(store_uri).run.status is RunStatus.FINISHED


def test_what_was_blocked_is_run_once_its_upstream_is_mended(store_uri: str):
    text = spec("NeedsFile", "[grid]\nnumber = [1, 2]")
    Path("1.txt").touch()
    swept = sweep(text, store_uri)
    assert swept.states == {"computed": 1, "blocked": 1}
    assert swept.reasons == {"number=2": "File(path=2.txt) is not there, and it is no task that can be run"}
    Path("2.txt").touch()
    assert sweep(text, store_uri).states == {"reused": 1, "computed": 1}
    assert record(store_uri).blocked == ()


def test_requirements_that_raise_for_one_point_fail_that_point_only(store_uri: str):
    swept = sweep(spec("Picky", "[grid]\nnumber = [1, 2, 3]"), store_uri)
    assert swept.states == {"computed": 2, "failed": 1}
    assert swept.reasons == {"number=2": "RuntimeError: two is not known"}


@pytest.mark.parametrize("way", ["saved", "curve", "reported", "fluent"])
def test_the_metric_is_read_however_it_was_logged(way: str, store_uri: str):
    (outcome,) = sweep(spec("Metrics", f'[fixed]\nway = "{way}"'), store_uri).outcomes
    assert outcome.value == 1.0


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("nan", "finished with NaN for the metric score"),
        ("other", "finished without the metric score; it logged: loss"),
        ("none", "finished without the metric score"),
    ],
)
def test_a_point_without_a_number_has_failed_and_is_not_computed_again(way: str, reason: str, store_uri: str):
    text = spec("Metrics", f'[fixed]\nway = "{way}"')
    for _ in range(2):
        swept = sweep(text, store_uri)
        assert swept.states == {"failed": 1}
        assert next(iter(swept.reasons.values())).startswith(reason.partition(";")[0])
        assert (swept.summary.incomparable, swept.summary.may_go_on) == (1, False)
    assert len(runs(store_uri)) == 1


def test_infinity_is_a_number_computed_or_reused(store_uri: str):
    for state in ("computed", "reused"):
        (outcome,) = sweep(spec("Metrics", '[fixed]\nway = "infinity"'), store_uri).outcomes
        assert (outcome.state, outcome.value) == (state, math.inf)


def test_an_outcome_has_all_the_metrics_of_the_spec_computed_or_reused(store_uri: str):
    text = f'task = "{TROUBLE}:Metrics"\n[fixed]\nway = "two"\n[objectives]\nscore = "maximize"\ncost = "minimize"\n'
    for state in ("computed", "reused"):
        swept = sweep(text, store_uri)
        assert swept.states == {state: 1}
        assert [(one.value, one.metrics) for one in swept.outcomes] == [(1.0, {"score": 1.0, "cost": 2.0})]


def test_a_point_that_lacks_one_of_several_metrics_has_failed_and_is_not_computed_again(store_uri: str):
    text = f'task = "{TROUBLE}:Metrics"\n[fixed]\nway = "two"\n[objectives]\nscore = "maximize"\nsize = "minimize"\n'
    for reason in ("finished without the metric size; it logged: cost, score", "finished without the metric size"):
        (outcome,) = sweep(text, store_uri).outcomes
        (run,) = runs(store_uri)
        assert (outcome.state, outcome.value, outcome.reason) == ("failed", None, reason)
        assert outcome.cause == run.key


def test_a_point_without_a_number_is_computed_again_by_other_code(store_uri: str):
    text = 'task = "own:Own"\nmetric = "score"\n'
    code = (
        "from sweeper import MlflowTask\n"
        "class Own(MlflowTask):\n    def _run(self): self.save_to_mlflow(metrics={'score': %s})\n"
    )
    Path("own.py").write_text(code % "float('nan')", encoding="utf-8")
    assert sweep(text, store_uri).states == {"failed": 1}
    Path("own.py").write_text(code % "1.0", encoding="utf-8")
    forget_module("own")
    assert sweep(text, store_uri).states == {"computed": 1}
    assert len(runs(store_uri)) == 2
    assert [cell.values for cell in outcomes(record(store_uri)).cells] == [{"score": 1.0}]


def test_results_of_other_code_are_reused_and_it_is_said(store_uri: str):
    text = 'task = "own:Own"\nmetric = "score"\n[grid]\nseed = [0, 1]\n'
    Path("own.py").write_text(f"from {CHAIN} import Fit\nclass Own(Fit): pass\n", encoding="utf-8")
    sweep(text, store_uri)
    Path("own.py").write_text(f"from {CHAIN} import Fit\nclass Own(Fit): changed = True\n", encoding="utf-8")
    forget_module("own")
    swept = sweep(text, store_uri)
    assert swept.states == {"reused": 2}
    assert any("2 reused results were made by other code than Own has now" in one for one in swept.messages)


def test_the_sweep_that_was_started_last_comes_first_also_where_it_was_only_resumed(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n'
    for name in ("one", "two", "one"):
        sweep(text, store_uri, name=name)
    assert open_reader(store_uri).sweep_names() == ["one", "two"]


def test_fail_fast_starts_nothing_after_a_failure(store_uri: str):
    text = spec("Trouble", '[grid]\nending = ["well", "error"]\nnumber = [1, 2, 3]')
    swept = sweep(text, store_uri, policy=Policy(fail_fast=True))
    assert swept.states == {"computed": 3, "failed": 1}
    assert swept.summary.exit_code == 1
    assert running(store_uri) == []


class Interrupting(Recorder):
    """Presses Ctrl-C when the second point has ended."""

    def told(self, outcome: Outcome) -> None:
        super().told(outcome)
        if len(self.outcomes) == 2:
            os.kill(os.getpid(), signal.SIGINT)


def test_an_interruption_starts_nothing_more_and_running_again_resumes(store_uri: str):
    swept = sweep(GRID, store_uri, listener=Interrupting())
    assert swept.states == {"computed": 2}
    assert swept.summary.exit_code == 130
    assert record(store_uri).run.status is RunStatus.KILLED
    assert running(store_uri) == []
    assert sweep(GRID, store_uri).states == {"reused": 2, "computed": 2}
    assert record(store_uri).run.status is RunStatus.FINISHED


def test_a_task_that_is_interrupted_leaves_a_killed_run(store_uri: str):
    swept = sweep(spec("Trouble", '[fixed]\nending = "interrupt"'), store_uri)
    assert swept.states == {"interrupted": 1}
    assert [run.status for run in runs(store_uri)] == [RunStatus.KILLED]


def test_a_moved_store_still_works(store_uri: str, tmp_path: Path):
    sweep(GRID, store_uri)
    before = table(store_uri)
    shutil.move(tmp_path / "results", tmp_path / "moved")
    moved = store_uri.replace("/results/", "/moved/")
    assert table(moved) == before
    assert sweep(GRID, moved, "seed=2").states == {"computed": 2}
    assert counts(moved) == {"collect": 1, "scale": 1, "fit": 6}


def test_the_same_sweep_on_a_server(server_uri: str):
    before = {run.run_id for run in running(server_uri)}  # other tests leave their runs on the server
    assert sweep(GRID, server_uri, "rate=0.1", name="served").states == {"computed": 2}
    assert sweep(GRID, server_uri, "rate=0.1", name="served").states == {"reused": 2}
    assert [row.measurement.mean for row in answered(server_uri, "served").rows] == [pytest.approx(4.005)]
    body = '[grid]\nending = ["error", "well"]'
    assert sweep(spec("Dependent", body), server_uri, name="blocked").states == {"blocked": 1, "computed": 1}
    assert len(record(server_uri, "blocked").blocked) == 1
    assert {run.run_id for run in running(server_uri)} <= before


def test_a_store_that_fails_is_no_failure_of_a_task(store_uri: str, monkeypatch: pytest.MonkeyPatch):
    opened = type(open_store(store_uri))
    end_run = opened.end_run

    def failing(self: object, run_id: str, status: RunStatus) -> int:
        if open_reader(store_uri).run(run_id).experiment == "scale":
            raise StoreError("the disk is full")
        return end_run(self, run_id, status)  # type: ignore[arg-type]

    recorder = Recorder()
    with monkeypatch.context() as patch:
        patch.setattr(opened, "end_run", failing)
        with pytest.raises(StoreError, match="the disk is full"):
            sweep(GRID, store_uri, listener=recorder)
    assert recorder.outcomes == []
    assert record(store_uri).run.status is RunStatus.KILLED
    assert sweep(GRID, store_uri).states == {"computed": 4}


def test_instances_that_are_the_same_work_run_once_in_a_sweep(store_uri: str):
    text = f'task = "{TROUBLE}:Twins"\nmetric = "score"\n[grid]\nnumber = [1, 2]\n'
    assert sweep(text, store_uri).states == {"computed": 2}
    assert counts(store_uri) == {"noted": 1, "twins": 2}


def test_an_interruption_under_fail_fast_is_an_interruption(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nseed = [0, 1, 2]\n'
    swept = sweep(text, store_uri, policy=Policy(fail_fast=True), listener=Interrupting())
    assert (swept.states, swept.summary.exit_code) == ({"computed": 2}, 130)
