"""Results are put together into rows, counted, compared openly, and put in order."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import pytest

from sweeper.errors import InputError
from sweeper.report.question import Pivot, Question
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table
from sweeper.spec import Direction
from sweeper.store.records import Blocked, RunStatus
from tests.report.records import (
    answered,
    complete,
    experiment,
    failed,
    foreign,
    learning_rates,
    pareto,
    pruned,
    run,
    study,
    sweep,
    trial,
)

PLAIN = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n'
HEAD = f'{PLAIN}replicates = "seed"\n'
GRID = f"{HEAD}[grid]\nx = [1, 2]\ny = [1, 2]\nseed = [0, 1]\n"


def compared(toml: str, losses: Mapping[tuple[float, int], float], **asked: object) -> tuple[Row, ...]:
    runs = [run({"x": x, "seed": seed}, metrics={"loss": loss}) for (x, seed), loss in losses.items()]
    return answered(sweep(toml, runs), question=Question(**asked)).rows  # type: ignore[arg-type]


def values(rows: Sequence[Row], name: str) -> list[object]:
    return [row.values.get(name) for row in rows]


def by_grid(**asked: object) -> Table:
    """Return a table over two parameters and a seed, in which the loss is ``x + y / 10 + seed / 100``."""
    points = [(x, y, seed) for x in (1, 2) for y in (1, 2) for seed in (0, 1)]
    runs = [run({"x": x, "y": y, "seed": s}, metrics={"loss": x + y / 10 + s / 100}) for x, y, s in points]
    return answered(sweep(GRID, runs), question=Question(**asked))  # type: ignore[arg-type]


class TestConfigurations:
    def test_they_stand_best_first_and_those_without_a_result_last(self) -> None:
        rows = answered(learning_rates()).rows
        assert values(rows, "learning_rate") == [0.01, 0.1, 0.001, 1.0]
        assert [row.is_best for row in rows] == [True, False, False, False]
        assert (rows[-1].measurement.n, rows[-1].measurement.mean) == (0, None)

    def test_one_with_fewer_results_than_another_is_flagged(self) -> None:
        rows = answered(learning_rates()).rows
        assert [(row.measurement.n, row.is_short) for row in rows] == [(3, False), (2, True), (3, False), (0, True)]

    def test_each_counts_its_points_by_state(self) -> None:
        last = answered(learning_rates()).rows[-1]
        assert last.counts == {"finished": 0, "pruned": 0, "running": 1, "failed": 0, "blocked": 1, "missing": 1}

    def test_the_lowest_is_best_where_the_spec_minimizes(self) -> None:
        rows = compared(HEAD + "[grid]\nx = [1, 2]\nseed = [0]\n", {(1, 0): 0.9, (2, 0): 0.1})
        assert [(row.values["x"], row.is_best) for row in rows] == [(2, True), (1, False)]

    def test_ties_for_the_best_share_the_mark_and_keep_the_order_of_the_spec(self) -> None:
        losses = {(3, 0): 0.3, (1, 0): 0.3, (2, 0): 0.1 + 0.2, (1, 1): 0.3, (2, 1): 0.9, (3, 1): 0.3}
        rows = compared(HEAD + "[grid]\nx = [3, 1, 2]\nseed = [0, 1]\n", losses)
        assert [(row.values["x"], row.is_best) for row in rows] == [(3, True), (1, True), (2, False)]

    def test_one_that_diverged_is_ranked_behind_the_finite_ones(self) -> None:
        rows = compared(HEAD + "[grid]\nx = [1, 2, 3]\nseed = [0]\n", {(2, 0): math.inf, (3, 0): 5.0})
        assert [(row.values["x"], row.is_best) for row in rows] == [(3, True), (2, False), (1, False)]

    def test_replicates_that_two_grids_share_count_once(self) -> None:
        grids = "[[grid]]\nx = [1, 2]\nseed = [0, 1]\n[[grid]]\nx = [1]\nseed = [1, 2]\n"
        row = compared(HEAD + grids, {(1, seed): float(seed) for seed in (0, 1, 2)})[0]
        assert (row.n, row.measurement.mean, row.measurement.std) == (3, 1.0, 1.0)

    def test_without_a_direction_they_keep_the_order_of_the_spec(self) -> None:
        rows = answered(learning_rates(), question=Question(metrics=("loss",))).rows
        assert values(rows, "learning_rate") == [0.001, 0.01, 0.1, 1.0]
        assert not any(row.is_best for row in rows)

    def test_a_direction_can_be_said(self) -> None:
        question = Question(metrics=("loss",), directions={"loss": Direction.MAXIMIZE})
        rows = answered(learning_rates(), question=question).rows
        assert values(rows, "learning_rate") == [0.001, 0.1, 0.01, 1.0]
        assert rows[0].is_best

    def test_without_a_replicate_parameter_each_point_is_one(self) -> None:
        toml = 'task = "m:T"\nmetric = "loss"\n[grid]\nx = [1, 2]\nseed = [0, 1]\n'
        assert len(answered(sweep(toml)).rows) == 4

    def test_a_replicate_parameter_can_be_said(self) -> None:
        toml = 'task = "m:T"\nmetric = "loss"\n[grid]\nx = [1, 2]\nseed = [0, 1]\n'
        table = answered(sweep(toml), question=Question(replicates=("seed",)))
        assert values(table.rows, "x") == [1, 2]
        assert table.averaged == ("seed",)

    def test_a_parameter_that_one_point_leaves_to_its_default_is_not_set_there(self) -> None:
        rows = answered(sweep(PLAIN + "[[grid]]\nx = [1]\n[[grid]]\nx = [1]\nmomentum = [3]\n")).rows
        assert [dict(row.values) for row in rows] == [{"x": 1}, {"x": 1, "momentum": 3}]

    def test_points_of_every_kind_of_value_have_a_row_each(self) -> None:
        rows = answered(sweep(PLAIN + '[grid]\nx = [true, "true", [true], 2026-01-31, "2026-01-31", nan, inf]\n')).rows
        assert len(rows) == 7


class TestSeveralMetrics:
    def test_each_is_measured(self) -> None:
        row = answered(pareto()).rows[0]
        assert {name: one.mean for name, one in row.measurements.items()} == {"accuracy": 0.95, "seconds": 90.0}

    def test_each_has_its_own_best_and_the_first_orders_the_rows(self) -> None:
        question = Question(metrics=("accuracy", "loss"), directions={"loss": Direction.MAXIMIZE})
        rows = answered(learning_rates(), question=question).rows
        assert values(rows, "learning_rate") == [0.01, 0.1, 0.001, 1.0]
        assert [sorted(row.best) for row in rows] == [["accuracy"], [], ["loss"], []]

    def test_one_of_which_it_is_not_known_what_is_better_has_no_best(self) -> None:
        rows = answered(learning_rates(), question=Question(metrics=("loss", "accuracy"))).rows
        assert values(rows, "learning_rate") == [0.001, 0.01, 0.1, 1.0], "the first orders the rows"
        assert [sorted(row.best) for row in rows] == [[], ["accuracy"], [], []]

    def test_all_objectives_together_have_a_pareto_front(self) -> None:
        assert [row.values["width"] for row in answered(pareto()).rows if row.is_best] == [64, 8, 2]

    def test_one_that_some_results_did_not_log_is_measured_over_the_others(self) -> None:
        logged = [{"loss": 1.0}, {"loss": 1.0, "f1": 3.0}]
        runs = [run({"x": 1, "seed": seed}, metrics=metrics) for seed, metrics in enumerate(logged)]
        record = sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0, 1]\n", runs)
        (row,) = answered(record, question=Question(metrics=("loss", "f1"))).rows
        assert (row.n, row.measurements["loss"].n, row.measurements["f1"].n) == (2, 2, 1)


class TestStudies:
    def test_configurations_are_ranked_by_how_far_they_have_come(self) -> None:
        rows = answered(study()).rows
        standings = [row.trial.standing for row in rows if row.trial]
        assert standings == [*["complete"] * 3, "running", "blocked", "open", "pruned", "pruned", "failed"]
        assert [row.trial.is_feasible for row in rows[:3] if row.trial] == [True, True, False]
        assert [row.is_best for row in rows] == [True, *[False] * 8]

    def test_a_configuration_that_two_trials_tried_is_one_row_that_names_both(self) -> None:
        (twice,) = (row for row in answered(study()).rows if len(row.trials) > 1)
        assert [one.number for one in twice.trials] == [0, 8]
        assert twice.n == 2

    def test_the_mean_of_a_trial_that_is_not_complete_is_never_the_best(self) -> None:
        toml = f"{PLAIN}[study]\ntrials = 9\n[study.space]\nx.int = [0, 9]\n"
        trials = [trial(0, {"x": 0}, complete(0, 0.5)), trial(1, {"x": 1}, pruned(1, 1)), trial(2, {"x": 2})]
        runs = [run({"x": x, "seed": 0}, metrics={"loss": 0.5 - x / 8}) for x in range(3)]
        record = sweep(f"{toml}[grid]\nseed = [0, 1]\n", runs, trials=trials)
        for question in (Question(), Question(group_by=("x",))):
            rows = answered(record, question=question).rows
            assert [(row.values["x"], row.is_best) for row in rows] == [(0, True), (2, False), (1, False)]

    def test_a_trial_that_breaks_a_constraint_is_not_the_best_of_a_pivot(self) -> None:
        question = Question(pivot=Pivot(("learning_rate",), ("optimizer",)))
        (best,) = (row for row in answered(study(), question=question).rows if row.is_best)
        assert best.values == {"learning_rate": 0.0204, "optimizer": "sgd"}


class TestGroups:
    def test_a_group_is_measured_over_all_else(self) -> None:
        table = by_grid(group_by=("x",))
        assert [(row.values, row.n) for row in table.rows] == [({"x": 1}, 4), ({"x": 2}, 4)]
        assert table.rows[0].measurement.mean == pytest.approx(1.155)
        assert table.averaged == ("y", "seed")

    def test_a_replicate_parameter_can_group(self) -> None:
        table = by_grid(group_by=("seed",))
        assert values(table.rows, "seed") == [0, 1]
        assert table.averaged == ("x", "y")

    def test_what_does_not_vary_is_not_averaged_over(self) -> None:
        assert by_grid(group_by=("x", "y", "seed")).averaged == ()
        table = answered(sweep(GRID + "[fixed]\nz = 1\n"), question=Question(group_by=("x",)))
        assert table.averaged == ("y", "seed")
        assert table.fixed == {"z": 1}

    def test_a_column_that_does_not_vary_can_be_asked_for(self) -> None:
        table = answered(sweep(GRID + "[fixed]\nz = 1\n"), question=Question(group_by=("x",), columns=("z",)))
        assert [row.values for row in table.rows] == [{"x": 1, "z": 1}, {"x": 2, "z": 1}]
        assert table.shown_parameters == ("x", "z")
        assert table.fixed == {}

    @pytest.mark.parametrize("group_by", [(), ("x",)])
    def test_a_column_in_which_the_results_of_a_row_differ_is_refused(self, group_by: tuple[str, ...]) -> None:
        with pytest.raises(InputError) as refused:
            by_grid(group_by=group_by, columns=("seed",))
        assert str(refused.value) == "--show seed: rows are means over it; take it into --group-by"

    def test_a_level_that_no_point_sets_is_a_group(self) -> None:
        toml = PLAIN + "[[grid]]\nx = [1, 2]\n[[grid]]\nx = [1]\nmomentum = [3]\n"
        rows = answered(sweep(toml), question=Question(group_by=("momentum",))).rows
        assert [row.values for row in rows] == [{}, {"momentum": 3}]


class TestBestPer:
    def test_the_best_configuration_of_each_value_is_kept_with_all_its_replicates(self) -> None:
        table = by_grid(best_per=("x",))
        assert [(row.values, row.n) for row in table.rows] == [({"x": 1, "y": 1}, 2), ({"x": 2, "y": 1}, 2)]

    def test_it_comes_before_a_pivot(self) -> None:
        table = by_grid(best_per=("x",), pivot=Pivot(("x",), ("y",)))
        assert [row.values for row in table.rows] == [{"x": 1, "y": 1}, {"x": 2, "y": 1}]

    def test_it_comes_before_a_group_which_then_says_over_what_it_is_a_mean(self) -> None:
        table = by_grid(best_per=("y",), group_by=("x",))
        assert [(row.values, row.n) for row in table.rows] == [({"x": 1}, 4)]
        assert table.averaged == ("y", "seed")

    def test_a_value_without_any_result_stays(self) -> None:
        rows = answered(learning_rates(), question=Question(best_per=("learning_rate",))).rows
        assert [row.n for row in rows] == [3, 2, 3, 0]

    def test_a_parameter_over_which_configurations_are_means_is_refused(self) -> None:
        with pytest.raises(InputError, match="--best-per seed: configurations are means over it"):
            by_grid(best_per=("seed",))

    def test_it_has_to_be_known_what_is_better(self) -> None:
        question = Question(metrics=("loss",), best_per=("learning_rate",))
        with pytest.raises(InputError, match="the best loss is not known; say which it is by --maximize or --minimize"):
            answered(learning_rates(), question=question)


class TestRepeats:
    """Runs that sweeper did not make, and that differ in nothing but their results."""

    def test_runs_of_equal_parameters_are_repeated_measurements(self) -> None:
        table = answered(
            experiment(*(foreign({"x": "1"}, loss=loss) for loss in (0.1, 0.3))), question=Question(metrics=("loss",))
        )
        assert [(row.values, row.n) for row in table.rows] == [({"x": 1}, 2)]
        assert table.has_repeats
        assert table.averaged == ()

    def test_every_result_counts_whatever_became_of_the_others(self) -> None:
        runs = [foreign({"x": "1"}, loss=1.0), foreign({"x": "1"}, RunStatus.FAILED), foreign({"x": "1"}, loss=3.0)]
        (row,) = answered(experiment(*runs), question=Question(metrics=("loss",))).rows
        assert (row.n, row.measurement.mean, row.counts["failed"]) == (2, 2.0, 1)


class TestSeveralSweeps:
    def test_a_result_of_both_counts_in_each_if_the_sweep_is_a_column_and_once_if_they_are_pooled(self) -> None:
        shared = [run({"x": 1, "seed": seed}, metrics={"loss": 1.0}, sweeps=("a", "b")) for seed in (0, 1)]
        own = run({"x": 1, "seed": 2}, metrics={"loss": 4.0}, sweeps=("b",))
        a = sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0, 1]\n", shared, name="a")
        b = sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0, 1, 2]\n", [*shared, own], name="b")
        apart = answered(a, b).rows
        assert [(row.values["sweep"], row.n, row.is_short) for row in apart] == [("a", 2, True), ("b", 3, False)]
        pooled = answered(a, b, question=Question(group_by=("x",)))
        assert [(row.n, row.measurement.mean) for row in pooled.rows] == [(3, 2.0)]
        assert pooled.averaged == ("seed",), "all of them are results of one sweep"

    def test_a_group_over_the_results_of_two_sweeps_is_a_mean_over_them(self) -> None:
        one = sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0]\n", [run({"x": 1, "seed": 0}, metrics={"loss": 1.0})])
        other = run({"x": 1, "seed": 0}, metrics={"loss": 2.0}, sweeps=("b",))
        two = sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0]\n", [other], name="b")
        assert answered(one, two, question=Question(group_by=("x",))).averaged == ("sweep",)

    def test_a_failure_of_both_counts_once_and_missing_points_each(self) -> None:
        bad = failed({"x": 1, "seed": 0}, sweeps=("a", "b"))
        a, b = (sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0, 1]\n", [bad], name=name) for name in ("a", "b"))
        (row,) = answered(a, b, question=Question(group_by=("x",))).rows
        assert (row.counts["failed"], row.counts["missing"]) == (1, 2)

    def test_points_that_wait_for_one_upstream_run_count_each(self) -> None:
        blocked = [Blocked({"x": 1, "seed": seed}, "upstream", "up1") for seed in (0, 1)]
        (row,) = answered(sweep(f"{HEAD}[grid]\nx = [1]\nseed = [0, 1]\n", blocked=blocked)).rows
        assert row.counts["blocked"] == 2

    def test_a_whole_number_in_one_is_the_same_level_as_a_real_one_in_the_other(self) -> None:
        a, b = (sweep(f"{HEAD}[grid]\nx = [{x}]\nseed = [0]\n", name=n) for x, n in (("1", "a"), ("1.0", "b")))
        assert len(answered(a, b, question=Question(group_by=("x",))).rows) == 1

    def test_a_result_of_one_that_lacks_the_others_metric_is_a_result_in_one_and_a_failure_in_the_other(self) -> None:
        half = run({"x": 1}, metrics={"loss": 1.0}, sweeps=("a", "b"))
        a = sweep('task = "m:T"\nmetric = "loss"\n[grid]\nx = [1]\n', [half], name="a")
        b = sweep('task = "m:T"\nmetric = "accuracy"\n[grid]\nx = [1]\n', [half], name="b")
        (row,) = answered(a, b, question=Question(metrics=("loss",), group_by=("x",))).rows
        assert (row.n, row.measurement.mean, row.counts["failed"]) == (1, 1.0, 1)
