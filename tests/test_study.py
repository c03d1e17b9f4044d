"""Studies end to end: resumed, extended, refused, warm; on a real store, with Optuna's own samplers."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from sweeper.errors import InputError, SpecError
from sweeper.policy import Policy
from sweeper.session import EngineName
from sweeper.store import open_reader, open_store
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.store.trials import Trial, TrialState
from tests.sweeping import CHAIN, CURVES, TROUBLE, Recorder, counts, running, runs, sweep

HEAD = f"""
task = "{CHAIN}:Fit"
metric = "score"
"""

STUDY = f"""{HEAD}
[study]
trials = 8
sampler = {{ name = "tpe", n_startup_trials = 3 }}
[study.space]
rate = {{ float = [1e-3, 1.0], log = true }}
epochs = {{ int = [1, 3] }}
"""

SEEDS = "\n[grid]\nseed = [0, 1]\n"


def trials_of(uri: str, name: str = "sweep") -> tuple[Trial, ...]:
    """Return the trials of a sweep as the record has them."""
    record = open_reader(uri).sweep(name)
    assert record is not None
    return tuple(record.trials)


def told_of(uri: str, name: str = "sweep") -> list[tuple[int, object, object]]:
    """Return what is the same of a study however often it was interrupted."""
    return [(one.number, one.values, one.told and (one.told.state, one.told.values)) for one in trials_of(uri, name)]


def trial_runs(uri: str) -> list[RunRecord]:
    """Return the MLflow runs of trials."""
    return open_reader(uri).runs_with(Tag.KIND, Kind.TRIAL)


class Stopping(Recorder):
    """A listener that interrupts the sweep once it was told of so many points."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._left = number

    def told(self, outcome: object) -> None:
        """Count down."""
        super().told(outcome)  # type: ignore[arg-type]
        self._left -= 1
        if self._left == 0:
            raise KeyboardInterrupt


def test_a_study_runs_its_trials_and_writes_each_down(store_uri: str):
    swept = sweep(STUDY, store_uri)
    assert swept.states == {"computed": 8}
    assert swept.summary.exit_code == 0
    trials = trials_of(store_uri)
    assert [trial.number for trial in trials] == list(range(8))
    assert [trial.seen for trial in trials] == list(range(8))
    for trial in trials:
        assert trial.told is not None
        assert trial.told.values == (3 - abs(trial.values["rate"] - 0.1) + trial.values["epochs"],)
    assert counts(store_uri) == {"fit": 8, "scale": 1, "collect": 1}
    assert {run.status for run in trial_runs(store_uri)} == {RunStatus.FINISHED}
    shown = trial_runs(store_uri)[0]
    assert shown.params["rate"] == str(trials[0].values["rate"])
    assert shown.metrics["score"] == trials[0].told.values[0]


def test_a_finished_study_runs_nothing_when_it_is_run_again(store_uri: str):
    sweep(STUDY, store_uri)
    before = told_of(store_uri)
    again = sweep(STUDY, store_uri)
    assert again.states == {}
    assert again.summary.exit_code == 0
    assert told_of(store_uri) == before
    assert "going on from 8 of 8 trials" in again.messages


@pytest.mark.parametrize("cut", [1, 4, 7])
def test_an_interrupted_study_ends_as_an_uninterrupted_one(cut: int, store_uri: str, tmp_path: Path):
    sweep(STUDY, store_uri, name="through")
    sweep(STUDY, store_uri, name="cut", listener=Stopping(cut))
    assert not running(store_uri)
    sweep(STUDY, store_uri, name="cut")
    assert told_of(store_uri, "cut") == told_of(store_uri, "through")
    assert counts(store_uri)["fit"] == 8, "what one study computed the other reused"


def test_trials_is_a_total_and_raising_it_continues_the_study(store_uri: str):
    sweep(STUDY, store_uri, name="through")
    sweep(STUDY.replace("trials = 8", "trials = 3"), store_uri, name="raised")
    swept = sweep(STUDY, store_uri, name="raised")
    assert len(swept.outcomes) == 5
    assert told_of(store_uri, "raised") == told_of(store_uri, "through")


