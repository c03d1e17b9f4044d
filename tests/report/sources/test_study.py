"""What a study has come to is told from its trials."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sweeper.report import synopsis
from sweeper.report.question import Question
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.outcomes import outcomes
from sweeper.report.sources.study import StudyOutcomes
from sweeper.report.sources.trials import TrialStanding
from sweeper.report.tables.formats import render
from sweeper.store.records import Blocked, RunStatus
from sweeper.store.trials import Told, TrialState
from tests.report.conftest import Asked
from tests.report.records import answered, complete, failed, learning_rates, pareto, pruned, run, study, sweep, trial

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sweeper.store.records import SweepRecord

ROOT = Path(__file__).parents[3]
ONE = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n[study]\ntrials = 20\n[study.space]\nx.int = [0, 99]\n'
LOSSES = [0.9, 0.5, 0.7, 0.5, 0.2]


def of(record: SweepRecord) -> StudyOutcomes:
    found = outcomes(record).study
    assert found is not None
    return found


def told(values: Sequence[Told | None], toml: str = ONE, **more: Any) -> StudyOutcomes:
    """Return what a study comes to whose trials try 0, 1, 2 and so on."""
    return of(sweep(toml, trials=[trial(x, {"x": x}, one) for x, one in enumerate(values)], **more))


def numbers(trials: Sequence[Any]) -> list[int]:
    return [one.number for one in trials]


def test_a_sweep_without_a_study_has_no_trials() -> None:
    assert outcomes(learning_rates()).study is None
    assert outcomes(learning_rates()).trials == ()


def test_a_study_has_the_points_of_its_trials_in_their_order_each_once() -> None:
    points = [dict(cell.point.values) for cell in outcomes(study()).cells]
    assert points[:3] == [
        {"optimizer": "adam", "learning_rate": 0.00123456, "seed": 0},
        {"optimizer": "adam", "learning_rate": 0.00123456, "seed": 1},
        {"optimizer": "sgd", "learning_rate": 0.0204, "momentum": 0.3, "seed": 0},
    ]
    assert len(points) == 18  # ten trials, two of them of one configuration


def test_the_parameters_of_a_point_stand_in_the_order_of_the_space_before_the_replicates() -> None:
    toml = ONE.replace("x.int", "y.int = [0, 1]\nx.int") + "[grid]\nseed = [3]\nfold = [1, 2]\n"
    found = outcomes(sweep(toml, trials=[trial(0, {"x": 1, "y": 0})]))
    assert [cell.point.names for cell in found.cells] == [("y", "x", "seed", "fold")] * 2


def test_every_way_in_which_a_trial_can_stand_is_told_and_counted() -> None:
    found = of(study())
    standings = ["complete"] * 3 + ["pruned", "failed", "running", "blocked", "open", "complete", "pruned"]
    assert [one.standing for one in found.trials] == standings
    assert found.counts == {"complete": 4, "pruned": 2, "failed": 1, "running": 1, "blocked": 1, "open": 1}
    assert found.over == 7


def test_a_trial_has_its_values_cells_and_reason() -> None:
    trials = of(study()).trials
    assert (trials[1].values, trials[1].is_feasible, trials[1].reason) == ((0.95,), True, "")
    assert [cell.state for cell in trials[1].cells] == [CellState.FINISHED] * 2
    assert (trials[2].values, trials[2].is_feasible) == ((0.97,), False)
    assert (trials[9].values, trials[9].last_step, trials[9].reason) == ((), 7, "pruned at step 7")
    assert (trials[6].cells[0].run_id, trials[6].reason) == ("upstream1", "FetchTitles failed: no such table")
    assert trials[4].cells[0].run_id == "bad1"


def test_a_trial_whose_attempt_was_killed_is_open_and_says_why() -> None:
    stopped = run({"x": 0}, status=RunStatus.KILLED, reason="its driver died")
    (one,) = told([None], runs=[stopped]).trials
    assert (one.standing, one.reason) == (TrialStanding.OPEN, "its driver died")


def test_what_was_told_of_a_trial_stands_whatever_became_of_its_runs() -> None:
    runs = [failed({"x": 0}), run({"x": 1}, status=RunStatus.RUNNING)]
    found = told([complete(0, 0.5), pruned(1, 2)], runs=runs)
    assert [one.standing for one in found.trials] == [TrialStanding.COMPLETE, TrialStanding.PRUNED]


def test_the_best_is_the_first_of_the_feasible_ones_with_the_best_value() -> None:
    found = told([complete(place, value) for place, value in enumerate(LOSSES)])
    assert found.best is not None
    assert (found.best.number, found.best.values) == (4, (0.2,))
    assert numbers(told([complete(0, 0.5), complete(1, 0.5)]).front) == [0, 1]
    assert of(study()).best is of(study()).best or numbers([of(study()).best]) == [1]


def test_a_trial_that_breaks_a_constraint_is_never_the_best() -> None:
    found = told([complete(0, 0.1, constraints=(0.5,)), complete(1, 0.9, constraints=(0.0,))])
    assert numbers(found.front) == [1]
    assert numbers(told([complete(0, 0.1, constraints=(0.5,))]).front) == []


def test_an_infinite_loss_is_no_best() -> None:
    assert told([complete(0, math.inf)]).best is None
    assert told([complete(0, -math.inf)]).best is not None


def test_the_study_improves_in_the_order_in_which_it_was_told() -> None:
    in_order = told([complete(place, value) for place, value in enumerate(LOSSES)])
    assert numbers(in_order.improvements) == [0, 1, 4]
    late = told([complete(4 - place, value) for place, value in enumerate(LOSSES)])
    assert numbers(late.improvements) == [4]


def test_the_front_of_two_objectives_is_what_no_trial_beats_in_both() -> None:
    found = of(pareto())
    assert numbers(found.front) == [0, 1, 3]
    assert found.best is None
    assert found.improvements == ()


def test_a_constrained_metric_that_a_run_did_not_log_makes_its_point_fail() -> None:
    toml = ONE.replace("[study]", '[study]\nconstraints = ["cost <= 60"]')
    (cell,) = outcomes(sweep(toml, [run({"x": 0}, metrics={"loss": 1.0})], trials=[trial(0, {"x": 0})])).cells
    assert (cell.state, cell.reason) == (CellState.FAILED, "finished without the metric cost; it logged: loss")


def test_each_objective_must_be_a_number() -> None:
    record = sweep(
        'task = "m:T"\n[objectives]\nloss = "minimize"\ncost = "minimize"\n[grid]\nx = [0]\n',
        [run({"x": 0}, metrics={"loss": 1.0, "cost": math.nan})],
    )
    for asked in ((), ("loss",), ("loss", "cost")):
        (cell,) = outcomes(record, asked).cells
        assert (cell.reason, cell.values) == ("finished with NaN for the metric cost", {})


def test_results_of_points_that_no_trial_tried_are_outside() -> None:
    runs = [run({"x": x}, metrics={"loss": 1.0}) for x in (0, 50)]
    found = outcomes(sweep(ONE, runs, trials=[trial(0, {"x": 0}, complete(0, 1.0))]))
    assert found.outside == 1
    assert [*synopsis.outside(found)] == ["1 result outside the present study"]


def test_a_blocked_point_that_a_trial_tries_again_is_running() -> None:
    runs = [run({"x": 0}, status=RunStatus.RUNNING)]
    (one,) = told([None], runs=runs, blocked=[Blocked({"x": 0}, "upstream")]).trials
    assert one.standing is TrialStanding.RUNNING


@pytest.mark.parametrize(
    ("told_of", "timeout", "words"),
    [
        ([], "", "0 of 20 trials"),
        ([None], "", "0 of 20 trials; 1 open"),
        ([complete(0, 1.0)], "timeout = 60", "1 of at most 20 trials: 1 complete"),
        ([complete(0, 1.0), pruned(1, 3), Told(2, TrialState.FAILED), None], "",
         "3 of 20 trials: 1 complete, 1 pruned, 1 failed; 1 open"),
    ],
)  # fmt: skip
def test_the_tally_says_how_many_of_how_many(told_of: list[Told | None], timeout: str, words: str) -> None:
    trials = [trial(x, {"x": x}, one) for x, one in enumerate(told_of)]
    toml = ONE.replace("trials = 20", f"trials = 20\n{timeout}")
    assert synopsis.tally(outcomes(sweep(toml, trials=trials))) == words


def test_the_best_so_far_is_told_with_its_trial() -> None:
    assert [*synopsis.best(of(study()))] == ["best so far: 0.9500 in trial 1"]
    assert [*synopsis.best(of(pareto()))] == ["on the Pareto front: trials 0, 1, 3"]
    assert [*synopsis.best(told([None]))] == []
    none = told([complete(0, 0.1, constraints=(1.0,))])
    assert [*synopsis.best(none)] == ["best so far: none, for no trial keeps every constraint"]


def test_a_long_front_names_its_first_trials() -> None:
    toml = 'task = "m:T"\n[objectives]\na = "maximize"\nb = "minimize"\n'
    trials = [trial(x, {"x": x}, complete(x, x, x)) for x in range(10)]
    record = sweep(toml + ONE[ONE.index("[study]") :], trials=trials)
    assert [*synopsis.best(of(record))] == ["on the Pareto front: trials 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"]


def test_the_convergence_names_the_last_improvements() -> None:
    assert [*synopsis.convergence(told([complete(0, 0.5)]))] == []
    few = told([complete(place, value) for place, value in enumerate(LOSSES)])
    assert [*synopsis.convergence(few)] == ["improved: 0.9000 (trial 0), 0.5000 (1), 0.2000 (4)"]
    many = told([complete(x, -x) for x in range(12)])
    (words,) = synopsis.convergence(many)
    assert words.startswith("improved: …, -4.000 (trial 4), -5.000 (5), ")
    assert words.endswith(", -11.00 (11)")


def test_the_pruned_are_summed_up_by_their_last_step() -> None:
    found = told([pruned(0, 3), pruned(1, 1), pruned(2, 3), complete(3, 1.0)])
    assert [*synopsis.pruned(found)] == ["pruned: 1 at step 1, 2 at step 3"]
    assert [*synopsis.pruned(told([Told(0, TrialState.PRUNED)]))] == []


def test_the_importances_are_told_the_greatest_first() -> None:
    words = [*synopsis.importance({"max_tokens": 0.184, "learning_rate": 0.816})]
    assert words == ["importance (PED-ANOVA): learning_rate 0.82, max_tokens 0.18"]
    assert [*synopsis.importance({})] == []


def test_the_importances_of_a_studys_own_objective_stand_below_its_table(importances: Asked) -> None:
    assert "importance (PED-ANOVA): optimizer 0.82, learning_rate 0.18" in render(answered(study()))
    assert importances == [[*study().trials]]


def test_another_metric_of_a_study_comes_without_best_and_importances(importances: Asked) -> None:
    text = render(answered(study(), question=Question(metrics=("cost",))))
    assert text.startswith("bert_lr: cost, mean ± standard deviation over seed, in the order of the trials\n")
    assert "7 of 12 trials" in text
    assert "best so far" not in text
    assert importances == []


def test_a_report_of_a_grid_imports_no_optuna() -> None:
    code = (
        "import sys\nfrom tests.report.records import answered, learning_rates\n"
        "from sweeper.report.tables.formats import Format, render\n"
        "from sweeper.report.sources.outcomes import outcomes\n"
        "from sweeper.report.status import status\n"
        "for form in set(Format) - {Format.HTML}: render(answered(learning_rates()), form)\n"
        "status(outcomes(learning_rates()))\n"
        "assert 'optuna' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


def test_outcomes_say_whether_they_are_of_the_sweeps_own_objectives() -> None:
    assert outcomes(study()).is_of_objectives
    assert outcomes(study(), ["accuracy"]).is_of_objectives
    assert not outcomes(study(), ["cost"]).is_of_objectives
    assert not outcomes(pareto(), ["seconds"]).is_of_objectives
