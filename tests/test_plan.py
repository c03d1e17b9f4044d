"""A plan says what a sweep would do, and does nothing."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.binding import bind
from sweeper.errors import IdentityError
from sweeper.plan import Plan, Step, TrialsAhead, make_plan
from sweeper.points import Count
from sweeper.policy import STANDARD, Policy
from sweeper.report.plan import plan_text
from sweeper.spec import load
from sweeper.store import open_reader
from tests.sweeping import CHAIN, TROUBLE, counts, forget_module, luigi_settings, runs, sweep, write_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

SWEEPS = Path(__file__).resolve().parents[1] / "sweeps"

GRID = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nScale.factor = [1, 2]\nrate = [0.1, 0.2]\nseed = [0, 1, 2]\n'


def plan_of(text: str, uri: str, *overrides: str, policy: Policy = STANDARD) -> Plan:
    return make_plan(bind(load(write_spec(text), overrides)), open_reader(uri), policy)


def steps(plan: Plan) -> Sequence[tuple[str, int, int, float]]:
    return [(step.family, step.instances, step.complete, step.sharing) for step in plan.steps]


@pytest.mark.parametrize("path", sorted(SWEEPS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_spec_of_the_project_can_be_planned(path: Path, store_uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "path", [str(SWEEPS), *sys.path])
    plan = make_plan(bind(load(path)), open_reader(store_uri))
    assert 0 < plan.steps[-1].instances <= plan.points.number
    assert plan.trials or plan.steps[-1].instances == plan.points.number  # of a study two draws may be one point


def test_the_news_sweep_computes_its_features_once_for_all_points(store_uri: str):
    plan = make_plan(bind(load(SWEEPS / "bert_lr.toml")), open_reader(store_uri))
    assert steps(plan) == [
        ("FetchArticleIds", 1, 0, 30.0),
        ("FetchTitles", 1, 0, 30.0),
        ("FetchBodies", 1, 0, 30.0),
        ("BuildClassifier", 5, 0, 6.0),
        ("CleanBodies", 1, 0, 30.0),
        ("BertFeatures", 1, 0, 30.0),
        ("TrainClassifier", 30, 0, 1.0),
    ]


def test_steps_come_upstream_first_with_how_many_points_share_an_instance(store_uri: str):
    assert steps(plan_of(GRID, store_uri)) == [("Collect", 1, 0, 12.0), ("Scale", 2, 0, 6.0), ("Fit", 12, 0, 1.0)]


def test_planning_writes_nothing(store_uri: str):
    plan_of(GRID, store_uri)
    assert runs(store_uri) == []


def test_planning_creates_no_store(tmp_path: Path):
    plan = plan_of(GRID, f"sqlite:///{tmp_path}/none/mlflow.db")
    assert plan.points.number == 12
    assert not (tmp_path / "none").exists()


def test_after_a_run_the_rest_is_planned_with_the_durations_so_far(store_uri: str):
    assert sweep(GRID, store_uri, "seed=0").summary.exit_code == 0
    plan = plan_of(GRID, store_uri)
    assert [(step.family, step.complete, step.to_run) for step in plan.steps] == [
        ("Collect", 1, 0),
        ("Scale", 2, 0),
        ("Fit", 4, 8),
    ]
    seconds = plan.steps[-1].seconds
    assert seconds is not None
    assert seconds > 0
    assert plan.expected_seconds(1) == pytest.approx(8 * seconds)
    assert plan.expected_seconds(4) == pytest.approx(2 * seconds)
    assert "8 tasks to run, about" in plan_text(plan, 4)


def test_a_finished_sweep_has_nothing_to_run(store_uri: str):
    sweep(GRID, store_uri)
    assert plan_text(plan_of(GRID, store_uri), 1).endswith("nothing to run: every task has its result")


def test_results_of_other_code_are_told(store_uri: str):
    Path("own.py").write_text(f"from {CHAIN} import Fit\nclass Own(Fit): pass\n", encoding="utf-8")
    text = 'task = "own:Own"\nmetric = "score"\n[grid]\nseed = [0, 1]\n'
    sweep(text, store_uri)
    assert "other code" not in plan_text(plan_of(text, store_uri), 1)

    Path("own.py").write_text(f"from {CHAIN} import Fit\nclass Own(Fit): changed = True\n", encoding="utf-8")
    forget_module("own")
    assert "2 results of Own were made by other code than it has now" in plan_text(plan_of(text, store_uri), 1)
    one = plan_of(text.replace("[0, 1]", "[0]"), store_uri)
    assert "1 result of Own was made by other code than it has now" in plan_text(one, 1)


RENEWING = Policy(rerun_changed=True)


def to_run(plan: Plan) -> dict[str, int]:
    return {step.family: step.to_run for step in plan.steps}


def test_what_is_to_be_made_again_is_planned_with_all_that_depends_on_it(store_uri: str):
    """Counted as by the sweep itself, and by the durations of what is not reused."""
    root = """import sweeper