def test_the_value_of_a_trial_is_the_mean_over_its_replicates(store_uri: str):
    swept = sweep(STUDY.replace("trials = 8", "trials = 3") + SEEDS, store_uri)
    assert swept.states == {"computed": 6}
    for trial in trials_of(store_uri):
        assert trial.told is not None
        expected = 3 - abs(trial.values["rate"] - 0.1) + trial.values["epochs"] + 0.005
        assert trial.told.values == pytest.approx((expected,))
        assert trial.told.replicates == 2


def test_another_replicate_is_added_to_the_old_trials_first_and_the_record_says_so(store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 3") + SEEDS, store_uri)
    before = trials_of(store_uri)
    swept = sweep(STUDY.replace("trials = 8", "trials = 4") + SEEDS.replace("[0, 1]", "[0, 1, 5]"), store_uri)
    assert swept.states == {"computed": 3 + 3, "reused": 6}
    order = [outcome.point["seed"] for outcome in swept.outcomes]
    assert order == [0, 1, 5] * 4
    after = trials_of(store_uri)
    assert [trial.values for trial in after[:3]] == [trial.values for trial in before]
    assert all(trial.told and trial.told.replicates == 3 for trial in after)
    assert any("what 3 trials came to" in message for message in swept.messages)
    assert beginnings_of(store_uri)["changes"] == [[3, "replicates"]]


def beginnings_of(uri: str) -> dict[str, object]:
    """Return what the study on the record started from."""
    reader = open_reader(uri)
    record = reader.sweep("sweep")
    assert record is not None
    number = record.run.tags[Tag.STUDY].rpartition(".")[2]
    found: dict[str, object] = json.loads(reader.artifact(record.run, f"study-{number}.json").read_text())
    return found


def test_an_interrupted_top_up_goes_on_where_it_was(store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 3") + SEEDS, store_uri)
    wider = STUDY.replace("trials = 8", "trials = 3") + SEEDS.replace("[0, 1]", "[0, 1, 5]")
    sweep(wider, store_uri, listener=Stopping(3))
    sweep(wider, store_uri)
    assert all(trial.told and trial.told.replicates == 3 for trial in trials_of(store_uri))
    assert counts(store_uri)["fit"] == 9


def test_widening_the_space_continues_the_study(store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 4"), store_uri)
    wider = STUDY.replace("[1, 3]", "[1, 9]").replace("trials = 8", "trials = 6")
    swept = sweep(wider, store_uri)
    assert len(swept.outcomes) == 2
    assert [one.number for one in trials_of(store_uri)] == list(range(6))
    assert beginnings_of(store_uri)["changes"] == [[4, "space"]]


def test_a_parameter_added_to_the_space_had_its_default_in_the_old_trials(store_uri: str):
    sweep(STUDY.replace("trials = 8", "trials = 4"), store_uri)
    more = STUDY.replace("trials = 8", "trials = 5") + '"Scale.factor" = { float = [0.5, 2.0] }\n'
    assert sweep(more, store_uri).states == {"computed": 1, "reused": 4}
    assert [trial.values["Scale.factor"] for trial in trials_of(store_uri)[:4]] == [1.0] * 4
    again = sweep(more.replace("trials = 5", "trials = 6"), store_uri)
    assert len(again.outcomes) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("[1, 3]", "[2, 3]"), "lies outside of the space|is never"),
        (('metric = "score"', 'metric = "score"\ndirection = "minimize"'), "they were compared by score"),
        (("[study]\n", "[fixed]\n'Scale.factor' = 2.0\n[study]\n"), "fixed.Scale.factor was 'not set' and is 2.0"),
        (("epochs = { int = [1, 3] }", ""), "epochs is not searched"),
    ],
)
def test_a_change_that_makes_the_old_trials_meaningless_is_refused_and_fresh_starts_anew(
    change: tuple[str, str], reason: str, store_uri: str
):
    sweep(STUDY, store_uri)
    changed = STUDY.replace(*change)
    assert changed != STUDY
    with pytest.raises(InputError, match=reason) as refused:
        sweep(changed, store_uri)
    assert "--fresh" in str(refused.value)
    assert len(trials_of(store_uri)) == 8
    swept = sweep(changed, store_uri, policy=Policy(fresh=True))
    assert len(swept.outcomes) == 8
    assert len(trials_of(store_uri)) == 8
    assert len(trial_runs(store_uri)) == 16


