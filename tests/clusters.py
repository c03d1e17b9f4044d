"""A Dask cluster on the loopback interface, started by Dask's own commands."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distributed import LocalCluster

ROOT = Path(__file__).resolve().parents[1]
START_SECONDS = 120
_DASK = Path(sys.executable).with_name("dask")


class DaskCluster:
    """A scheduler, and workers that come and go; what they print is in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--dashboard-address", ":0")
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        _wait_for(lambda: file.exists() and file.stat().st_size > 0, "the scheduler is there")
        self.address = str(json.loads(file.read_text(encoding="utf-8"))["address"])

    def add_worker(self, name: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker with one thread, and a nanny unless an option says otherwise."""
        options = ("--nthreads", "1", "--name", name, "--host", "127.0.0.1", "--no-dashboard", *options)
        worker = self._start("worker", self.address, *options, log=name, **environment)
        self.workers.append(worker)
        return worker

    def pids(self) -> dict[str, int]:
        """Return the processes of the workers that are there, by their names, once all that were started are."""
        from distributed import Client

        expected = sum(worker.poll() is None for worker in self.workers)
        with Client(self.address, set_as_default=False) as client:
            client.wait_for_workers(expected, timeout=START_SECONDS)
            workers = client.scheduler_info(n_workers=-1)["workers"]
            pids = client.run(os.getpid)
        return {one["name"]: pids[address] for address, one in workers.items()}

    def remove(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker, with its nanny."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def close(self) -> None:
        """Kill all of it."""
        for process in (*self.workers, self.scheduler):
            self.remove(process)

    def _start(self, *words: str, log: str = "scheduler", **environment: str) -> subprocess.Popen[bytes]:
        place = ("--scheduler-file", str(self.folder / "scheduler.json")) if words[0] == "scheduler" else ()
        local = ("--local-directory", str(self.folder)) if words[0] == "worker" else ()
        with (self.folder / f"{log}.log").open("wb") as output:
            return subprocess.Popen(
                [str(_DASK), *words, *place, *local],
                cwd=self.folder,
                env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )


@contextlib.contextmanager
def dask_cluster(folder: Path) -> Iterator[DaskCluster]:
    """Run a scheduler, and what is added to it, until the end of the block."""
    cluster = DaskCluster(folder)
    try:
        yield cluster
    finally:
        cluster.close()


def _wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + START_SECONDS
    while not condition():
        assert time.monotonic() < until, f"not so after {START_SECONDS} s: {what}"
        time.sleep(0.05)


@contextlib.contextmanager
def cluster_in_threads(folder: Path) -> Iterator[LocalCluster]:
    """Run a scheduler and one worker in threads of this process, that speak over TCP, while the block lasts."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        processes=False,
        protocol="tcp://",
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        local_directory=str(folder),
        silence_logs=50,
    ) as cluster:
        yield cluster
