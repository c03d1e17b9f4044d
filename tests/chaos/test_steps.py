"""Killed between any two steps that last, by fault points and not by luck."""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from sweeper.policy import STANDARD, Policy
from sweeper.store.records import RunStatus
from tests.chaos.arena import Arena, Driver
from tests.chaos.conftest import MakeArena
from tests.chaos.evidence import check, check_results_are_whole, reports
from tests.chaos.fuse import Fuse, steps_of
from tests.chaos.scale import at_scale
from tests.chaos.tally import Tally

STEPS_IN_THE_SUITE = 2


def nothing(_: Arena) -> None:
    """Prepare nothing."""


def one_point(arena: Arena) -> None:
    """Have a sweep done that shares a point with others."""
    assert arena.fork("single").wait() == 0, arena.output


def changed_code(arena: Arena) -> None:
    """Have a sweep done by code that has been changed since."""
    one_point(arena)
    mill = arena.folder / "mill.py"
    text = mill.read_text(encoding="utf-8")
    mill.write_text(text.replace("LONGEST_PAUSE_SECONDS = 0.02", "LONGEST_PAUSE_SECONDS = 0.01"), encoding="utf-8")


def lose_the_store() -> None:
    """Let the store be away in this process as soon as a run is to be FINISHED; nothing is waited for."""
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
    from mlflow.tracking import MlflowClient

    real = MlflowClient.set_terminated

    def away(*_: object, **__: object) -> None:
        raise MlflowException("the database is away", TEMPORARILY_UNAVAILABLE)

    def set_terminated(client: MlflowClient, run_id: str, status: str, *rest: object) -> None:
        if status == RunStatus.FINISHED:
            writes = ("create_run", "log_batch", "log_param", "set_tag", "set_terminated", "update_run")
            for name in (*writes, "get_run", "search_runs"):
                setattr(MlflowClient, name, away)
            away()
        real(client, run_id, status, *rest)

    os.environ["SWEEPER_STORE_PATIENCE"] = "0"
    MlflowClient.set_terminated = set_terminated


def result_not_recorded(arena: Arena) -> None:
    """Have a sweep stopped whose store went away while a result was to be recorded."""
    assert arena.fork("single", before=lose_the_store).wait() == 3, arena.output
    assert [*(arena.folder / "results" / "unrecorded").iterdir()], arena.output


@dataclass(frozen=True, slots=True)
class Case:
    """A run of a sweep, on what was prepared for it."""

    sweep: str
    prepare: Callable[[Arena], None] = nothing
    policy: Policy = STANDARD


CASES = {
    "a grid": Case("single"),
    "a study": Case("short"),
    "a sweep that shares results with another": Case("other", one_point),
    "a sweep that records what an earlier run could not": Case("single", result_not_recorded),
    "a sweep that makes results again": Case("single", changed_code, Policy(rerun_changed=True)),
}


class Scene:
    """An arena that is put back to how it was prepared before each attempt."""

    def __init__(self, arena: Arena, case: Case) -> None:
        self.arena, self.case = arena, case
        self._prepared = arena.folder.with_name(f"{arena.folder.name}-prepared")
        case.prepare(arena)
        self.begun_before = self._begun()
        shutil.copytree(arena.folder, self._prepared)

    def reset(self) -> None:
        """Put the arena back."""
        shutil.rmtree(self.arena.folder)
        shutil.copytree(self._prepared, self.arena.folder)

    def run(self, before: Callable[[], object] = lambda: None, *, workers: int = 0) -> Driver:
        """Run the sweep in a process of its own."""
        return self.arena.fork(self.case.sweep, workers=workers, policy=self.case.policy, before=before)

    def check_that_little_was_repeated(self) -> None:
        """Hold that no task but the one that was killed was begun twice, and that one no more often."""
        repeated = {task: number - 1 for task, number in (self._begun() - self.begun_before).items() if number > 1}
        assert sum(repeated.values()) <= 1, repeated

    def _begun(self) -> Counter[str]:
        return Counter(task for event, task, _ in self.arena.ledger if event == "begun")