def test_fresh_means_nothing_to_a_grid(store_uri: str):
    with pytest.raises(InputError, match="no \\[study\\]"):
        sweep(HEAD + "[grid]\nrate = [0.1]", store_uri, policy=Policy(fresh=True))


def test_a_suggestion_that_the_store_can_answer_runs_nothing(store_uri: str):
    sweep(HEAD + "[grid]\nrate = [0.1, 0.2]\nepochs = [1, 2]", store_uri, name="grid")
    choices = STUDY.replace("{ float = [1e-3, 1.0], log = true }", "{ choice = [0.1, 0.2] }").replace(
        "[1, 3]", "[1, 2]"
    )
    swept = sweep(choices, store_uri)
    assert swept.states == {"reused": 8}
    assert counts(store_uri)["fit"] == 4
    assert all(trial.told for trial in trials_of(store_uri))


def test_rows_to_try_first_come_first_and_once(store_uri: str):
    rows = "enqueue = [{ rate = 0.1, epochs = 2 }, { rate = 0.5 }]\n[study.space]"
    text = STUDY.replace("[study.space]", rows)
    swept = sweep(text.replace("trials = 8", "trials = 3"), store_uri)
    points = [outcome.point.as_dict() for outcome in swept.outcomes]
    assert points[0] == {"rate": 0.1, "epochs": 2}
    assert points[1]["rate"] == 0.5
    assert points[2]["rate"] not in (0.1, 0.5)
    more = text.replace("{ rate = 0.5 }]", "{ rate = 0.5 }, { rate = 0.25, epochs = 3 }]").replace("= 8", "= 5")
    swept = sweep(more, store_uri)
    assert swept.outcomes[0].point.as_dict() == {"rate": 0.25, "epochs": 3}
    assert len(swept.outcomes) == 2


def test_results_of_earlier_sweeps_are_known_before_the_first_trial(store_uri: str):
    grid = "[grid]\nrate = [0.001, 0.01, 0.1, 0.9]\nepochs = [1, 2, 3]\nseed = [0, 1]\n"
    sweep(HEAD + 'replicates = "seed"\n' + grid, store_uri, name="grid")
    narrower = STUDY.replace("trials = 8", 'trials = 1\nwarm_start = "all"').replace("[1, 3]", "[1, 2]") + SEEDS
    assert any("8 assignments are known" in one for one in sweep(narrower, store_uri, name="some").messages)
    warm = STUDY.replace("trials = 8", 'trials = 6\nwarm_start = ["grid"]') + SEEDS
    swept = sweep(warm, store_uri, name="warm")
    assert any("12 assignments are known" in message for message in swept.messages)
    rates = [trial.values["epochs"] for trial in trials_of(store_uri, "warm")]
    assert rates.count(3) >= 4, "a sampler that knows the grid proposes its best epochs"
    other = narrower.replace("[study]", "[fixed]\n'Scale.factor' = 3.0\n[study]")
    assert not any("are known" in one for one in sweep(other, store_uri, name="none").messages)
    with pytest.raises(InputError, match="no such sweep; did you mean grid"):
        sweep(warm.replace('["grid"]', '["gird"]'), store_uri, name="typo")


def test_a_warm_start_is_the_same_when_the_study_is_resumed(store_uri: str):
    sweep(HEAD + "[grid]\nrate = [0.01, 0.1]\nepochs = [1, 2, 3]\n", store_uri, name="grid")
    warm = STUDY.replace("trials = 8", 'trials = 8\nwarm_start = "all"')
    sweep(warm, store_uri, name="through")
    for cut in (2, 3):
        sweep(warm.replace('"all"', '["grid"]'), store_uri, name="cut", listener=Stopping(cut))
    sweep(warm.replace('"all"', '["grid"]'), store_uri, name="cut")
    assert told_of(store_uri, "cut") == told_of(store_uri, "through")


