"""What a task costs as a sweep grows: points that do nothing, on one root and ten middles, in a real MLflow store.

Each size is swept in a process of its own, as ``sweeper run`` does it, in a new store. Figures a task are from the
first point's end to the last's. Processor time is that of all the sweep's processes, not of a database server, for a
machine that others use too. The start is from the process to the first task's run, less what the same imports take in a
process beside it.

    python -m benchmarks.flat [--sizes 100 1000 10000] [--workers 2] [--store sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from sweeper.progress import Progress
from sweeper.session import run_spec
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from tests.postgres import running

if TYPE_CHECKING:
    from sweeper.search.base import Outcome

MIDDLES = 10
BESIDE = 1000
"""The size that the others stand beside."""

PIPELINE = '''
"""Points that do nothing, on one of ten middles, on one root."""

import luigi

from sweeper import MlflowTask


class Root(MlflowTask):
    """Runs once."""

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"size": 1.0})


class Middle(MlflowTask):
    """Runs once a group."""

    group: int = luigi.IntParameter()

    def requires(self) -> dict[str, luigi.Task]:
        return {"root": Root()}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"size": 1.0})


class Point(MlflowTask):
    """Does nothing but say so."""

    group: int = luigi.IntParameter()
    number: int = luigi.IntParameter()

    def requires(self) -> dict[str, luigi.Task]:
        return {"middle": Middle(self.group)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"value": float(self.number)})
'''

SPEC = """
task = "layers:Point"
metric = "value"
[grid]
group = {{ range = [{groups}] }}
number = {{ range = [{numbers}] }}
"""

SWEEP = "from benchmarks.flat import sweep_here; sweep_here()"

IMPORTS = """
from sweeper.engine.local import warm_up
if __name__ == "__main__":
    warm_up({workers})
    import multiprocessing
    import sweeper.progress, sweeper.record, sweeper.session, sweeper.store.preload, sweeper.sweep
    worker = multiprocessing.get_context("forkserver").Process(target=int)
    worker.start()
    worker.join()
"""
"""Imports all that a sweep does, in the driver and in the process that its workers are forked from."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a sweep cost: ms a task by the clock, of the driver and of all processes; MB at most; seconds to start."""

    points: int
    wall: float
    driver: float
    every: float
    driver_mb: float
    worker_mb: float
    start: float


class Watch(Progress):
    """The display that ``sweeper run`` has, which also notes what the processes have used when points end."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self._points = points
        self._told = 0
        self.marks: list[tuple[float, float, float]] = []
        self.worker_mb = 0.0

    def told(self, outcome: Outcome) -> None:
        """Show a point's end; take note of the first and of the last."""
        super().told(outcome)
        assert outcome.state.has_result, outcome.reason
        self._told += 1
        if self._told in (1, self._points):
            below = psutil.Process().children(recursive=True)
            own = time.process_time()
            self.marks.append((time.perf_counter(), own, own + sum(map(_seconds, below))))
            self.worker_mb = max(process.memory_info().rss for process in below) / 1e6


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def sweep_here() -> None:
    """Run the sweep that the command line names in this process, and print what it cost."""
    spec, uri, points, workers, began = sys.argv[1:]
    print(json.dumps(asdict(sweep(Path(spec), uri, int(points), int(workers), float(began)))))


def sweep(spec: Path, uri: str, points: int, workers: int, began: float) -> Cost:
    """Run a sweep in this process, which began at a time, and return what it cost."""
    with Watch(points) as watch:
        run_spec(spec, watch, workers=workers, tracking_uri=uri)
    (wall, own, every), (last_wall, last_own, last_every) = watch.marks
    (root,) = (run for run in open_reader(uri).runs_in(["root"]) if not run.name.startswith("sweep "))
    each = 1000 / (points - 1)
    return Cost(
        points=points,
        wall=(last_wall - wall) * each,
        driver=(last_own - own) * each,
        every=(last_every - every) * each,
        driver_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000,
        worker_mb=watch.worker_mb,
        start=root.start_time / 1000 - began,
    )


def write_sweep(folder: Path, points: int) -> Path:
    """Write a pipeline and a spec with so many points into a folder; return the spec."""
    (folder / "layers.py").write_text(PIPELINE, encoding="utf-8")
    spec = folder / "layers.toml"
    spec.write_text(SPEC.format(groups=MIDDLES, numbers=points // MIDDLES), encoding="utf-8")
    return spec


def measured(points: int, workers: int, uri: str) -> Cost:
    """Return what a sweep of so many points costs, in a process of its own; its start less what imports take."""
    with tempfile.TemporaryDirectory(prefix="sweeper-flat-") as temporary:
        spec = write_sweep(Path(temporary), points)
        (Path(temporary) / "imports.py").write_text(IMPORTS.format(workers=workers), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
        began = time.perf_counter()
        subprocess.run([sys.executable, "imports.py"], cwd=temporary, env=environment, check=True)
        imports = time.perf_counter() - began
        store = uri or sqlite_uri(Path(temporary) / "results" / "mlflow.db")
        command = [sys.executable, "-c", SWEEP, str(spec), store, str(points), str(workers)]
        done = subprocess.run(
            [*command, repr(time.time())],
            cwd=temporary, env=environment, check=True, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    return Cost(**{**found, "start": found["start"] - imports})


def table(costs: list[Cost]) -> str:
    """Return the costs as a Markdown table, each size beside that of 1,000 points."""
    base = next((cost for cost in costs if cost.points == BESIDE), costs[0])
    lines = [
        "| points | ms a task | driver's CPU | all CPU | beside 1,000: time, CPU | driver | a worker | start |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {cost.points:,} | {cost.wall:.1f} | {cost.driver:.2f} ms | {cost.every:.1f} ms "
        f"| {cost.wall / base.wall:.2f}, {cost.every / base.every:.2f} | {cost.driver_mb:.0f} MB "
        f"| {cost.worker_mb:.0f} MB | {cost.start:.1f} s |"
        for cost in costs
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure each size, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite", help="a new one for each size")
    arguments = parser.parse_args()
    costs = []
    with contextlib.ExitStack() as server:
        postgres = server.enter_context(running()) if arguments.store == "postgresql" else None
        for number, points in enumerate(arguments.sizes):
            uri = postgres.create(f"flat{number}") if postgres else ""
            costs.append(measured(points, arguments.workers, uri))
            print(costs[-1], flush=True)
    print(table(costs))


if __name__ == "__main__":
    main()
