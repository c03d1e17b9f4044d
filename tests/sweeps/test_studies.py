"""The studies in ``sweeps/``, run for real, and what a pruner saves there."""

from __future__ import annotations

import shutil
from pathlib import Path

from sweeper.report.sources.outcomes import outcomes
from sweeper.session import EngineName, run_spec
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.trials import Trial, TrialState
from tests.sweeping import Recorder

SWEEPS = Path(__file__).resolve().parents[2] / "sweeps"


def run(name: str, uri: str, *replacements: tuple[str, str], overrides: tuple[str, ...] = ()) -> tuple[Trial, ...]:
    """Run a spec of ``sweeps/``, smaller, in the working directory; return its trials."""
    text = (SWEEPS / f"{name}.toml").read_text(encoding="utf-8")
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    for pipeline in SWEEPS.glob("*.py"):
        shutil.copyfile(pipeline, Path.cwd() / pipeline.name)
    path = Path.cwd() / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    run_spec(path, Recorder(), overrides=overrides, engine=EngineName.INLINE, tracking_uri=uri)
    record = open_reader(uri).sweep(name)
    assert record is not None
    return tuple(record.trials)


def test_the_digits_have_a_pareto_front_of_accuracy_and_weights(store_uri: str) -> None:
    trials = run("digits_pareto", store_uri, ("trials = 40", "trials = 20"))
    assert len(trials) == 20
    assert trials[0].values == {"learning_rate": 0.01, "alpha": 0.001, "penalty": "l1"}
    record = open_reader(store_uri).sweep("digits_pareto")
    assert record is not None
    study = outcomes(record).study
    assert study is not None
    front = [
        trial.told.values for trial in trials if trial.told and trial.number in {one.number for one in study.front}
    ]
    assert len(front) >= 3
    by_accuracy = sorted(front)
    assert [weights for _, weights in by_accuracy] == sorted(weights for _, weights in front)


def test_the_news_study_learns_which_rate_trains_best(store_uri: str) -> None:
    trials = run(
        "bert_tpe",
        store_uri,
        ("trials = 20", "trials = 9"),
        ("{ choice = [32, 64] }", "{ choice = [8, 16] }"),
        ('"BertFeatures.max_tokens" = 32 }', '"BertFeatures.max_tokens" = 16 }'),
        overrides=("FetchArticleIds.limit=120", "seed=0,1"),
    )
    assert len(trials) == 9
    complete = [trial for trial in trials if trial.told and trial.told.state is TrialState.COMPLETE]
    assert all(trial.told and trial.told.replicates == 2 for trial in complete)
    best = max(complete, key=lambda trial: trial.told.values if trial.told else ())
    assert best.told is not None
    assert best.told.values[0] > 0.6


def test_hyperband_saves_half_of_the_epochs_on_the_digits_and_finds_as_good_a_fit(template: Path) -> None:
    head = 'task = "digits:FitDigits"\nmetric = "accuracy"\n[fixed]\nepochs = 27\n[study]\ntrials = 24\n'
    space = "[study.space]\nlearning_rate = { float = [1e-4, 1.0], log = true }\n"
    pruner = 'pruner = { name = "hyperband", max_resource = 27 }\n'
    shutil.copyfile(SWEEPS / "digits.py", "digits.py")
    best, epochs = {}, {}
    for name, text in {"full": head + space, "pruned": head + pruner + space}.items():
        Path(f"{name}.toml").write_text(text, encoding="utf-8")
        Path(name).mkdir()
        uri = sqlite_uri(
            shutil.copyfile(template, Path(name).resolve() / "mlflow.db")
        )  # or one would reuse the other's
        run_spec(Path(f"{name}.toml"), Recorder(), engine=EngineName.INLINE, tracking_uri=uri)
        record = open_reader(uri).sweep(name)
        assert record is not None
        ends = [trial.told for trial in record.trials if trial.told]
        assert len(ends) == 24
        best[name] = max(told.values[0] for told in ends if told.values)
        epochs[name] = sum(max(told.steps) if told.state is TrialState.PRUNED else 27 for told in ends)
    assert epochs["pruned"] <= epochs["full"] / 2
    assert abs(best["pruned"] - best["full"]) < 0.01