def test_several_objectives_and_a_constraint_are_told_of(store_uri: str):
    text = STUDY.replace('metric = "score"', "").replace(
        "[study]",
        '[objectives]\nscore = "maximize"\n"train.loss" = "minimize"\n[study]\nconstraints = ["score <= 4.5"]',
    )
    text = text.replace(f"{CHAIN}:Fit", "two:Two").replace('{ name = "tpe", n_startup_trials = 3 }', '"nsga2"')
    Path("two.py").write_text(
        "import luigi\nfrom sweeper import MlflowTask\n"
        "class Two(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n    epochs = luigi.IntParameter()\n"
        "    def _run(self):\n"
        "        self.save_to_mlflow(metrics={'score': self.rate + self.epochs, 'train.loss': self.epochs})\n"
    )
    sweep(text, store_uri)
    for trial in trials_of(store_uri):
        assert trial.told is not None
        score = trial.values["rate"] + trial.values["epochs"]
        assert trial.told.values == (score, trial.values["epochs"])
        assert trial.told.is_feasible == (score <= 4.5)


def test_a_failed_trial_is_told_of_and_tried_again_with_the_same_values(store_uri: str):
    text = f"""
    task = "{TROUBLE}:Trouble"
    metric = "score"
    [study]
    trials = 4
    sampler = "random"
    [study.space]
    number = {{ int = [1, 9] }}
    ending = {{ choice = ["error"] }}
    """
    swept = sweep(text, store_uri)
    assert swept.states == {"failed": 4}
    assert swept.summary.exit_code == 1
    first = trials_of(store_uri)
    assert {trial.told.state for trial in first if trial.told} == {TrialState.FAILED}
    again = sweep(text, store_uri)
    assert again.states == {"failed": 4}
    assert [trial.values for trial in trials_of(store_uri)] == [trial.values for trial in first]


def test_one_upstream_failure_is_one_failed_trial_and_ends_a_study_that_needs_it(store_uri: str):
    Path("up.py").write_text(
        "from pathlib import Path\nimport luigi\nfrom sweeper import MlflowTask\n"
        "class Data(MlflowTask):\n"
        "    def _run(self):\n"
        "        if not Path('mended').exists():\n            raise OSError('no data')\n"
        "        self.save_to_mlflow(metrics={'size': 1})\n"
        "class Fit(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n"
        "    def requires(self):\n        return {'data': Data()}\n"
        "    def _run(self):\n        self.save_to_mlflow(metrics={'score': self.rate})\n"
    )
    text = 'task = "up:Fit"\nmetric = "score"\n[study]\ntrials = 6\n[study.space]\nrate = { float = [0.0, 1.0] }\n'
    swept = sweep(text, store_uri)
    assert swept.states == {"blocked": 1}
    trials = trials_of(store_uri)
    assert len(trials) == 1, "what would be blocked is not even proposed"
    assert trials[0].told is not None
    assert trials[0].told.state is TrialState.FAILED
    Path("mended").touch()
    assert sweep(text, store_uri).states == {"computed": 6}
    assert trials_of(store_uri)[0].values == trials[0].values


def test_a_failed_region_is_avoided_once_it_is_known(store_uri: str):
    Path("region.py").write_text(
        "import luigi\nfrom sweeper import MlflowTask\n"
        "class Embed(MlflowTask):\n"
        "    width = luigi.IntParameter(default=1)\n"
        "    def _run(self):\n"
        "        if self.width == 2:\n            raise OSError('too wide')\n"
        "        self.save_to_mlflow(metrics={'size': 1})\n"
        "class Fit(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n"
        "    def requires(self):\n        return {'data': Embed()}\n"
        "    def _run(self):\n        self.save_to_mlflow(metrics={'score': self.rate})\n"
    )
    text = (
        'task = "region:Fit"\nmetric = "score"\n[study]\ntrials = 12\nsampler = "random"\n[study.space]\n'
        'rate = { float = [0.0, 1.0] }\n"Embed.width" = { choice = [1, 2, 3] }\n'
    )
    swept = sweep(text, store_uri)
    assert swept.states["blocked"] == 1
    assert swept.states["computed"] == 11
    widths = [trial.values["Embed.width"] for trial in trials_of(store_uri)]
    assert widths.count(2) == 1


