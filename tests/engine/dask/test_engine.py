"""The engine on Dask: whatever of a cluster is killed costs what ran there, says so, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from sweeper.engine.base import Ending, Engine, Execution, WorkerLost, call_for
from sweeper.engine.dask.cluster import connect
from sweeper.engine.process import Setup
from sweeper.errors import EngineError, InputError
from sweeper.session import EngineName
from sweeper.store.records import RunRecord, RunStatus
from sweeper.task.context import current
from tests.clusters import ROOT, DaskCluster, dask_cluster
from tests.engine.conftest import CALL_SECONDS, dask_engine, executing, score, submit
from tests.pipelines.trouble import Gate, Hanging, Trouble
from tests.sweeping import TROUBLE, running, runs, sweep, write_spec

if TYPE_CHECKING:
    from sweeper.task.context import Context

PATIENCE_SECONDS = 60

LEARNS = """
import os
import luigi
from sweeper import MlflowTask

class Learn(MlflowTask):
    rate: float = luigi.FloatParameter()

    def _run(self):
        assert "dask-scratch-space" in os.environ["SWEEPER_ARTIFACT_CACHE"]
        for step in (1, 2):
            self.report(self.rate * step, step)
        self.save_to_mlflow(metrics={"score": self.rate})
"""
STUDY = """
task = "learns:Learn"
metric = "score"
direction = "minimize"
[study]
trials = 2
enqueue = [{ rate = 0.1 }, { rate = 2.0 }]
pruner = { name = "threshold", upper = 0.5 }
[study.space]
rate = { choice = [0.1, 2.0] }
"""

TRAINS = """
import os
import time
import luigi
from sweeper import MlflowTask

class Prepare(MlflowTask):
    def _run(self):
        self.save_to_mlflow(metrics={"size": 1})

class Train(MlflowTask):
    seed: int = luigi.IntParameter()

    def requires(self):
        return {"data": Prepare()}

    def _run(self):
        os.mkdir("device-in-use")
        time.sleep(0.3)
        os.rmdir("device-in-use")
        assert os.environ["OMP_NUM_THREADS"] == "2"
        self.save_to_mlflow(metrics={"device": int(os.environ["CUDA_VISIBLE_DEVICES"])})