@pytest.mark.parametrize("name", CASES)
def test_a_driver_killed_before_any_of_its_steps(name: str, arena: MakeArena, rng: random.Random, tally: Tally):
    scene = Scene(arena(), CASES[name])
    assert scene.run(Fuse(scene.arena.folder, 0).light).wait() == 0, scene.arena.output
    expected = reports(scene.arena, scene.case.sweep)
    number = len(steps_of(scene.arena.folder))
    assert number > 20
    for step in sorted(rng.sample(range(1, number + 1), at_scale(STEPS_IN_THE_SUITE, number))):
        scene.reset()
        code = scene.run(Fuse(scene.arena.folder, step).light).wait()
        assert code == -signal.SIGKILL, f"{code} at step {step}\n{scene.arena.output}"
        check_results_are_whole(scene.arena)
        assert scene.run().wait() == 0, f"after a kill at {_where(scene, step)}\n{scene.arena.output}"
        check(scene.arena, scene.case.sweep, expected, tally)
        scene.check_that_little_was_repeated()
        tally.kills("the driver, before a step of its own")


def test_a_worker_killed_before_any_of_its_steps(arena: MakeArena, rng: random.Random, tally: Tally):
    scene = Scene(arena(), CASES["a grid"])
    order = scene.arena.folder / "order"
    order.write_text("0", encoding="ascii")
    assert scene.run(workers=1).wait() == 0, scene.arena.output
    expected = reports(scene.arena, scene.case.sweep)
    number = len(steps_of(scene.arena.folder))
    assert number > 20
    for step in sorted(rng.sample(range(1, number + 1), at_scale(STEPS_IN_THE_SUITE, number))):
        scene.reset()
        order.write_text(str(step), encoding="ascii")
        assert scene.run(workers=1).wait() in (0, 1), scene.arena.output
        check_results_are_whole(scene.arena)
        scene.arena.finish(lambda: scene.run(workers=1))
        check(scene.arena, scene.case.sweep, expected, tally)
        scene.check_that_little_was_repeated()
        tally.kills("a worker, before a step of its own")


def test_a_driver_killed_while_it_keeps_what_it_cannot_record(arena: MakeArena, rng: random.Random, tally: Tally):
    scene = Scene(arena(), CASES["a grid"])

    def run_without_store(step: int) -> int:
        def before() -> None:
            lose_the_store()
            Fuse(scene.arena.folder, step).light()

        return scene.run(before).wait()

    assert run_without_store(0) == 3, scene.arena.output
    keeping = [number for number, step in enumerate(steps_of(scene.arena.folder), 1) if "unrecorded" in step]
    assert scene.run().wait() == 0, scene.arena.output
    expected = reports(scene.arena, scene.case.sweep)
    for step in at_scale(rng.sample(keeping, 2), keeping):
        scene.reset()
        assert run_without_store(step) == -signal.SIGKILL, scene.arena.output
        check_results_are_whole(scene.arena)
        assert scene.run().wait() == 0, f"after a kill at {_where(scene, step)}\n{scene.arena.output}"
        check(scene.arena, scene.case.sweep, expected, tally)
        scene.check_that_little_was_repeated()
        tally.kills("the driver, before a step of its own")


def test_one_task_killed_at_one_step_after_the_other(arena: MakeArena, tally: Tally):
    """The same task, again and again, each time one step further, until nothing is left to kill."""
    scene = Scene(arena(), Case("ground"))
    assert scene.run().wait() == 0
    expected = reports(scene.arena, "ground")
    scene.reset()
    killed = 0
    for step in range(1, 200, at_scale(3, 1)):
        code = scene.run(Fuse(scene.arena.folder, step).light).wait()
        check_results_are_whole(scene.arena)
        if code == 0:
            break
        assert code == -signal.SIGKILL, scene.arena.output
        killed += 1
    assert killed > at_scale(7, 20)
    check(scene.arena, "ground", expected, tally)
    tally.kills("the driver, before a step of its own", killed)


def _where(scene: Scene, step: int) -> str:
    listed = steps_of(scene.arena.folder)
    return f"step {step}: {listed[step - 1] if step <= len(listed) else '?'}, pid {os.getpid()}"
