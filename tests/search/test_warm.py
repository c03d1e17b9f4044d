"""What earlier sweeps measured of a space is known before the first trial."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import SpecError
from sweeper.store import open_reader
from tests.sweeping import sweep

TASK = """
import luigi
from sweeper import MlflowTask
class Loss(MlflowTask):
    rate = luigi.FloatParameter()
    seed = luigi.IntParameter(default=0)
    def _run(self):
        infinite = float("inf") if self.seed else -float("inf")
        self.save_to_mlflow(metrics={"loss": infinite if self.rate < 0.5 else self.rate})
"""
STUDY = """
metric = "loss"
[study]
trials = 1
warm_start = "all"
[study.space]
rate = { float = [0.0, 1.0] }
"""


@pytest.fixture
def task() -> str:
    """A task whose loss diverges both ways at low rates; another module has it too."""
    Path("losses.py").write_text(TASK)
    Path("again.py").write_text("from losses import Loss\n")
    return "losses:Loss"


def test_results_are_known_by_whatever_module_a_spec_finds_their_task_in(task: str, store_uri: str):
    sweep(f'task = "{task}"\nmetric = "loss"\n[grid]\nrate = [0.6, 0.7]', store_uri, name="grid")
    swept = sweep(f'task = "again:Loss"{STUDY}', store_uri, name="study")
    assert any("2 assignments are known" in message for message in swept.messages)


def test_an_assignment_without_a_mean_is_not_known(task: str, store_uri: str):
    grid = "[grid]\nrate = [0.1, 0.6]\nseed = [0, 1]\n"
    sweep(f'task = "{task}"\nmetric = "loss"\n{grid}', store_uri, name="grid")
    swept = sweep(f'task = "{task}"{STUDY}[grid]\nseed = [0, 1]\n', store_uri, name="study")
    assert any("1 assignments are known" in message for message in swept.messages)


def test_a_sweep_that_the_store_does_not_have_is_refused_before_anything_is_written(task: str, store_uri: str):
    text = f'task = "{task}"{STUDY}'.replace('"all"', '"gird"')
    with pytest.raises(SpecError, match=r'study\.warm_start = "gird": the store has no such sweep'):
        sweep(text, store_uri, name="study")
    assert open_reader(store_uri).sweep_names() == []