def test_a_timeout_counts_the_seconds_of_every_run_of_the_study(store_uri: str):
    text = STUDY.replace("trials = 8", "trials = 500\ntimeout = 1.5")
    first = sweep(text, store_uri)
    assert 0 < len(first.outcomes) < 500
    assert any("1.5 s are over" in message for message in first.messages)
    assert len(sweep(text, store_uri).outcomes) <= 1, "the time until the last tell is on the record"
    known = len(trials_of(store_uri))
    longer = text.replace("1.5", "100000").replace("trials = 500", f"trials = {known + 2}")
    assert len(sweep(longer, store_uri).outcomes) == 2


def test_an_unknown_sampler_pruner_or_argument_is_refused_with_the_right_ones(store_uri: str):
    wrong = STUDY.replace('{ name = "tpe", n_startup_trials = 3 }', '{ name = "tpe", n_startup = 3, seed = 4 }')
    with pytest.raises(SpecError) as refused:
        sweep(wrong.replace("trials = 8", 'trials = 8\npruner = "medain"'), store_uri)
    text = str(refused.value)
    assert "study.sampler.n_startup: is no argument of TPESampler; did you mean n_startup_trials?" in text
    assert "study.sampler.seed: is not said here; it is study.seed" in text
    assert 'study.pruner = "medain": is no pruner of Optuna\'s, nor module:Class; did you mean median?' in text
    with pytest.raises(SpecError, match="choose from cmaes, gp, nsga2, nsga3, qmc, random, tpe"):
        sweep(STUDY.replace('"tpe"', '"zzzzzz"'), store_uri)


def test_a_study_on_a_moved_store_goes_on(store_uri: str, tmp_path: Path):
    from sweeper.store.locate import sqlite_uri

    sweep(STUDY, store_uri, listener=Stopping(3))
    moved = tmp_path / "elsewhere"
    (tmp_path / "results").rename(moved)
    uri = sqlite_uri(moved / "mlflow.db")
    sweep(STUDY, uri)
    assert len(trials_of(uri)) == 8
    open_store(uri)


def test_a_second_sweeper_at_a_study_is_refused(store_uri: str):
    class Second(Recorder):
        def told(self, outcome: object) -> None:
            super().told(outcome)  # type: ignore[arg-type]
            with pytest.raises(InputError, match="another sweeper"):
                sweep(STUDY, store_uri, listener=Recorder())

    assert len(sweep(STUDY.replace("trials = 8", "trials = 1"), store_uri, listener=Second()).outcomes) == 1


def test_a_pruner_looks_at_a_trial_after_each_replicate_and_the_last_prunes_nothing(store_uri: str):
    text = f"""{HEAD}
    [study]
    trials = 12
    sampler = "random"
    pruner = {{ name = "median", n_startup_trials = 2 }}
    [study.space]
    rate = {{ float = [1e-3, 1.0] }}
    [grid]
    seed = [0, 1, 2]
    """
    swept = sweep(text, store_uri)
    ends = [trial.told for trial in trials_of(store_uri) if trial.told]
    pruned = [told for told in ends if told.state is TrialState.PRUNED]
    complete = [told for told in ends if told.state is TrialState.COMPLETE]
    assert pruned
    assert all(told.replicates < 3 and max(told.steps) == told.replicates for told in pruned)
    assert all(told.replicates == 3 and set(told.steps) == {1, 2, 3} for told in complete)
    assert len(swept.outcomes) == sum(told.replicates for told in ends) < 36
    for told in complete:
        assert told.steps[3] == pytest.approx(told.values[0])
        assert told.steps[2] == pytest.approx(told.values[0] - 0.005), "the running mean"
    assert pruned[0].reason.startswith("pruned after")
    assert sweep(text, store_uri).outcomes == []


def test_wilcoxon_compares_replicate_with_replicate(store_uri: str):
    text = f"""{HEAD}
    [study]
    trials = 4
    sampler = "random"
    pruner = {{ name = "wilcoxon", n_startup_steps = 2 }}
    [study.space]
    rate = {{ float = [1e-3, 1.0] }}
    [grid]
    seed = [0, 1, 2, 3, 4, 5, 6, 7]
    """
    sweep(text, store_uri)
    first = trials_of(store_uri)[0].told
    assert first is not None
    assert first.steps[8] - first.steps[1] == pytest.approx(0.07), "each replicate's own value"


