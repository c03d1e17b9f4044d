"""Below a table stands what its numbers do not say: what is missing, left out, or not of one making."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from sweeper.report.conditions import Condition
from sweeper.report.question import Question
from sweeper.report.tables.footer import footer
from sweeper.store.records import RunStatus
from tests.report.records import answered, experiment, failed, foreign, learning_rates, pareto, run, study, sweep

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'
GRID = f"{HEAD}[grid]\nx = [1, 2, 3]\n"
TALLY = "8 of 12 points have a result; 1 running, 1 failed, 1 blocked, 1 missing: see `sweeper status bert_lr`"


def below(*sources: Any, hidden: int = 0, **asked: Any) -> list[str]:
    return [*footer(answered(*sources, question=Question(**asked)), hidden)]


def where(text: str) -> tuple[Condition, ...]:
    return (Condition.parse(text),)


def test_missing_failed_and_running_points_are_counted_and_where_to_read_on() -> None:
    assert below(learning_rates()) == [TALLY]


def test_pruned_trials_are_counted() -> None:
    assert "7 of 12 trials: 4 complete, 2 pruned, 1 failed; 1 running, 1 blocked, 1 open" in below(study())[0]


def test_conditions_say_how_much_they_leave_and_in_which_states() -> None:
    lines = below(learning_rates(), where=where("learning_rate >= 0.1"))
    assert lines == ["6 of 12 with learning_rate >= 0.1: 2 finished, 1 running, 1 failed, 1 blocked, 1 missing", TALLY]
    assert below(learning_rates(), where=where("epochs = 5"))[0] == "0 of 12 with epochs = 5: none"


def test_what_the_best_of_each_leaves_out_does_not_change_what_conditions_leave() -> None:
    lines = below(learning_rates(), where=where("learning_rate <= 0.1"), best_per=("epochs",))
    assert lines[0] == "9 of 12 with learning_rate <= 0.1: 8 finished, 1 failed"


def test_rows_that_are_left_out_are_counted() -> None:
    assert below(learning_rates(), top=1)[0] == "and 3 more rows, left out by --top 1"
    assert below(learning_rates(), top=4) == [TALLY]
    assert below(learning_rates(), hidden=1_000)[0] == "and 1,000 more; --format csv has all"


def test_each_of_several_sweeps_has_its_tally() -> None:
    one = sweep(GRID, [run({"x": x}, metrics={"loss": 1.0}, sweeps=["one"]) for x in (1, 2, 3)], name="one")
    two = sweep(GRID, [failed({"x": 1}, sweeps=["two"])], name="two")
    assert below(one, two) == [
        "one: 3 of 3 points have a result",
        "two: 0 of 3 points have a result; 1 failed, 2 missing: see `sweeper status two`",
    ]


def test_the_runs_of_an_experiment_are_counted_by_how_they_ended() -> None:
    runs = [
        foreign({"x": "1"}, loss=1.0),
        foreign({"x": "2"}, RunStatus.FAILED),
        foreign({"x": "3"}, RunStatus.RUNNING),
        foreign({"x": "4"}, RunStatus.KILLED),
    ]
    assert below(experiment(*runs), metrics=("loss",)) == ["4 runs: 1 finished, 1 running, 1 failed, 1 missing"]
    mixed = below(sweep(GRID), experiment(*runs), metrics=("loss",))
    assert mixed[0] == "7 points and runs: 1 finished, 1 running, 1 failed, 4 missing"
    assert below(experiment(runs[0]), metrics=("loss",)) == ["1 run: 1 finished"]
    assert below(experiment(), metrics=("loss",)) == ["0 runs: none"]


def test_results_without_a_metric_are_counted_also_where_it_is_nan() -> None:
    logged: list[dict[str, float]] = [{}, {"f1": 1.0}, {"f1": math.nan}]
    runs = [run({"x": x}, metrics={"loss": 1.0, **more}) for x, more in enumerate(logged, 1)]
    assert below(sweep(GRID, runs), metrics=("loss", "f1"))[-1] == "2 of 3 results have no f1"
    assert below(sweep(GRID, runs[:2]), metrics=("loss", "f1"))[-1] == "1 of 2 results has no f1"
    assert below(sweep(GRID, runs), metrics=("loss", "f1"), where=where("x = 1"))[-1] == "1 of 1 result has no f1"


def test_a_result_of_two_sweeps_that_lacks_a_metric_is_counted_once() -> None:
    shared = [run({"x": x}, metrics={"loss": 1.0} | more, sweeps=("a", "b")) for x, more in ((1, {}), (2, {"f1": 1.0}))]
    lines = below(*(sweep(GRID, shared, name=name) for name in ("a", "b")), metrics=("loss", "f1"))
    assert "1 of 2 results has no f1" in lines


def test_a_study_has_its_best_only_by_its_own_objective_and_ungrouped() -> None:
    def says_best(**asked: Any) -> bool:
        return any(line.startswith("best so far") for line in below(study(), **asked))

    assert says_best()
    assert not says_best(metrics=("cost",))
    assert not says_best(group_by=("optimizer",))
    assert "on the Pareto front: trials 0, 1, 3" in below(pareto())


def test_results_outside_the_present_spec_are_counted() -> None:
    runs = [run({"x": x}, metrics={"loss": 1.0}) for x in (1, 4)]
    assert below(sweep(GRID, runs))[-1] == "1 result outside the present spec"
    assert "bert_lr: 1 result outside the present spec" in below(sweep(GRID, runs), sweep(GRID, name="other"))


@pytest.mark.parametrize(
    ("tag", "values", "line"),
    [
        ("sweeper.source", "ab", "made by 2 versions of the code (T): compare with care"),
        ("mlflow.source.git.dirty", ["false", "true"], "1 of 2 results from a checkout with uncommitted changes"),
    ],
)
def test_results_of_different_making_are_told(tag: str, values: Sequence[str], line: str) -> None:
    made = (run({"x": x}, metrics={"loss": 1.0}, task="m:T") for x in (1, 2))
    runs = [replace(one, tags={**one.tags, tag: value}) for one, value in zip(made, values, strict=True)]
    assert below(sweep(GRID, runs))[1:] == [line]
    assert below(sweep(GRID, runs[:1]))[1:] != [line]


def test_only_the_results_that_conditions_leave_are_told_of() -> None:
    runs = [run({"x": x}, metrics={"loss": 1.0}, source=source) for x, source in ((1, "a"), (2, "b"))]
    assert not any("versions" in line for line in below(sweep(GRID, runs), where=where("x = 1")))


def test_a_sweep_without_points_says_so() -> None:
    assert below(sweep(f"{HEAD}[grid]\nx = [1]\n[[exclude]]\nx = 1\n")) == ["the sweep has no points"]


class TestReplicates:
    RUNS = (
        foreign({"x": "1", "seed": "0"}, accuracy=0.90),
        foreign({"x": "1", "seed": "0"}, accuracy=0.91),
        foreign({"x": "1", "seed": "1"}, accuracy=0.92),
        foreign({"x": "1"}, accuracy=0.99),
    )

    def test_runs_that_were_logged_again_are_told_of(self) -> None:
        lines = below(experiment(*self.RUNS[:3]), metrics=("accuracy",), replicates=("seed",))
        assert "1 replicate was measured more than once, and each time counts" in lines
        assert not any("more than once" in line for line in below(experiment(*self.RUNS[:3]), metrics=("accuracy",)))

    def test_a_run_that_does_not_say_which_replicate_it_is_is_told_of(self) -> None:
        lines = below(experiment(*self.RUNS), metrics=("accuracy",), replicates=("seed",))
        assert "1 result sets no seed" in lines
        assert not any(line.endswith("no seed") for line in below(learning_rates()))