"""
TRAININGS = """
task = "trains:Train"
metric = "device"
[resources.Train]
gpu = 1
cpu = 2
[grid]
seed = { range = [3] }
"""


@pytest.fixture
def setup(context: Context, store_uri: str) -> Setup:
    """What processes of workers are given."""
    return Setup(store_uri, tuple(sys.path))


def wait_until(condition: Callable[[], object], what: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, f"not so after {PATIENCE_SECONDS} s: {what}"
        time.sleep(0.02)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def wait_until_gone(processes: list[int]) -> None:
    wait_until(lambda: all(map(is_gone, processes)), "nothing is left")


def hang(engine: Engine, needs: Mapping[str, float] | None = None) -> tuple[Future[Execution], int]:
    """Start a task that hangs; return its future, and the id of the process that it has started."""
    Path("grandchild").unlink(missing_ok=True)
    future = engine.submit(call_for(Hanging(), labels=current().labels), resources=needs or {})
    wait_until(Path("grandchild").exists, "the task has a child")
    return future, int(Path("grandchild").read_text(encoding="ascii"))


def needing(engine: Engine, needs: Mapping[str, float]) -> Future[Execution]:
    return engine.submit(call_for(Trouble(), labels=current().labels), resources=needs)


def test_a_call_that_is_cancelled_is_stopped_with_its_children_and_the_thread_goes_on(on_dask: Engine):
    future, grandchild = hang(on_dask)
    assert on_dask.cancel(future)
    with pytest.raises(WorkerLost):
        future.result(timeout=PATIENCE_SECONDS)
    assert is_gone(grandchild)
    assert not on_dask.cancel(future)
    assert score(executing(on_dask)(Trouble(number=2))) == 2.0


def test_closing_stops_what_runs(on_dask: Engine):
    future, grandchild = hang(on_dask)
    on_dask.close()
    with pytest.raises(WorkerLost):
        future.result(timeout=0)
    wait_until(lambda: is_gone(grandchild), "the child is gone")


def test_tasks_run_side_by_side_and_the_next_waits_until_there_is_room(on_dask: Engine):
    futures = [submit(on_dask, Gate(number=number)) for number in range(3)]
    wait_until(lambda: sum(Path(f"begun-{number}").exists() for number in range(3)) == 2, "two have begun")
    assert on_dask.slots == 2
    assert not on_dask.has_room({})
    assert [future.running() for future in futures] == [True, True, False]
    Path("open-all").touch()
    assert {future.result(timeout=CALL_SECONDS).ending for future in futures} == {Ending.DONE}


def test_a_process_that_dies_says_how_and_the_thread_goes_on(on_dask: Engine):
    with pytest.raises(WorkerLost, match="the worker process was killed by SIGSEGV"):
        executing(on_dask)(Trouble(ending="segfault"))
    assert score(executing(on_dask)(Trouble(number=2))) == 2.0


def test_without_dask_it_is_said_how_to_have_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match=r"pip install 'luigi-sweeper\[dask\]' brings it"):
        connect("tcp://127.0.0.1:8786")


def test_a_resource_that_no_worker_has_is_an_error_that_says_how_to_have_it(on_dask: Engine):
    future = needing(on_dask, {"gpu": 2})
    with pytest.raises(EngineError, match="no worker has that") as error:
        future.result(timeout=PATIENCE_SECONDS)
    assert str(error.value).startswith("Trouble needs gpu = 2, ")
    assert '--resources "gpu=2"' in str(error.value)


def test_a_worker_that_is_killed_or_its_nanny_loses_its_task_and_leaves_nothing(cluster: DaskCluster, setup: Setup):
    nanny, notices = cluster.add_worker("mortal", "--resources", "mortal=1"), list[str]()
    try:
        for who in ("worker", "nanny"):  # the nanny starts a worker in the place of the first
            pid = cluster.pids()["mortal"]
            with contextlib.closing(dask_engine(cluster.address, setup, notices.append)) as engine:
                future, grandchild = hang(engine, {"mortal": 1})
                gone = [pid, grandchild, *(one.pid for one in psutil.Process(pid).children(recursive=True))]
                os.kill(pid if who == "worker" else nanny.pid, signal.SIGKILL)
                with pytest.raises(WorkerLost, match=r"its Dask worker, tcp://[\d.:]+, is gone"):
                    future.result(timeout=PATIENCE_SECONDS)
                wait_until_gone(gone)
    finally:
        cluster.remove(nanny)


def test_workers_that_come_are_given_work_and_what_goes_with_one_may_come_back_with_another(
    cluster: DaskCluster, setup: Setup, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("sweeper.engine.dask.engine.SHORTAGE_SECONDS", 1.0)
    notices: list[str] = []
    with contextlib.closing(dask_engine(cluster.address, setup, notices.append)) as engine:
        assert (engine.slots, engine.resources) == (2, {})
        futures = [submit(engine, Gate(number=number)) for number in range(3)]
        worker = cluster.add_worker("licensed", "--no-nanny", "--resources", "licence=2")
        try:
            wait_until(futures[2].running, "the third has begun, on the worker that has come")
            assert (engine.slots, engine.resources) == (3, {"licence": 2.0})
            Path("open-all").touch()
            assert {future.result(timeout=CALL_SECONDS).ending for future in futures} == {Ending.DONE}
            assert needing(engine, {"licence": 2}).result(timeout=CALL_SECONDS).ending is Ending.DONE
        finally:
            cluster.remove(worker)
        wait_until(lambda: engine.slots == 2, "the worker is missed")
        with pytest.raises(EngineError, match="Trouble needs licence = 1, and no worker has that"):
            needing(engine, {"licence": 1}).result(timeout=PATIENCE_SECONDS)
    assert notices[:2] == ["2 workers: up to 2 tasks at a time", "1 worker more: up to 3 tasks at a time"]
    assert notices[2].endswith("waiting 1 s for it")


def test_tasks_of_a_sweep_go_where_the_device_is_that_they_ask_for_one_at_a_time(
    cluster: DaskCluster, store_uri: str, tmp_path: Path
):
    (tmp_path / "trains.py").write_text(TRAINS, encoding="utf-8")
    worker = cluster.add_worker(
        "device", "--no-nanny", "--nthreads", "2", "--resources", "gpu=1", CUDA_VISIBLE_DEVICES="5"
    )
    try:
        cluster.pids()
        swept = sweep(TRAININGS, store_uri, engine=EngineName.DASK, address=cluster.address)
    finally:
        cluster.remove(worker)
    assert swept.reasons == {}
    assert [outcome.value for outcome in swept.outcomes] == [5.0, 5.0, 5.0]


def test_without_a_scheduler_the_sweep_ends_and_says_what_to_do(tmp_path: Path, setup: Setup):
    (tmp_path / "dask").mkdir()
    with dask_cluster(tmp_path / "dask") as cluster:
        cluster.add_worker("last", "--no-nanny")
        with contextlib.closing(dask_engine(cluster.address, setup)) as engine:  # waits for the worker
            future, grandchild = hang(engine)
            waiting = submit(engine, Trouble(number=1))
            cluster.scheduler.kill()
            for one in (future, waiting):
                with pytest.raises(EngineError, match="start a cluster, and run the same command again"):
                    one.result(timeout=PATIENCE_SECONDS)
            with pytest.raises(EngineError):
                submit(engine, Trouble(number=2)).result(timeout=PATIENCE_SECONDS)
            wait_until(lambda: is_gone(grandchild), "the worker has ended what ran")


def test_a_driver_that_is_killed_takes_its_tasks_along_and_the_next_repeats_nothing_that_is_done(
    cluster: DaskCluster, store_uri: str
):
    Path("open-0").touch()
    text = f'task = "{TROUBLE}:Gate"\nmetric = "score"\n[grid]\nnumber = [0, 1]\n'
    command = [
        *(str(Path(sys.executable).with_name("sweeper")), "run", str(write_spec(text)), "--tracking-uri", store_uri),
        *("--engine", "dask", "--address", cluster.address),
    ]
    driver = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True)
    try:
        wait_until(lambda: len(finished(store_uri)) == 1 and Path("begun-1").exists(), "one is done, one is at work")
    finally:
        driver.kill()
        driver.wait()
    wait_until_gone([int(Path("begun-1").read_text(encoding="ascii"))])
    Path("open-1").touch()
    swept = sweep(text, store_uri, engine=EngineName.DASK, address=cluster.address)
    assert swept.states == {"reused": 1, "computed": 1}
    assert len(finished(store_uri)) == 2
    assert running(store_uri) == []


def test_what_ends_a_process_costs_its_own_point_on_a_cluster_of_our_own(store_uri: str):
    before = children()
    body = 'timeout = 4\n[retry]\nlost = 0\n[grid]\nending = ["kill -9", "well", "error", "hang"]'
    swept = sweep(f'task = "{TROUBLE}:Trouble"\nmetric = "score"\n{body}\n', store_uri, engine=EngineName.DASK)
    assert swept.reasons == {
        "ending=kill -9": "the worker process was killed by SIGKILL; out of memory?",
        "ending=error": "OddError: odd 7: the data are gone",
        "ending=hang": "timed out after 4 s",
    }
    assert swept.messages[0] == "1 worker: up to 1 task at a time"
    assert running(store_uri) == []
    assert children() <= before, "what a test before has started may end meanwhile"


def children() -> set[int]:
    """Return what this process has started; multiprocessing's tracker stays as long as it does."""
    found = psutil.Process().children(recursive=True)
    return {one.pid for one in found if "resource_tracker" not in " ".join(one.cmdline())}


def finished(uri: str) -> list[RunRecord]:
    return [run for run in runs(uri) if run.status is RunStatus.FINISHED]


def test_a_study_prunes_tasks_whose_module_only_the_driver_has(cluster: DaskCluster, store_uri: str, tmp_path: Path):
    """The tasks run in processes of real workers, which share one folder of fetched artifacts."""
    (tmp_path / "learns.py").write_text(LEARNS, encoding="utf-8")
    swept = sweep(STUDY, store_uri, engine=EngineName.DASK, address=cluster.address)
    assert swept.states == {"computed": 1, "pruned": 1}
    assert [str(point) for point in swept.reasons] == ["rate=2.0"]
