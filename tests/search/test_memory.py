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


def test_what_an_attempt_reports_takes_the_place_of_what_the_one_before_it_did(tmp_path: Path):
    """Also for the pruner, which looks at the copy that Optuna's trial keeps of itself."""
    pruner = '{ name = "threshold", upper = 1.0 }'
    memory = Memory(spec_of(f'sampler = "random"\npruner = {pruner}', folder=tmp_path))
    memory.ask(0)
    for step in (1, 2, 3):
        memory.report(0, 0.5, step)
    memory.begin_anew(0)
    assert not memory.report(0, 0.7, 2)
    assert memory.steps(0) == {1: 0.5, 2: 0.7}
    assert memory.report(0, 5.0, 3), "the pruner sees what the new attempt reports"
    assert memory.steps(0) == {1: 0.5, 2: 0.7, 3: 5.0}
