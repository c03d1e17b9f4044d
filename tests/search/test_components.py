"""Samplers and pruners are made as the spec says them, and what goes with the space is added."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

from sweeper.search.components import component_problems, make_sampler
from tests.search.studies import SPACE, spec_of

PICKY = """
import optuna

class ParetoSampler(optuna.samplers.RandomSampler):
    def before_trial(self, study, trial):
        if len(study.directions) < 2:
            raise ValueError("for several objectives")
"""


@pytest.mark.parametrize(("arguments", "is_grouped"), [("", True), (", multivariate = false", False)])
def test_tpe_groups_conditional_parameters_unless_it_is_to_take_each_by_itself(
    arguments: str, *, is_grouped: bool, tmp_path: Path
):
    spec = spec_of(f'sampler = {{ name = "tpe"{arguments} }}', SPACE, folder=tmp_path)
    assert component_problems(spec) == []
    assert spec.study is not None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert make_sampler(spec.study, 0)._group is is_grouped  # type: ignore[attr-defined]


def test_a_sampler_may_have_nothing_more_to_propose_as_it_is_tried_out(tmp_path: Path):
    space = "[study.space]\nkind = { choice = [1, 2] }\n"
    assert component_problems(spec_of('sampler = "optuna.samplers:BruteForceSampler"', space, folder=tmp_path)) == []


def test_a_sampler_is_tried_out_with_as_many_objectives_as_the_study_has(tmp_path: Path):
    (tmp_path / "picky_samplers.py").write_text(PICKY, encoding="utf-8")
    sys.path.insert(0, str(tmp_path))
    try:
        objectives = '[objectives]\nscore = "maximize"\ncost = "minimize"\n'
        spec = spec_of(f'sampler = "picky_samplers:ParetoSampler"\n{objectives}', SPACE, folder=tmp_path, head="")
        assert component_problems(spec) == []
    finally:
        sys.path.remove(str(tmp_path))
