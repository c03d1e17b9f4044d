"""Naps: points that sleep, swept for real, or by an engine that only keeps the time, so that the driver is left."""

from __future__ import annotations

import heapq
import itertools
import multiprocessing
import random
import resource
import statistics
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from benchmarks.overhead import Clock
from sweeper.engine.base import Ending, Execution, TaskCall
from sweeper.session import EngineName, bind_file, run_binding, run_spec
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import Result, RunRecord
from sweeper.store.tags import Kind, Tag

if TYPE_CHECKING:
    from sweeper.search.base import Outcome

Answer = TypeVar("Answer")

PIPELINE = '''
"""Points that sleep, and say how much processor time their process has used when they begin."""

import os
import time

import luigi

from sweeper import MlflowTask


class Shared(MlflowTask):
    """Runs once."""

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"size": 1.0})


class Nap(MlflowTask):
    """Sleeps."""

    number: int = luigi.IntParameter()
    seconds: float = luigi.FloatParameter()

    def requires(self) -> dict[str, luigi.Task]:
        return {"shared": Shared()}

    def _run(self) -> None:
        used = time.process_time()
        time.sleep(self.seconds)
        self.save_to_mlflow(metrics={"value": float(self.number), "process": os.getpid(), "used": used})
'''


@dataclass(frozen=True, slots=True)
class DriverCost:
    """What the driver costs: processor seconds of its loop a task, its memory at the end, and how that grew a point."""

    slots: int
    decision: float
    peak_bytes: float
    bytes_a_point: float


@dataclass(frozen=True, slots=True)
class Napped:
    """A sweep that ran: from its first run's start to the last one's end, and processor seconds.

    ``decision`` is the loop's a task, ``driver`` that of the driver's whole process; ``worker`` a worker's a task, and
    ``start`` what it spent before its first one.
    """

    points: int
    makespan: float
    decision: float
    driver: float
    worker: float
    start: float


class TimedEngine:
    """An engine whose calls end by the clock, and do nothing: what is left is the driver.

    They last from half of ``seconds`` to one and a half, so that they do not end all at once; what the points share,
    no time.
    """

    is_concurrent = True

    def __init__(self, slots: int, seconds: float) -> None:
        self.slots = slots
        self.resources: Mapping[str, float] = {}
        self._seconds = seconds
        self._numbers = itertools.count()
        self._draw = random.Random(0)  # noqa: S311 (nothing secret is drawn)
        self._due: list[tuple[float, int, str, Future[Execution]]] = []
        self._changed = threading.Condition()
        self._is_open = True
        threading.Thread(target=self._end_in_time, daemon=True).start()

    def has_room(self, resources: Mapping[str, float]) -> bool:  # noqa: ARG002
        """Return True: nothing is counted."""
        return True

    def submit(self, call: TaskCall, *, resources: Mapping[str, float]) -> Future[Execution]:  # noqa: ARG002
        """Take note of when the call is to end."""
        future: Future[Execution] = Future()
        future.set_running_or_notify_cancel()
        lasts = self._seconds * self._draw.uniform(0.5, 1.5) if call.metrics else 0.0
        due = time.monotonic() + lasts
        with self._changed:
            heapq.heappush(self._due, (due, next(self._numbers), call.key, future))
            self._changed.notify()
        return future

    def cancel(self, future: Future[Execution]) -> bool:  # noqa: ARG002
        """Return False: it ends by itself."""
        return False

    def close(self) -> None:
        """End the clock."""
        with self._changed:
            self._is_open = False
            self._changed.notify()

    def _end_in_time(self) -> None:
        while self._is_open:
            with self._changed:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is None or left > 0:
                    self._changed.wait(left)
                    continue
                _, _, key, future = heapq.heappop(self._due)
            now = int(time.time() * 1000)
            result = Result(key, uuid.uuid4().hex, "nap", "file:///nowhere", now, now, metrics={"value": 1.0})
            future.set_result(Execution(Ending.DONE, result))


class Meter(Clock):
    """A listener that notes the processor time of the driver's thread and of its process, and its memory."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.of_process: list[float] = []
        self.bytes: list[int] = []

    def told(self, outcome: Outcome) -> None:
        """Take note."""
        super().told(outcome)
        self.seconds.append(time.thread_time())
        self.of_process.append(time.process_time())
        self.bytes.append(psutil.Process().memory_info().rss if len(self.times) % 100 == 1 else 0)

    def noticed(self, message: str) -> None:
        """Say nothing: what is printed are tables."""

    @property
    def bytes_a_point(self) -> float:
        """By how much memory has grown a point, in the last two thirds."""
        known = [(number, size) for number, size in enumerate(self.bytes) if size]
        (first, small), (last, large) = known[len(known) // 3], known[-1]
        return (large - small) / (last - first)


def apart(measure: Callable[..., Answer], *arguments: object) -> Answer:
    """Call a function in a new process, and return what it returns."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()


def write_spec(folder: Path, first: int, points: int, seconds: float) -> Path:
    """Write the pipeline and a spec of naps with numbers from ``first`` on."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "nap.py").write_text(PIPELINE, encoding="utf-8")
    spec = folder / "nap.toml"
    spec.write_text(
        'task = "nap:Nap"\nmetric = "value"\n'
        f"[fixed]\nseconds = {seconds:.3f}\n[grid]\nnumber = {{ range = [{first}, {first + points}] }}\n",
        encoding="utf-8",
    )
    return spec


def decide(slots: int, points: int, seconds: float) -> DriverCost:
    """Measure a driver on its own, with so many slots that are each busy for so long."""
    with tempfile.TemporaryDirectory(prefix="sweeper-scale-") as temporary:
        spec, meter = write_spec(Path(temporary), 0, points, seconds), Meter()
        engine = TimedEngine(slots, seconds)
        uri = sqlite_uri(Path(temporary) / "results" / "mlflow.db")
        run_binding(bind_file(spec), meter, make_engine=lambda *_: engine, tracking_uri=uri)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    decision = _a_point(meter.seconds, points // 4, points - 1 - slots)
    return DriverCost(slots, decision, peak, meter.bytes_a_point)


def nap(
    folder: Path, uri: str, first: int, points: int, seconds: float, workers: int, engine: EngineName = EngineName.LOCAL
) -> Napped:
    """Run a sweep of naps."""
    meter = Meter()
    run_spec(write_spec(folder, first, points, seconds), meter, engine=engine, workers=workers, tracking_uri=uri)
    runs = [run for run in open_reader(uri).runs_with(Tag.KIND, Kind.TASK) if "used" in run.metrics]
    runs = [run for run in runs if first <= run.metrics["value"] < first + points]
    spent, start = _spent(runs)
    begun, ended = min(run.start_time for run in runs), max(run.end_time or 0 for run in runs)
    decision, driver = (_a_point(used, points // 4, points - 1) for used in (meter.seconds, meter.of_process))
    return Napped(points, (ended - begun) / 1000, decision, driver, spent, start)


def _a_point(used: Sequence[float], first: int, last: int) -> float:
    """Return processor seconds a point, between two of them."""
    return (used[last] - used[first]) / (last - first)


def _spent(runs: list[RunRecord]) -> tuple[float, float]:
    """Return the processor seconds that workers spent on a task, and before their first one."""
    of_each: dict[float, list[float]] = {}
    for run in runs:
        of_each.setdefault(run.metrics["process"], []).append(run.metrics["used"])
    used = [sorted(values) for values in of_each.values()]
    spent = statistics.mean(later - earlier for values in used for earlier, later in pairwise(values))
    return spent, max(statistics.mean(values[0] for values in used) - spent / 2, 0.0)
