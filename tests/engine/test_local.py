"""The engine of processes: one that dies, hangs or is killed costs its own task, and says so."""

from __future__ import annotations

import os
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from multiprocessing import resource_tracker
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import psutil
import pytest

from sweeper.engine.base import TaskCall, WorkerLost
from sweeper.engine.local import LocalEngine, warm_up
from sweeper.engine.machine import THREAD_VARIABLES, thread_shares
from sweeper.engine.process import Setup
from sweeper.errors import EngineError
from sweeper.session import EngineName
from sweeper.store import open_reader
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from tests.engine.conftest import CALL_SECONDS, executing, score, submit
from tests.pipelines.trouble import Gate, Hanging, Trouble
from tests.sweeping import CHAIN, TROUBLE, Swept, counts, luigi_settings, running, runs, sweep

if TYPE_CHECKING:
    from sweeper.engine.base import Engine

PATIENCE_SECONDS = 120


def wait_until(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"not so after {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.02)


def local_sweep(task: str, body: str, uri: str, workers: int = 1) -> Swept:
    text = f'task = "{TROUBLE}:{task}"\nmetric = "score"\n{body}\n'
    return sweep(text, uri, engine=EngineName.LOCAL, workers=workers)


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("os._exit", "the worker process ended with exit code 0"),
        ("kill -9", "the worker process was killed by SIGKILL; out of memory?"),
        ("signal 40", "the worker process was killed by signal 40"),  # Python has no name for it
        ("segfault", "the worker process was killed by SIGSEGV"),
    ],
)
def test_a_process_that_dies_says_how_and_the_slot_goes_on(ending: str, reason: str, local: Engine):
    execute = executing(local)
    with pytest.raises(WorkerLost) as lost:
        execute(Trouble(ending=ending))
    assert str(lost.value) == reason
    assert score(execute(Trouble(number=2))) == 2.0


def test_a_process_killed_from_outside_says_so_and_the_slot_goes_on(local: Engine):
    future = submit(local, Gate())
    wait_until(Path("begun-0").exists, "the task has begun")
    (worker,) = workers_of(psutil.Process())
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerLost, match="SIGKILL"):
        future.result(timeout=CALL_SECONDS)
    assert score(executing(local)(Trouble(number=2))) == 2.0


def test_a_resource_tracker_that_is_killed_is_replaced_without_a_word(recwarn: pytest.WarningsRecorder):
    warm_up(1)
    warnings.warn("another", UserWarning, stacklevel=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource_tracker._resource_tracker, "_check_alive", lambda: False)
        patch.setattr(resource_tracker._resource_tracker, "_fd", os.open(os.devnull, os.O_WRONLY))
        patch.setattr(resource_tracker._resource_tracker, "_pid", None)
        resource_tracker.ensure_running()
        os.close(resource_tracker._resource_tracker._fd)
    assert [str(warning.message) for warning in recwarn] == ["another"]


def test_a_call_that_is_cancelled_is_stopped_with_its_children(local: Engine):
    future = submit(local, Hanging())
    wait_until(Path("grandchild").exists, "the task has a child")
    assert local.cancel(future)
    with pytest.raises(WorkerLost):
        future.result(timeout=CALL_SECONDS)
    grandchild = int(Path("grandchild").read_text(encoding="ascii"))
    wait_until(lambda: is_gone(grandchild), "the child is gone")


def test_a_call_that_is_over_cannot_be_cancelled(local: Engine):
    future = submit(local, Trouble())
    future.result(timeout=CALL_SECONDS)
    assert not local.cancel(future)


def test_closing_stops_what_runs(local: Engine):
    future = submit(local, Hanging())
    wait_until(Path("grandchild").exists, "the task has a child")
    local.close()
    assert future.done()
    grandchild = int(Path("grandchild").read_text(encoding="ascii"))
    wait_until(lambda: is_gone(grandchild), "the child is gone")


def test_a_worker_that_cannot_start_says_why(tmp_path: Path):
    (tmp_path / "file").touch()
    call = TaskCall("tests.pipelines.trouble", "Trouble", b"", b"", "")
    with closing(LocalEngine(1, Setup(f"sqlite:///{tmp_path}/file/mlflow.db"))) as engine:
        future = engine.submit(call, resources={})
        with pytest.raises(EngineError, match=r"(?s)a worker process could not start:.*StoreError"):
            future.result(timeout=CALL_SECONDS)


