"""The simulation of a sweep, held against what can be reckoned by hand."""

from __future__ import annotations

import math

import pytest

from benchmarks.simulation import Cluster, simulate, steady, varied


def test_without_overhead_slots_share_the_work_evenly() -> None:
    course = simulate(Cluster(slots=16), 1600, steady(1.0))

    assert course.makespan == pytest.approx(100.0)
    assert course.utilisation(16) == pytest.approx(1.0)
    assert course.rate == pytest.approx(16.0)


def test_a_last_round_that_is_not_full_takes_as_long_as_a_full_one() -> None:
    assert simulate(Cluster(slots=16), 17, steady(1.0)).makespan == pytest.approx(2.0)


def test_the_driver_caps_the_rate() -> None:
    course = simulate(Cluster(slots=100, decision=0.05), 1000, steady(1.0))

    assert course.makespan == pytest.approx(1000 * 0.05 + 1.0)
    assert course.driver_seconds == pytest.approx(50.0)


def test_a_driver_that_keeps_up_costs_each_task_its_decision() -> None:
    course = simulate(Cluster(slots=10, decision=0.01), 1000, steady(10.0))

    assert course.makespan == pytest.approx(100 * (10.0 + 0.01) + 9 * 0.01)


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_the_store_caps_the_rate_at_what_its_servers_do(servers: int) -> None:
    course = simulate(Cluster(slots=200, before=0.06, after=0.04, servers=servers), 5000, steady(0.5))

    assert course.rate == pytest.approx(servers / 0.1, rel=0.02)
    assert course.store_seconds == pytest.approx(5000 * 0.1)


def test_a_slot_pays_for_its_start_once() -> None:
    assert simulate(Cluster(slots=1, start=3.0), 10, steady(1.0)).makespan == pytest.approx(13.0)


def test_every_task_ends_once_however_many_attempts_are_lost() -> None:
    course = simulate(Cluster(slots=50, between_losses=20.0, recovery=5.0), 2000, steady(10.0))

    assert course.tasks == 2000
    assert course.useful == pytest.approx(2000 * 10.0)
    assert course.attempts == course.tasks + course.lost


def test_losses_are_as_frequent_as_their_mean_says() -> None:
    """An attempt of length L ends whole with the chance exp(-L / mean), so a task takes exp(L / mean) attempts."""
    course = simulate(Cluster(slots=50, between_losses=20.0), 10_000, steady(10.0))

    assert course.attempts / course.tasks == pytest.approx(math.exp(10.0 / 20.0), rel=0.03)
    assert (course.useful + course.wasted) / course.lost == pytest.approx(20.0, rel=0.03)


def test_a_lost_task_goes_to_a_slot_that_has_nothing_to_do() -> None:
    """A slot that is away for an hour does not hold up what it lost."""
    course = simulate(Cluster(slots=100, between_losses=10.0, recovery=3600.0), 60, steady(1.0))

    assert course.lost > 0
    assert course.makespan < 60


def test_the_same_seed_gives_the_same_course() -> None:
    cluster = Cluster(slots=8, decision=0.01, between_losses=30.0, recovery=2.0)

    assert simulate(cluster, 500, varied(3.0, 0.5), seed=1) == simulate(cluster, 500, varied(3.0, 0.5), seed=1)
    assert simulate(cluster, 500, varied(3.0, 0.5), seed=1) != simulate(cluster, 500, varied(3.0, 0.5), seed=2)


def test_lengths_vary_around_their_mean() -> None:
    course = simulate(Cluster(slots=10), 5000, varied(2.0, 0.5))

    assert course.useful / course.tasks == pytest.approx(2.0, rel=0.02)
