"""What may start when: needs, limits, and what is urgent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import luigi
import pytest

from sweeper.engine import worker as worker_module
from sweeper.engine.base import call_for
from sweeper.engine.worker import SchedulingWorker
from sweeper.task.context import Context
from tests.engine.test_worker import HandEngine, finish
from tests.pipelines.chain import Fit, Report, Scale
from tests.pipelines.trouble import Trouble


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    """Let a step in which nothing ends be short."""
    monkeypatch.setattr(worker_module, "WAIT_SECONDS", 0.02)


def worker_on(engine: HandEngine, **options: Any) -> SchedulingWorker:
    return SchedulingWorker(engine, lambda task: call_for(task, labels={}), **options)


def numbers(worker: SchedulingWorker) -> list[int]:
    """Return the numbers of the tasks that are running."""
    return sorted(task.number for task in worker.running)


def test_no_more_run_at_once_than_a_limit_allows_and_others_go_first_meanwhile():
    engine = HandEngine(slots=3)
    worker = worker_on(
        engine,
        needs=lambda task: {"task:Trouble": 1.0} if task.number < 4 else {},
        limits={"task:Trouble": 1.0},
    )
    for number in range(6):
        worker.hold(Trouble(number=number))
    worker.step()
    assert numbers(worker) == [0, 4, 5]
    engine.end(0)
    finish(worker)
    worker.step()
    assert numbers(worker) == [1, 4, 5]


def test_what_is_free_is_not_kept_for_what_lacks_something_else():
    def needs(task: luigi.Task) -> Mapping[str, float]:
        return {0: {"a": 1.0}, 1: {"a": 1.0, "b": 1.0}, 2: {"b": 1.0}}[task.number]

    worker = worker_on(HandEngine(slots=3), needs=needs, limits={"a": 1.0, "b": 1.0})
    for number in range(3):
        worker.hold(Trouble(number=number))
    worker.step()
    assert numbers(worker) == [0, 2]


def test_tenths_of_a_limit_come_to_all_of_it():
    worker = worker_on(HandEngine(slots=20), needs=lambda _: {"a": 0.1}, limits={"a": 1.0})
    for number in range(12):
        worker.hold(Trouble(number=number))
    worker.step()
    assert len(worker.running) == 10


def test_an_engine_is_asked_for_room_and_given_only_what_machines_have():
    class Small(HandEngine):
        given: Mapping[str, float] = {}

        def has_room(self, resources: Mapping[str, float]) -> bool:
            return resources.get("gpu", 0) <= 1

        def submit(self, call: Any, *, resources: Mapping[str, float]) -> Any:
            Small.given = resources
            return super().submit(call, resources=resources)

    worker = worker_on(
        Small(slots=2, resources={"gpu": 2.0, "disk": 9.0}),
        needs=lambda task: {"gpu": task.number, "disk": 1.0, "licence": 1.0, "task:Trouble": 1.0},
        limits={"licence": 1.0, "task:Trouble": 2.0, "disk": 3.0},
    )
    for number in (2, 1):
        worker.hold(Trouble(number=number))
    worker.step()
    assert numbers(worker) == [1]
    assert Small.given == {"gpu": 1, "disk": 1.0}
    assert worker.is_held_back


def test_a_worker_is_held_back_only_while_a_slot_is_free():
    worker = worker_on(HandEngine(slots=2), needs=lambda task: {"a": float(task.number)}, limits={"a": 1.0})
    worker.hold(Trouble(number=1))
    worker.step()
    assert not worker.is_held_back
    worker.hold(Trouble(number=2))
    worker.step()
    assert worker.is_held_back
    worker.hold(Trouble(number=0))
    worker.step()
    assert (numbers(worker), worker.is_held_back) == ([0, 1], False)


def test_a_group_of_which_fewest_are_left_goes_first():
    left = {"a": 3, "b": 1, "c": 2}
    worker = worker_on(HandEngine(slots=1), left=left.__getitem__)
    for number, group in enumerate("aaabcc"):
        worker.hold(Trouble(number=number), group)
    worker.step()
    assert numbers(worker) == [3]


def test_of_equals_the_first_goes_first():
    worker = worker_on(HandEngine(slots=2), left=lambda _: 1)
    for number in range(4):
        worker.hold(Trouble(number=number), "a" if number % 2 else "b")
    worker.step()
    assert numbers(worker) == [0, 1]


def test_what_several_groups_wait_for_goes_before_what_one_does():
    engine = HandEngine(slots=1)
    worker = worker_on(engine)
    worker.hold(Trouble(number=1), "a")
    for rate in (0.1, 0.2):
        worker.hold(Fit(rate=rate), f"fit {rate}")
    worker.step()
    assert engine.names == ["Collect"]


def test_what_one_group_alone_waits_for_goes_with_that_group():
    engine = HandEngine(slots=1)
    worker = worker_on(engine)
    worker.hold(Trouble(number=1), "a")
    for seed in range(3):
        worker.hold(Fit(seed=seed), "b")
    worker.step()
    assert engine.names == ["Trouble"]


def test_luigis_own_priority_goes_before_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Report, "priority", 5)
    engine = HandEngine(slots=1, futures=[])
    worker = worker_on(engine, left=lambda group: 1 if group == "few" else 9)
    for task in (Trouble(number=1), Scale(factor=3.0)):
        worker.hold(task, "few")
    worker.hold(Report(), "many")
    worker.step()
    assert engine.names == ["Collect"]
    engine.end()
    finish(worker)
    worker.step()
    assert worker.running == [Scale()]