def test_an_engine_has_a_slot_at_least():
    with pytest.raises(EngineError, match="--workers 0: at least one worker is needed"):
        LocalEngine(0, Setup("sqlite:////nowhere/mlflow.db"))


def test_cores_are_shared_between_slots_and_what_the_user_has_set_stays(monkeypatch: pytest.MonkeyPatch):
    for name in THREAD_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setenv("MKL_NUM_THREADS", "5")
    assert thread_shares(3) == {name: "2" for name in THREAD_VARIABLES if name != "MKL_NUM_THREADS"}
    assert set(thread_shares(20).values()) == {"1"}


def test_each_death_costs_one_point_of_a_sweep_and_its_run_is_closed_with_the_reason(store_uri: str):
    body = '[grid]\nnumber = [0, 1]\nending = ["os._exit", "well", "kill -9", "segfault"]'
    swept = local_sweep("Trouble", body, store_uri, workers=2)
    assert swept.states == {"computed": 2, "failed": 6}
    reader = open_reader(store_uri)
    for outcome in swept.outcomes:
        run = reader.run(outcome.run_id)
        log = reader.artifact(run, run.tags[Tag.LOG]).read_text(encoding="utf-8")
        assert f"number {outcome.point['number']} ends {outcome.point['ending']}" in log
        assert (run.status is RunStatus.FAILED) is bool(outcome.reason)
        assert run.reason == outcome.reason
    assert running(store_uri) == []


def test_a_hang_is_killed_with_its_children_when_its_time_is_over(store_uri: str):
    swept = local_sweep("Hanging", "timeout = 1.5", store_uri)
    assert list(swept.reasons.values()) == ["timed out after 1.5 s"]
    (run,) = runs(store_uri)
    assert (run.status, run.reason) == (RunStatus.FAILED, "timed out after 1.5 s")
    grandchild = int(Path("grandchild").read_text(encoding="ascii"))
    wait_until(lambda: is_gone(grandchild), "the child is gone")


def test_a_worker_works_where_its_driver_does(store_uri: str, tmp_path: Path):
    Path("open-all").touch()
    assert local_sweep("Gate", "[grid]\nnumber = [0]", store_uri).states == {"computed": 1}
    assert (tmp_path / "begun-0").exists()


def test_shared_upstream_runs_once_on_many_workers(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nrate = {{ range = [12] }}\n'
    assert sweep(text, store_uri, engine=EngineName.LOCAL, workers=2).states == {"computed": 12}
    assert counts(store_uri) == {"collect": 1, "scale": 1, "fit": 12}


def test_two_instances_of_the_same_work_run_once(store_uri: str):
    assert local_sweep("Twins", "[grid]\nnumber = [1, 2]", store_uri, workers=2).states == {"computed": 2}
    assert counts(store_uri) == {"noted": 1, "twins": 2}


def test_workers_have_the_drivers_luigi_cfg(store_uri: str):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nseed = [0, 1]\n'
    with luigi_settings({"Fit": {"epochs": "7"}, "Scale": {"factor": "3"}}):
        swept = sweep(text, store_uri, engine=EngineName.LOCAL)
    assert [outcome.value for outcome in swept.outcomes] == pytest.approx([16.0, 16.01])


def workers_of(driver: psutil.Process) -> list[psutil.Process]:
    """Return the processes that were forked from the server which was made for a driver."""
    servers = [child for child in driver.children() if "forkserver" in " ".join(child.cmdline())]
    return [worker for server in servers for worker in server.children()]


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_task_that_runs_on_after_its_points_were_blocked_ends_in_peace(store_uri: str):
    def open_the_gate() -> None:
        wait_until(lambda: any(run.status is RunStatus.FAILED for run in runs(store_uri, "trouble")), "one has failed")
        Path("open-all").touch()

    opener = Thread(target=open_the_gate)
    opener.start()
    swept = local_sweep("TwoRoads", "[grid]\nnumber = [0]", store_uri, workers=2)
    opener.join()
    assert swept.states == {"blocked": 1}
    assert {run.experiment: run.status for run in runs(store_uri)} == {
        "trouble": RunStatus.FAILED,
        "gate": RunStatus.FINISHED,
    }