def test_a_replicate_that_fails_fails_its_trial_and_the_rest_is_not_tried(store_uri: str):
    text = f"""
    task = "{TROUBLE}:Trouble"
    metric = "score"
    [study]
    trials = 3
    sampler = "random"
    [study.space]
    number = {{ int = [1, 9] }}
    [grid]
    ending = ["well", "error", "sys.exit"]
    """
    swept = sweep(text, store_uri)
    assert swept.states == {"computed": 3, "failed": 3}
    assert {trial.told.state for trial in trials_of(store_uri) if trial.told} == {TrialState.FAILED}
    again = sweep(text, store_uri)
    assert again.states == {"reused": 3, "failed": 3}


def test_several_trials_that_one_upstream_failure_blocks_are_one_failed_trial(store_uri: str):
    Path("slow.py").write_text(
        "import time\nfrom pathlib import Path\nimport luigi\nfrom sweeper import MlflowTask\n"
        "class Data(MlflowTask):\n"
        "    def _run(self):\n"
        "        time.sleep(1)\n"
        "        if not Path('mended').exists():\n            raise OSError('no data')\n"
        "        self.save_to_mlflow(metrics={'size': 1})\n"
        "class Fit(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n"
        "    def requires(self):\n        return {'data': Data()}\n"
        "    def _run(self):\n        self.save_to_mlflow(metrics={'score': self.rate})\n"
    )
    text = 'task = "slow:Fit"\nmetric = "score"\n[study]\ntrials = 7\n[study.space]\nrate = { float = [0.0, 1.0] }\n'
    swept = sweep(text, store_uri, engine=EngineName.LOCAL, workers=3)
    assert swept.states == {"blocked": 3}
    trials = trials_of(store_uri)
    assert [trial.told and trial.told.state for trial in trials] == [TrialState.FAILED, None, None]
    assert running(store_uri) == []
    assert any("4 trials are not begun" in message for message in swept.messages)
    Path("mended").touch()
    assert sweep(text, store_uri, engine=EngineName.LOCAL, workers=3).states == {"computed": 7}
    assert [trial.values for trial in trials_of(store_uri)[:3]] == [trial.values for trial in trials]


def test_whole_numbers_on_a_float_parameter_are_its_floats(store_uri: str):
    text = STUDY.replace("{ float = [1e-3, 1.0], log = true }", "{ int = [1, 5] }").replace("trials = 8", "trials = 3")
    sweep(text, store_uri)
    values = [trial.values["rate"] for trial in trials_of(store_uri)]
    assert {type(value) for value in values} == {float}
    through = told_of(store_uri)
    sweep(text, store_uri, name="cut", listener=Stopping(1))
    sweep(text, store_uri, name="cut")
    assert told_of(store_uri, "cut") == through


def test_a_pruned_trial_of_a_study_with_constraints_keeps_none(store_uri: str):
    text = f"""
    task = "{CURVES}:Curve"
    metric = "score"
    [study]
    trials = 12
    sampler = "random"
    pruner = {{ name = "median", n_startup_trials = 2 }}
    constraints = ["cost <= 60"]
    [study.space]
    rate = {{ float = [1e-4, 1.0], log = true }}
    """
    sweep(text, store_uri)
    states = [trial.told.state for trial in trials_of(store_uri) if trial.told]
    assert len(states) == 12
    assert set(states) == {TrialState.COMPLETE, TrialState.PRUNED}


def test_a_reused_result_shows_the_pruner_what_it_reported(store_uri: str):
    text = f"""
    task = "{CURVES}:Curve"
    metric = "score"
    [study]
    trials = 6
    sampler = "random"
    pruner = {{ name = "hyperband", max_resource = 5 }}
    [study.space]
    rate = {{ choice = [0.01] }}
    """
    sweep(f'task = "{CURVES}:Curve"\nmetric = "score"\n[grid]\nrate = [0.01]\n', store_uri, name="grid")
    swept = sweep(text, store_uri)
    assert swept.states == {"reused": 6}
    for trial in trials_of(store_uri):
        assert trial.told is not None
        assert sorted(trial.told.steps) == [1, 2, 3, 4, 5]
        assert trial.told.steps[5] == trial.told.values[0]
        assert "completed_rung_0" in trial.told.attributes