class Root(sweeper.MlflowTask):
    def _run(self): self.save_to_mlflow(metrics={"level": LEVEL})
"""
    end = """import luigi, root, sweeper

class End(sweeper.MlflowTask):
    factor = luigi.FloatParameter()
    def requires(self): return root.Root()
    def _run(self): self.save_to_mlflow(metrics={"score": self.factor})
"""
    Path("end.py").write_text(end)
    Path("root.py").write_text(root.replace("LEVEL", "1"))
    text = 'task = "end:End"\nmetric = "score"\n[grid]\nfactor = [1, 2, 3]\n'
    sweep(text.replace(", 3]", "]"), store_uri)
    assert to_run(plan_of(text, store_uri, policy=RENEWING)) == {"Root": 0, "End": 1}

    Path("root.py").write_text(root.replace("LEVEL", "2"))
    forget_module("root")
    forget_module("end")
    assert to_run(plan_of(text, store_uri)) == {"Root": 0, "End": 1}
    plan = plan_of(text, store_uri, policy=RENEWING)
    assert to_run(plan) == {"Root": 1, "End": 3}
    assert plan.expected_seconds(1) is not None
    assert sweep(text, store_uri, policy=RENEWING).states == {"computed": 3}
    assert counts(store_uri) == {"root": 2, "end": 5}
    assert to_run(plan_of(text, store_uri, policy=RENEWING)) == {"Root": 0, "End": 0}


def test_a_result_that_lacks_the_metric_is_planned_again_once_the_code_has_changed(store_uri: str):
    module = (
        "import sweeper\nclass Own(sweeper.MlflowTask):\n    def _run(self): self.save_to_mlflow(metrics={NAMES})\n"
    )
    text = 'task = "own:Own"\nmetric = "score"\n'
    Path("own.py").write_text(module.replace("NAMES", "'other': 1.0"))
    sweep(text, store_uri)
    assert to_run(plan_of(text, store_uri)) == {"Own": 0}

    Path("own.py").write_text(module.replace("NAMES", "'score': 1.0"))
    forget_module("own")
    assert to_run(plan_of(text, store_uri)) == {"Own": 1}


def test_a_result_of_another_class_stops_the_plan_with_both_names(store_uri: str):
    for module in ("mine", "yours"):
        code = f"from sweeper import MlflowTask\nfrom {CHAIN} import Fit\nclass Own(Fit): pass\n"
        Path(f"{module}.py").write_text(code, encoding="utf-8")
    text = 'task = "{}:Own"\nmetric = "score"\n[grid]\nseed = [0]\n'
    sweep(text.format("mine"), store_uri)
    with pytest.raises(IdentityError, match=r"yours:Own and mine:Own have one identity .*Meta\.formerly"):
        plan_of(text.format("yours"), store_uri)


def test_points_that_cannot_be_built_are_counted_with_the_reason(store_uri: str):
    plan = plan_of(f'task = "{TROUBLE}:Picky"\nmetric = "score"\n[grid]\nnumber = [1, 2, 3]\n', store_uri)
    assert plan.unbuilt == {"RuntimeError: two is not known": 1}
    assert steps(plan) == [("Trouble", 1, 0, 2.0), ("Picky", 2, 0, 1.0)]
    assert plan_text(plan, 1).endswith("1 point will fail: RuntimeError: two is not known")


def test_what_nobody_can_run_is_complete_if_it_is_there(store_uri: str):
    Path("1.txt").touch()
    plan = plan_of(f'task = "{TROUBLE}:NeedsFile"\nmetric = "score"\n[grid]\nnumber = [1, 2]\n', store_uri)
    assert steps(plan)[0] == ("File", 2, 1, 1.0)


def test_defaults_of_luigi_cfg_are_shown_where_the_spec_sets_nothing(store_uri: str):
    with luigi_settings({"Fit": {"epochs": "7"}, "Scale": {"factor": "3"}, "Collect": {"size": "4"}}):
        plan = plan_of(f'task = "{CHAIN}:Fit"\nmetric = "score"\n[fixed]\nScale.factor = 1\n', store_uri)
    assert plan.configured == {"Fit.epochs": "7", "Collect.size": "4"}
    assert "luigi.cfg sets Fit.epochs = 7" in plan_text(plan, 1)


def test_a_billion_points_are_planned_by_sample(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nrate = {{ linspace = [0, 1, 1_000_001] }}\n'
    plan = plan_of(text + "seed = { range = [1_000] }\n", store_uri)
    assert str(plan.points) == "1,000,001,000"
    assert plan.is_sampled
    assert plan.steps[-1].instances == plan.looked_at == 2_000
    assert plan_text(plan, 1).startswith(
        "sweep: 1,000,001,000 points; what follows is of a sample of 2,000\n",
    )


STUDY = f"""
task = "{CHAIN}:Fit"
metric = "score"
[study]
trials = 6
sampler = "random"
[study.space]
rate = {{ float = [0.01, 1.0], log = true }}
Scale.factor = {{ choice = [1.0, 2.0] }}
[grid]
seed = [0, 1]
"""


def test_a_study_is_planned_from_random_points_of_its_space(store_uri: str):
    plan = plan_of(STUDY, store_uri)
    assert plan.trials == TrialsAhead(total=6, done=0, points=2, left=6, drawn=6, is_bound=False)
    assert str(plan.points) == "12"
    assert steps(plan) == [("Collect", 1, 0, 12.0), ("Scale", 2, 0, 6.0), ("Fit", 12, 0, 1.0)]
    assert runs(store_uri) == []


def test_the_trials_of_a_study_that_are_on_the_record_count_as_done(store_uri: str):
    assert sweep(STUDY, store_uri).summary.exit_code == 0
    finished = plan_of(STUDY, store_uri)
    assert finished.trials == TrialsAhead(total=6, done=6, points=2, left=0, drawn=0, is_bound=False)
    assert plan_text(finished, 1).startswith("sweep: 6 trials of 2 points each, all of them done\n")
    assert plan_text(finished, 1).endswith("nothing to run: every task has its result")
    more = plan_of(STUDY.replace("trials = 6", "trials = 8"), store_uri)
    assert more.trials == TrialsAhead(total=8, done=6, points=2, left=2, drawn=2, is_bound=False)
    assert [(step.complete, step.to_run) for step in more.steps] == [(1, 0), (2, 0), (12, 4)]


def test_a_replicate_that_is_added_is_planned_for_every_trial(store_uri: str):
    sweep(STUDY, store_uri)
    plan = plan_of(STUDY, store_uri, "seed=0,1,2")
    assert plan.trials is not None
    assert (plan.trials.done, plan.trials.points) == (0, 3)
    assert (plan.steps[-1].complete, plan.steps[-1].to_run) == (12, 6)


def test_rows_to_try_first_are_planned_as_they_are(store_uri: str):
    sweep(GRID.replace("[0, 1, 2]", "[0, 1]"), store_uri)
    rows = 'trials = 2\nenqueue = [{ rate = 0.1, "Scale.factor" = 1.0 }, { rate = 0.2, "Scale.factor" = 2.0 }]'
    plan = plan_of(STUDY.replace("trials = 6", rows), store_uri)
    assert steps(plan)[-1] == ("Fit", 4, 4, 1.0)


def test_trials_that_failed_are_planned_again_and_those_that_were_pruned_are_not(store_uri: str):
    text = f'task = "{TROUBLE}:Trouble"\nmetric = "score"\n[study]\ntrials = 2\nsampler = "random"\n'
    space = '[study.space]\nending = {{ choice = ["{}"] }}\nnumber = {{ int = [0, 1000] }}\n'
    sweep(text + space.format("error"), store_uri, name="failed")
    sweep(text + space.format("prune"), store_uri, name="pruned")
    failed = make_plan(bind(load(Path("failed.toml"))), open_reader(store_uri))
    pruned = make_plan(bind(load(Path("pruned.toml"))), open_reader(store_uri))
    assert (failed.trials and failed.trials.done, steps(failed)) == (0, [("Trouble", 2, 0, 1.0)])
    assert (pruned.trials and pruned.trials.done, steps(pruned)) == (2, [])


def test_of_a_long_study_a_sample_is_planned(store_uri: str):
    plan = plan_of(STUDY.replace("trials = 6", "trials = 5_000\ntimeout = 60"), store_uri)
    assert plan.is_sampled
    assert plan.trials == TrialsAhead(total=5000, done=0, points=2, left=5000, drawn=1000, is_bound=True)
    assert plan.looked_at == 2000
    text = plan_text(plan, 1)
    assert text.splitlines()[:2] == [
        "sweep: 5,000 trials of 2 points each",
        "for the 5,000 trials to come, what follows counts 1,000 random points of the space, a sample",
    ]
    assert "at most 2,003 tasks of the sample to run on 1 worker" in text


def test_the_text_of_a_studys_plan():
    trials = TrialsAhead(total=60, done=20, points=3, left=39, drawn=39, is_bound=True)
    step = Step("Fit", 180, 61, 180, seconds=30.0)
    plan = Plan("bert_tpe", Count(180, is_exact=False), 180, [step], trials=trials)
    assert plan_text(plan, 2) == (
        "bert_tpe: 60 trials of 3 points each, 20 of them done\n"
        "for the 39 trials to come, what follows counts 39 random points of the space\n\n"
        "task      instances    complete    to run    points sharing one    seconds each\n"
        "------  -----------  ----------  --------  --------------------  --------------\n"
        "Fit             180          61       119                     1           30.00\n\n"
        "at most 119 tasks to run, about 29 min 45 s on 2 workers by past durations"
    )


def test_the_text_of_a_plan():
    plan = Plan(
        "bert_lr",
        Count(12, is_exact=True),
        12,
        [Step("Collect", 1, 1, 12, seconds=61.0), Step("Fit", 12, 2, 12, changed=2, seconds=30.0)],
    )
    assert plan_text(plan, 2) == (
        "bert_lr: 12 points\n\n"
        "task       instances    complete    to run    points sharing one    seconds each\n"
        "-------  -----------  ----------  --------  --------------------  --------------\n"
        "Collect            1           1         0                    12           61.00\n"
        "Fit               12           2        10                     1           30.00\n\n"
        "10 tasks to run, about 2 min 30 s on 2 workers by past durations\n"
        "2 results of Fit were made by other code than it has now"
    )


def test_a_limit_is_told_and_counts_in_how_long_it_takes():
    steps = [Step("Embed", 4, 0, 4, seconds=60.0, at_once=2), Step("Fit", 4, 0, 4, seconds=10.0)]
    plan = Plan("one", Count(4, is_exact=True), 4, steps)
    assert plan.expected_seconds(8) == 120.0
    assert plan.expected_seconds(1) == 280.0
    assert plan_text(plan, 8).endswith("about 2 min 0 s on 8 workers by past durations\nat most 2 Embed at once")


def test_limits_are_those_of_the_spec(store_uri: str):
    plan = plan_of(f"{GRID}[limits]\nScale = 1\n", store_uri)
    assert {step.family: step.at_once for step in plan.steps} == {"Collect": None, "Scale": 1, "Fit": None}


def test_without_past_durations_no_time_is_promised():
    plan = Plan("one", Count(1, is_exact=True), 1, [Step("Fit", 1, 0, 1)])
    assert plan.expected_seconds(1) is None
    assert plan_text(plan, 1).endswith("1 task to run on 1 worker; how long is not known yet: Fit never ran")
