"""Replicates are aggregated as statistics has it, and compared openly."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.outcomes import outcomes
from sweeper.report.replicates import Configuration, Measurement, configurations, measure
from tests.report.records import complete, learning_rates, pareto, pruned, run, study, sweep, trial

HEAD = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\nreplicates = "seed"\n'


def compared(toml: str, losses: dict[tuple[float, int], float]) -> tuple[Configuration, ...]:
    runs = [run({"x": x, "seed": seed}, metrics={"loss": loss}) for (x, seed), loss in losses.items()]
    return configurations(outcomes(sweep(toml, runs)))


@given(st.lists(st.floats(-1e9, 1e9).map(lambda value: round(value, 6)), min_size=2, max_size=30))
def test_mean_and_deviation_are_those_of_numpy(values: list[float]) -> None:
    found = measure(values)
    scale = max(map(abs, values))
    assert found.n == len(values)
    assert found.mean == pytest.approx(np.mean(values), rel=1e-12, abs=1e-12 * scale)
    assert found.std == pytest.approx(np.std(values, ddof=1), rel=1e-9, abs=1e-12 * scale)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 9))
def test_equal_values_are_their_own_mean_and_do_not_deviate(value: float, n: int) -> None:
    assert measure([value] * n) == Measurement(n, value, 0.0)


def test_one_value_has_no_deviation_and_none_has_no_mean() -> None:
    assert measure([0.5]) == Measurement(1, 0.5, None)
    assert measure([]) == Measurement(0, None, None)


def test_an_infinite_value_makes_the_mean_infinite() -> None:
    assert measure([1.0, math.inf]) == Measurement(2, math.inf, None)


def test_the_ends_of_what_a_float_holds_are_measured() -> None:
    assert measure([1.7e308, -1.7e308]) == Measurement(2, 0.0, math.inf)


def test_configurations_stand_best_first_and_those_without_a_result_last() -> None:
    found = configurations(outcomes(learning_rates()))
    assert [row.point["learning_rate"] for row in found] == [0.01, 0.1, 0.001, 1.0]
    assert [row.is_best for row in found] == [True, False, False, False]
    assert found[-1].measurement == Measurement()


def test_a_configuration_with_fewer_results_than_another_is_flagged() -> None:
    found = configurations(outcomes(learning_rates()))
    assert [(row.measurement.n, row.is_short) for row in found] == [(3, False), (2, True), (3, False), (0, True)]


def test_each_configuration_counts_its_points_by_state() -> None:
    last = configurations(outcomes(learning_rates()))[-1]
    assert last.counts == {"finished": 0, "pruned": 0, "running": 1, "failed": 0, "blocked": 1, "missing": 1}


def test_the_lowest_is_best_where_the_spec_minimizes() -> None:
    found = compared(HEAD + "[grid]\nx = [1, 2]\nseed = [0]\n", {(1, 0): 0.9, (2, 0): 0.1})
    assert [(row.point["x"], row.is_best) for row in found] == [(2, True), (1, False)]


def test_equal_means_keep_the_order_of_the_spec_and_share_the_mark() -> None:
    losses = {(3, 0): 0.3, (1, 0): 0.3, (2, 0): 0.1 + 0.2, (1, 1): 0.3, (2, 1): 0.9, (3, 1): 0.3}
    found = compared(HEAD + "[grid]\nx = [3, 1, 2]\nseed = [0, 1]\n", losses)
    assert [(row.point["x"], row.is_best) for row in found] == [(3, True), (1, True), (2, False)]


def test_a_configuration_that_diverged_is_ranked_behind_the_finite_ones() -> None:
    found = compared(HEAD + "[grid]\nx = [1, 2, 3]\nseed = [0]\n", {(2, 0): math.inf, (3, 0): 5.0})
    assert [row.point["x"] for row in found] == [3, 2, 1]
    assert not found[1].is_best


def test_replicates_that_two_grids_share_count_once() -> None:
    grids = "[[grid]]\nx = [1, 2]\nseed = [0, 1]\n[[grid]]\nx = [1]\nseed = [1, 2]\n"
    found = compared(HEAD + grids, {(1, seed): float(seed) for seed in (0, 1, 2)})
    assert found[0].measurement == Measurement(3, 1.0, 1.0)


def test_without_a_direction_configurations_keep_the_order_of_the_spec() -> None:
    found = configurations(outcomes(learning_rates(), "loss"))
    assert [row.point["learning_rate"] for row in found] == [0.001, 0.01, 0.1, 1.0]
    assert not any(row.is_best for row in found)


def test_the_configurations_of_a_study_are_ranked_by_how_far_they_have_come() -> None:
    found = configurations(outcomes(study()))
    standings = [row.trial.standing for row in found if row.trial]
    assert standings == [*["complete"] * 3, "running", "blocked", "open", "pruned", "pruned", "failed"]
    assert [row.trial.is_feasible for row in found[:3] if row.trial] == [True, True, False]
    assert [row.is_best for row in found] == [True, *[False] * 8]


def test_a_configuration_that_two_trials_tried_is_one_row_that_names_both() -> None:
    (twice,) = (row for row in configurations(outcomes(study())) if len(row.trials) > 1)
    assert [one.number for one in twice.trials] == [0, 8]
    assert twice.n == 2


def test_the_mean_of_a_trial_that_is_not_complete_is_never_the_best() -> None:
    toml = 'task = "m:T"\nmetric = "loss"\ndirection = "minimize"\n[study]\ntrials = 9\n[study.space]\nx.int = [0, 9]\n'
    trials = [trial(0, {"x": 0}, complete(0, 0.5)), trial(1, {"x": 1}, pruned(1, 1)), trial(2, {"x": 2})]
    runs = [run({"x": x, "seed": 0}, metrics={"loss": 0.5 - x / 8}) for x in range(3)]
    found = configurations(outcomes(sweep(f"{toml}[grid]\nseed = [0, 1]\n", runs, trials=trials)))
    assert [(row.point["x"], row.is_best) for row in found] == [(0, True), (2, False), (1, False)]


def test_several_metrics_are_measured_each() -> None:
    (row, *_) = configurations(outcomes(pareto()))
    assert row.measurements == {"accuracy": Measurement(1, 0.95), "seconds": Measurement(1, 90.0)}
    assert row.is_best


def test_without_a_replicate_parameter_each_point_is_a_configuration() -> None:
    toml = 'task = "m:T"\nmetric = "loss"\n[grid]\nx = [1, 2]\nseed = [0, 1]\n'
    assert len(configurations(outcomes(sweep(toml)))) == 4