def test_results_of_other_code_are_said_and_made_again_on_demand(store_uri: str):
    pipeline = Path("coded.py")
    body = (
        "import luigi\nfrom sweeper import MlflowTask\n"
        "class Fit(MlflowTask):\n"
        "    rate = luigi.FloatParameter()\n"
        "    def _run(self):\n        self.save_to_mlflow(metrics={'score': self.rate})\n"
    )
    pipeline.write_text(body)
    text = 'task = "coded:Fit"\nmetric = "score"\n[study]\ntrials = 3\n[study.space]\nrate = { float = [0.0, 1.0] }\n'
    sweep(text, store_uri)
    _forget("coded")
    pipeline.write_text(body.replace("self.rate}", "2 * self.rate}"))
    again = sweep(text, store_uri)
    assert again.outcomes == []
    assert any("3 results of its trials were made by other code" in message for message in again.messages)
    _forget("coded")
    renewed = sweep(text, store_uri, policy=Policy(rerun_changed=True))
    assert renewed.states == {"computed": 3}
    assert not any("--rerun-changed" in message for message in renewed.messages)
    for trial in trials_of(store_uri):
        assert trial.told is not None
        assert trial.told.values == (2 * trial.values["rate"],)


def _forget(module: str) -> None:
    from luigi.task_register import Register

    from sweeper.task import source

    del sys.modules[module]
    source._digest.cache_clear()
    Register.clear_instance_cache()
    Register._reg[:] = [task for task in Register._reg if task.__module__ != module]


def test_a_constraint_on_a_metric_that_nobody_logged_is_refused(store_uri: str):
    sweep(STUDY, store_uri)
    before = told_of(store_uri)
    with pytest.raises(InputError, match="none of their results has logged memory"):
        sweep(STUDY.replace("trials = 8", 'trials = 8\nconstraints = ["memory <= 3"]'), store_uri)
    assert told_of(store_uri) == before


def test_a_grid_under_the_name_of_a_study_is_refused(store_uri: str):
    sweep(STUDY, store_uri)
    with pytest.raises(InputError, match="the name sweep belongs to a study"):
        sweep(HEAD + "[grid]\nrate = [0.1]\n", store_uri)
    assert len(trials_of(store_uri)) == 8


def test_the_report_knows_old_trials_by_the_parameter_that_was_added(store_uri: str):
    from sweeper.report.sources.outcomes import outcomes

    sweep(STUDY.replace("trials = 8", "trials = 3"), store_uri)
    more = STUDY.replace("trials = 8", "trials = 4") + '"Scale.factor" = { float = [0.5, 2.0] }\n'
    assert sweep(more, store_uri).states == {"computed": 1, "reused": 3}
    record = open_reader(store_uri).sweep("sweep")
    assert record is not None
    table = outcomes(record)
    assert [cell.state.value for cell in table.cells] == ["finished"] * 4
    assert table.outside == 0


def test_another_task_under_the_name_of_a_study_is_refused_for_that(store_uri: str):
    sweep(STUDY, store_uri)
    other = STUDY.replace(f"{CHAIN}:Fit", f"{CURVES}:Curve")
    with pytest.raises(InputError, match="belongs to a sweep of"):
        sweep(other, store_uri)


def test_what_was_pruned_and_has_a_result_by_now_is_reused(store_uri: str):
    text = f"""
    task = "{CURVES}:Curve"
    metric = "score"
    [study]
    trials = 5
    sampler = "random"
    pruner = {{ name = "threshold", lower = 0.05 }}
    [study.space]
    rate = {{ choice = [1e-7] }}
    """
    sweep(text, store_uri)
    states = [trial.told.state for trial in trials_of(store_uri) if trial.told]
    assert states == [TrialState.PRUNED] * 5
    assert len(runs(store_uri)) == 1, "what was pruned once is not tried again"
    sweep(f'task = "{CURVES}:Curve"\nmetric = "score"\n[grid]\nrate = [1e-7]\n', store_uri, name="grid")
    sweep(text.replace("trials = 5", "trials = 6"), store_uri)
    last = trials_of(store_uri)[-1].told
    assert last is not None
    assert last.state is TrialState.COMPLETE
