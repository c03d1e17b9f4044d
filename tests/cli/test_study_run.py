"""Studies as processes: killed at any moment they end as if they had not been; pruned from any worker."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
import pytest

from sweeper.session import EngineName
from sweeper.store import open_reader
from sweeper.store.records import RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.store.trials import TrialState
from tests.cli.conftest import make_project
from tests.sweeping import CURVES as CURVE
from tests.sweeping import Recorder, running, runs, sweep
from tests.test_study import Stopping, trials_of

if TYPE_CHECKING:
    from tests.cli.conftest import Project, Quickly

CURVES = """
task = "curves:Curve"
metric = "score"
[fixed]
epochs = 9
sleep = 0.03
[study]
trials = 14
sampler = { name = "tpe", n_startup_trials = 4 }
pruner = { name = "hyperband", min_resource = 1, max_resource = 9, reduction_factor = 3 }
[study.space]
rate = { float = [1e-4, 1.0], log = true }
"""

RESTLESS = '''
"""A task that takes its time, each time another."""

import random
import time

import luigi

from sweeper import MlflowTask


class Restless(MlflowTask):
    x = luigi.FloatParameter()

    def _run(self):
        for step in (1, 2, 3):
            time.sleep(random.random() / 10)
            self.report(self.x * step, step)
        self.save_to_mlflow(metrics={"score": self.x * 3})
'''

REPRODUCIBLE = """
task = "restless:Restless"
metric = "score"
[study]
trials = 20
reproducible = true
sampler = { name = "tpe", n_startup_trials = 3 }
pruner = { name = "median", n_startup_trials = 3 }
[study.space]
x = { float = [0.0, 1.0] }
"""


def ends_of(uri: str, name: str) -> list[tuple[object, ...]]:
    """Return all that a study knows of its trials."""
    return [
        (one.number, one.values, one.seen, one.told.state, one.told.values, one.told.steps, one.told.attributes)
        for one in trials_of(uri, name)
        if one.told
    ]


def test_a_study_that_is_killed_again_and_again_ends_as_one_that_was_not(
    project: Project, quickly: Quickly, template: Path
):
    spec = project.spec("curves", CURVES)
    for told in (2, 7, 11):
        command = project.start("run", spec)
        _wait_for_trials(project, command, told)
        command.process.kill()
        command.process.wait()
    code, text = quickly(project, "run", spec)
    assert code == 0, text
    assert "going on from" in text
    assert running(project.uri) == []
    ends = ends_of(project.uri, "curves")
    assert len(ends) == 14
    assert {end[3] for end in ends} == {TrialState.COMPLETE, TrialState.PRUNED}
    results = [run.key for run in runs(project.uri) if run.key]
    assert len(results) == len(set(results)) == sum(end[3] is TrialState.COMPLETE for end in ends)

    project.spec("whole", CURVES)
    again = make_project(project.folder / "again", template).uri
    assert quickly(project, "run", "whole.toml", "--engine", "inline", "--tracking-uri", again)[0] == 0
    whole = ends_of(again, "whole")
    assert [end[:2] for end in ends] == [end[:2] for end in whole]


def _wait_for_trials(project: Project, command: object, number: int) -> None:
    until = time.monotonic() + 120
    reader = open_reader(project.uri)
    while sum(Tag.TOLD in run.tags for run in reader.runs_with(Tag.KIND, Kind.TRIAL)) < number:
        assert time.monotonic() < until, command
        time.sleep(0.05)


@pytest.fixture
def restless(tmp_path: Path) -> None:
    """The pipeline beside the spec."""
    (tmp_path / "restless.py").write_text(RESTLESS, encoding="utf-8")


@pytest.mark.usefixtures("restless")
def test_a_reproducible_study_comes_out_the_same_on_several_workers_whatever_the_clock_says(store_uri: str):
    def run(name: str, cuts: tuple[int, ...] = ()) -> list[tuple[object, ...]]:
        text = f"{REPRODUCIBLE}\n[fixed]\n"
        for cut in cuts:
            sweep(text, store_uri, name=name, engine=EngineName.LOCAL, workers=3, listener=Stopping(cut))
        sweep(text, store_uri, name=name, engine=EngineName.LOCAL, workers=3)
        return [(end[0], end[1], end[3], end[4], end[5]) for end in ends_of(store_uri, name)]

    first, again, cut = run("first"), run("again"), run("cut", cuts=(4, 5))
    assert len(first) == 20
    assert {end[2] for end in first} == {TrialState.COMPLETE, TrialState.PRUNED}
    assert [end[:2] for end in again] == [end[:2] for end in first]
    assert [end[:2] for end in cut] == [end[:2] for end in first]


def test_a_pruned_trial_is_no_result_and_its_run_says_why(project: Project, quickly: Quickly):
    spec = project.spec("curves", CURVES)
    code, text = quickly(project, "run", spec, "--workers", "2")
    assert code == 0, text
    pruned = [trial for trial in trials_of(project.uri, "curves") if trial.told and trial.told.state.value == "pruned"]
    assert pruned
    killed = [run for run in runs(project.uri) if run.status is RunStatus.KILLED]
    assert len(killed) == len(pruned)
    assert all(run.key is None and "pruned at step" in run.reason for run in killed)
    assert f"{len(pruned)} pruned" in text


class Watching(Recorder):
    """A listener that remembers how many tasks ran at once."""

    most = 0

    def running(self, tasks: list[luigi.Task]) -> None:
        """Count them."""
        self.most = max(self.most, len(tasks))


@pytest.mark.parametrize(("reproducible", "at_once"), [("true", 1), ("false", 3)])
def test_in_a_reproducible_study_no_replicate_is_ahead_of_a_pruner(reproducible: str, at_once: int, store_uri: str):
    """Else it were the clock's to say how many results a trial has that the first of them prunes."""
    text = f"""
    task = "{CURVE}:Curve"
    metric = "score"
    replicates = "seed"
    [fixed]
    sleep = 0.1
    [study]
    trials = 1
    reproducible = {reproducible}
    pruner = "median"
    [study.space]
    rate = {{ float = [1e-3, 1.0] }}
    [grid]
    seed = [0, 1, 2]
    """
    watching = Watching()
    swept = sweep(text, store_uri, engine=EngineName.LOCAL, workers=3, listener=watching)
    assert swept.states == {"computed": 3}
    assert watching.most == at_once
