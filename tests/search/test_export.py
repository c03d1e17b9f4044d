"""A study handed over to Optuna: to any storage, under its own name, with everything the record has."""

from __future__ import annotations

import warnings
from pathlib import Path

import optuna
import pytest
from click.testing import CliRunner
from optuna.trial import TrialState

from sweeper.cli import main
from tests.sweeping import sweep
from tests.test_study import HEAD, SEEDS, STUDY, Stopping, trials_of


def export(uri: str, *arguments: str) -> tuple[int, str]:
    """Run ``sweeper study export`` on the sweep ``sweep``; return its exit code and what it printed."""
    result = CliRunner().invoke(main, ["study", "export", "sweep", "--tracking-uri", uri, *arguments])
    return result.exit_code, result.output


def test_an_exported_study_has_the_trials_of_the_record(store_uri: str, tmp_path: Path):
    sweep(STUDY + SEEDS, store_uri)
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    code, text = export(store_uri, "--storage", storage)
    assert (code, text) == (0, f"8 trials of sweep are the study sweep in {storage}\n")
    study = optuna.load_study(study_name="sweep", storage=storage)
    recorded = trials_of(store_uri)
    assert [trial.params for trial in study.trials] == [trial.values for trial in recorded]
    assert [trial.values for trial in study.trials] == [list(trial.told.values) for trial in recorded if trial.told]
    assert study.direction is optuna.study.StudyDirection.MAXIMIZE
    assert study.trials[0].user_attrs["run_id"] == recorded[0].run_id
    assert study.trials[0].user_attrs["replicates"] == 2
    duration = study.trials[0].duration
    assert duration is not None
    assert 0 <= duration.total_seconds() < 60
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        axes = optuna.visualization.matplotlib.plot_optimization_history(study)
        assert axes.has_data()


def test_a_trial_that_has_not_ended_waits_with_its_values(store_uri: str, tmp_path: Path):
    sweep(STUDY + SEEDS, store_uri, listener=Stopping(3))
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    assert export(store_uri, "--storage", storage)[0] == 0
    study = optuna.load_study(study_name="sweep", storage=storage)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE, TrialState.WAITING]
    assert study.trials[1].system_attrs["fixed_params"] == trials_of(store_uri)[1].values


def test_a_name_that_is_taken_is_refused_unless_it_is_to_be_replaced(store_uri: str, tmp_path: Path):
    sweep(STUDY, store_uri)
    storage = f"sqlite:///{tmp_path / 'optuna.db'}"
    assert export(store_uri, "--storage", storage)[0] == 0
    code, text = export(store_uri, "--storage", storage)
    assert code == 2
    assert "has a study sweep; give this one another --name, or --replace it" in text
    assert export(store_uri, "--storage", storage, "--name", "second")[0] == 0
    assert export(store_uri, "--storage", storage, "--replace")[0] == 0
    assert sorted(optuna.get_all_study_names(storage)) == ["second", "sweep"]


@pytest.mark.parametrize("storage", ["nonsense://x", "sqlite:////no/such/folder/x.db"])
def test_a_storage_that_cannot_be_used_is_no_traceback(storage: str, store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 1"), store_uri)
    code, text = export(store_uri, "--storage", storage)
    assert code == 3
    assert text.startswith(storage)


def test_a_grid_has_no_study_to_export(store_uri: str):
    sweep(HEAD + "[grid]\nrate = [0.1]\n", store_uri)
    code, text = export(store_uri, "--storage", "sqlite:///x.db")
    assert code == 2
    assert "is no study" in text


def test_the_store_itself_is_no_place_for_optunas_tables(store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 1"), store_uri)
    code, text = export(store_uri, "--storage", store_uri)
    assert code == 2
    assert "is MLflow's own database" in text
