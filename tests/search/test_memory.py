"""The Optuna study in memory takes what a running task reports, whatever that is."""

from __future__ import annotations

from pathlib import Path

from sweeper.search.memory import Memory
from tests.search.studies import spec_of


def test_of_two_reports_of_one_step_the_first_counts(tmp_path: Path):
    """Optuna would warn of the second, in the midst of the display."""
    memory = Memory(spec_of('sampler = "random"\npruner = "median"', folder=tmp_path))
    memory.ask(0)
    assert not memory.report(0, 0.5, 1)
    assert not memory.report(0, 0.7, 1)
    assert memory.steps(0) == {1: 0.5}
