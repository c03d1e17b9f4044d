"""Which worker of a cluster is given a call, and what is said where none can have it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sweeper.engine.dask.sites import Site, choose, shortage, totals


def site(name: str, slots: int = 2, calls: int = 0, **resources: float) -> Site:
    """Return a site at which so many calls are, each of which needs a tenth of a GPU if there is one."""
    need = {"gpu": 0.1} if "gpu" in resources else {}
    return Site(name, slots, resources, taken={f"call-{number}": need for number in range(calls)})


@pytest.mark.parametrize(
    ("needs", "chosen"),
    [
        pytest.param({}, "empty", id="the emptiest, and none that a task with a need could want"),
        pytest.param({"gpu": 1.0}, "one gpu", id="one that has it"),
        pytest.param({"gpu": 1.5}, "two gpus", id="one that has enough of it"),
        pytest.param({"gpu": 1.0, "licence": 1.0}, None, id="one that has all of it, or none"),
    ],
)
def test_a_call_goes_where_it_fits_and_least_is_wasted(needs: Mapping[str, float], chosen: str | None):
    sites = [
        site("full", calls=2),
        site("half", calls=1),
        site("one gpu", gpu=1.0),
        site("empty"),
        site("two gpus", gpu=2.0, licence=0.5),
    ]
    found = choose(sites, needs)
    assert (found.address if found else None) == chosen


def test_ten_tenths_are_one():
    worker = site("w", slots=20, calls=9, gpu=1.0)
    assert worker.has_room({"gpu": 0.1})
    assert not worker.has_room({"gpu": 0.11})
    assert worker.could_run({"gpu": 1.0})


def test_cores_are_counted_where_a_worker_says_how_many_it_has():
    silent, eight = site("silent"), site("eight", cpu=8.0)
    assert (silent.could_run({"cpu": 16.0}), silent.has_room({"cpu": 16.0})) == (True, True)
    assert (eight.could_run({"cpu": 16.0}), eight.has_room({"cpu": 8.0})) == (False, True)
    assert (silent.declared({"cpu": 2.0, "gpu": 1.0}), eight.declared({"cpu": 2.0})) == ({"gpu": 1.0}, {"cpu": 2.0})


def test_what_all_have_is_added_up():
    assert totals([site("a", gpu=1.0), site("b", gpu=0.5, licence=2.0), site("c")]) == {"gpu": 1.5, "licence": 2.0}


def test_a_shortage_says_what_is_wanted_what_there_is_and_how_to_have_more():
    sites = [site("a"), site("b"), site("c", gpu=1.0)]
    assert shortage("Train", {"gpu": 2.0}, sites, "tcp://host:8786") == (
        "Train needs gpu = 2, and no worker has that; workers, by what they declare: 1 with gpu = 1, 2 with nothing; "
        'start one that has it: dask worker tcp://host:8786 --resources "gpu=2"'
    )
