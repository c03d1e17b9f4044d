"""Which GPUs and how many cores each call of a machine has."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sweeper.engine import machine as machine_module
from sweeper.engine.machine import (
    THREAD_VARIABLES,
    Machine,
    available_cores,
    named_devices,
    thread_variables,
    visible_devices,
)
from sweeper.engine.placement import Place, Placement
from sweeper.errors import InputError

BOTH = frozenset({"gpu", "cpu"})


def placement(*devices: str, cores: float = 8, slots: int = 4, shared_out: frozenset[str] = BOTH) -> Placement:
    return Placement(Machine(devices, cores, shared_out), slots)


def placed(where: Placement, preferred: tuple[Place, ...] = (), **needs: float) -> Place:
    place = where.find(needs, preferred)
    assert place is not None
    where.take(place)
    return place


def test_who_asks_for_a_gpu_has_one_that_nobody_else_has():
    where = placement("0", "1")
    first, second = placed(where, gpu=1), placed(where, gpu=1)
    assert (first.devices, second.devices) == (("0",), ("1",))
    assert where.find({"gpu": 1}) is None
    where.give_back(first)
    assert placed(where, gpu=1).devices == ("0",)


def test_who_asks_for_two_gpus_sees_two():
    where = placement("0", "1", "2")
    placed(where, gpu=1)
    assert placed(where, gpu=2).environment["CUDA_VISIBLE_DEVICES"] == "1,2"


def test_halves_share_a_gpu_so_that_whole_ones_stay_whole():
    where = placement("0", "1")
    assert [placed(where, gpu=0.5).devices for _ in range(2)] == [("0",), ("0",)]
    assert placed(where, gpu=1).devices == ("1",)


def test_halves_of_two_gpus_are_not_a_whole_one():
    where = placement("0", "1")
    places = [placed(where, gpu=0.5) for _ in range(4)]
    where.give_back(places[0])
    where.give_back(places[2])
    assert where.find({"gpu": 1}) is None
    assert where.find({"gpu": 0.5}) is not None


def test_ten_tenths_are_one_gpu():
    where = placement("0", shared_out=frozenset({"gpu"}))
    places = [placed(where, gpu=0.1) for _ in range(10)]
    assert where.find({"gpu": 0.1}) is None
    for place in places:
        where.give_back(place)
    assert placed(where, gpu=1).devices == ("0",)


def test_who_asks_for_no_gpu_sees_none_where_others_ask():
    assert placed(placement("0")).environment["CUDA_VISIBLE_DEVICES"] == ""


def test_a_device_that_a_worker_knows_is_preferred():
    where = placement("0", "1")
    known = Place(("1",), 1.0, 1.0)
    assert placed(where, (known,), gpu=1).devices == ("1",)
    assert placed(where, (known,), gpu=1).devices == ("0",)


def test_who_idles_makes_way_where_its_device_is_full():
    where = placement("0", "1")
    placed(where, gpu=0.5)
    idle = {"a": Place(("0",), 0.5), "b": Place(("0",), 0.5), "c": Place(("1",), 1.0), "d": Place(())}
    assert where.crowded_out(idle) == ["b"]


def test_cores_are_given_out_up_to_all_and_who_says_nothing_has_a_workers_part():
    where = placement(cores=8, slots=4)
    assert placed(where, cpu=5).cores == 5
    assert placed(where).cores == 2
    assert where.find({"cpu": 2}) is None
    assert where.find({"cpu": 1}) is not None


def test_nothing_is_counted_that_nobody_asks_for():
    where = placement("0", cores=1, slots=4, shared_out=frozenset())
    assert [placed(where).environment for _ in range(8)] == [{}] * 8


def test_threads_go_with_cores_and_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch):
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    assert thread_variables(3) == dict.fromkeys(THREAD_VARIABLES, "3")
    assert placed(placement(), cpu=0.5).environment["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert thread_variables(3) == {"VECLIB_MAXIMUM_THREADS": "3"}  # the others go by OMP_NUM_THREADS


@pytest.mark.parametrize("text", ["", "0,", "0,0", "gpu0", "-1", "0 1", "0,x", "²"])
def test_what_names_no_devices_is_an_error(text: str):
    with pytest.raises(InputError, match="as in --gpus 0,1"):
        named_devices(text)


def test_devices_are_indices_or_uuids():
    assert named_devices("0, 3,GPU-8f9c,MIG-1a") == ("0", "3", "GPU-8f9c", "MIG-1a")


@pytest.mark.parametrize(
    ("text", "devices"), [("", ()), ("-1", ()), ("0,1", ("0", "1")), ("2,-1,3", ("2",)), ("NoDevFiles", ())]
)
def test_the_environments_devices_are_read_as_cuda_does(
    text: str, devices: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", text)
    assert visible_devices() == devices
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert visible_devices() == ()


def test_a_control_groups_quota_counts_as_cores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)))
    monkeypatch.setattr(machine_module, "_CGROUPS", tmp_path)
    assert available_cores() == 64
    (tmp_path / "cpu.max").write_text("max 100000\n", encoding="ascii")
    assert available_cores() == 64
    (tmp_path / "cpu.max").write_text("250000 100000\n", encoding="ascii")
    assert available_cores() == 2.5
