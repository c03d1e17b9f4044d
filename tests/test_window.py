"""The window: how many instances are held at once."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from sweeper import window as window_module
from sweeper.engine import worker as worker_module
from sweeper.points import Point
from sweeper.task import MlflowTask, key_of
from sweeper.task.context import Context
from sweeper.window import Window
from tests.engine.test_scheduler import worker_on
from tests.engine.test_worker import HandEngine, finish
from tests.pipelines.chain import Fit
from tests.pipelines.trouble import Trouble

SIZE = 40


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch, context: Context) -> None:
    """Let a step in which nothing ends be short, and few instances be many."""
    monkeypatch.setattr(worker_module, "WAIT_SECONDS", 0.02)
    monkeypatch.setattr(window_module, "AHEAD", 5)


def fill(window: Window, tasks: Iterator[MlflowTask], most: int = 1000) -> int:
    """Hold tasks while there is room, and no more than so many; return how many those are."""
    for held in range(most):
        if not window.has_room:
            return held
        task = next(tasks)
        window.hold(task, key_of(task), Point(()))
    return most


def test_while_no_slot_is_short_of_work_few_more_are_held_than_run():
    """A decision costs more the more wait for it; with a thousand slots that would be thousands."""
    worker = worker_on(HandEngine(slots=4))
    window, tasks = Window(worker, lambda: SIZE), (Trouble(number=number) for number in count())
    fill(window, tasks, most=4)
    worker.step()
    assert len(worker.running) == 4
    assert fill(window, tasks) == 5


def test_while_what_is_held_waits_for_what_it_requires_as_many_are_held_as_may_be():
    """Others may have what they require."""
    worker = worker_on(HandEngine(slots=4))
    window, tasks = Window(worker, lambda: SIZE), (Fit(seed=seed) for seed in count())
    fill(window, tasks, most=4)
    worker.step()
    assert len(worker.running) == 1
    assert fill(window, tasks) == SIZE - 4


def test_what_ends_makes_room():
    engine = HandEngine(slots=4)
    worker = worker_on(engine)
    window, tasks = Window(worker, lambda: SIZE), (Trouble(number=number) for number in count())
    fill(window, tasks, most=4)
    worker.step()
    fill(window, tasks)
    engine.end(0)
    for one in finish(worker):
        window.release(key_of(one.task))
    assert len(worker.running) == 4
    assert fill(window, tasks) == 1
