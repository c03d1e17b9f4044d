"""A study built anew from its record goes on as if it had never stopped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.search.rebuild import rebuild
from sweeper.store.trials import Trial
from tests.search.studies import NUMBERS, SPACE, run, score, spec_of

SAMPLERS = {
    "random": ('sampler = "random"', SPACE, 12),
    "tpe": ('sampler = { name = "tpe", n_startup_trials = 4 }', SPACE, 20),
    "nsga2": ('sampler = { name = "nsga2", population_size = 5 }', SPACE, 22),
    "nsga3": ('sampler = { name = "nsga3", population_size = 5 }', SPACE, 22),
    "cmaes": ('sampler = { name = "cmaes", popsize = 4 }', NUMBERS, 22),
    "cmaes with choices": ('sampler = { name = "cmaes", popsize = 4 }', SPACE, 14),
    "qmc": ('sampler = { name = "qmc", scramble = true }', NUMBERS, 14),
    "module:Class": ('sampler = "optuna.samplers:RandomSampler"', SPACE, 10),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_study_rebuilt_after_every_trial_proposes_what_an_uninterrupted_one_does(name: str, tmp_path: Path) -> None:
    study, space, number = SAMPLERS[name]
    spec = spec_of(study, space, folder=tmp_path)
    through = run(spec, [], number)
    piecewise: list[Trial] = []
    for reached in range(1, number + 1):
        piecewise = run(spec, piecewise, reached)
    assert [trial.values for trial in piecewise] == [trial.values for trial in through]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_trial_that_was_under_way_is_asked_for_with_the_same_values(name: str, tmp_path: Path) -> None:
    study, space, number = SAMPLERS[name]
    spec = spec_of(study, space, folder=tmp_path)
    through = run(spec, [], number)
    cut = [*through[: number - 5], replace(through[number - 5], told=None)]
    assert run(spec, cut, number) == through


def test_a_seed_is_no_dimension_but_it_changes_the_search(tmp_path: Path) -> None:
    first, same, other = (
        run(spec_of(f'sampler = "random"\nseed = {seed}', folder=tmp_path), [], 3) for seed in (1, 1, 2)
    )
    assert first == same
    assert [trial.values for trial in first] != [trial.values for trial in other]
    assert "seed" not in first[0].values


def test_a_study_of_two_objectives_is_rebuilt(tmp_path: Path) -> None:
    head = ""
    study = 'sampler = { name = "nsga2", population_size = 4 }\n[objectives]\nscore = "maximize"\ncost = "minimize"\n'
    spec = spec_of(study, SPACE, folder=tmp_path, head=head)

    def both(values: dict[str, object]) -> list[float]:
        return [*score(values), float(values["width"])]  # type: ignore[arg-type]

    through = run(spec, [], 14, both)
    piecewise: list[Trial] = []
    for reached in (3, 4, 5, 9, 14):
        piecewise = run(spec, piecewise, reached, both)
    assert piecewise == through


def test_the_record_stands_where_a_replayed_sampler_proposes_something_else(tmp_path: Path) -> None:
    spec = spec_of('sampler = { name = "cmaes", popsize = 4 }', NUMBERS, folder=tmp_path)
    record = run(spec, [], 8)
    moved = {**record[5].values, "drop": 0.123}
    changed = [*record[:5], replace(record[5], values=moved), *record[6:]]
    memory, differs = rebuild(spec, changed)
    assert differs == 5
    assert memory.study.trials[5].params["drop"] == 0.123
    assert [trial.state.name for trial in memory.study.trials] == ["COMPLETE"] * 8
