"""A million points: what a plan costs, when the first task starts, and how long a finished sweep takes to run again.

The store of the finished sweep is filled by SQL: ten points are really run, and each one's run multiplied, under the
keys that its points have. Every command is a process of its own, beside the same one on a sweep of 1,000 points;
memory is the most that the process had.

    python -m benchmarks.million [--points 1000000] [--folder FOLDER]
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.flat import MIDDLES, write_sweep
from benchmarks.resume import SWEEPER
from sweeper.binding import bind
from sweeper.spec import load
from sweeper.store import open_reader
from sweeper.store.assignments import encode
from sweeper.store.locate import sqlite_uri
from sweeper.store.tags import Tag
from sweeper.task import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sweeper.binding import Binding
    from sweeper.store.records import RunRecord

SMALL = 1000
ROWS_AT_ONCE = 10_000
STARTING_SECONDS = 600

_RUNS = """
INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
                  source_version, lifecycle_stage, artifact_uri, experiment_id)
SELECT ?, ?, source_type, source_name, entry_point_name, user_id, status, start_time + ?, end_time + ?,
       source_version, lifecycle_stage, replace(artifact_uri, run_uuid, ?), experiment_id
FROM runs WHERE run_uuid = ?
"""
_PARAMS = "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)"
_TAGS = "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)"
_METRICS = "INSERT INTO metrics (key, value, run_uuid, timestamp, step, is_nan) VALUES ('value', ?, ?, 1, 0, 0)"
_LATEST = "INSERT INTO latest_metrics (key, value, run_uuid, timestamp, step, is_nan) VALUES ('value', ?, ?, 1, 0, 0)"


@dataclass(frozen=True, slots=True)
class Used:
    """How long a command took, in seconds, and how much memory its process had at most, in MB."""

    seconds: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.megabytes:.0f} MB"


def fill(folder: Path, points: int) -> None:
    """Make a finished sweep of so many points in a folder."""
    (folder / "results").mkdir(parents=True)
    used([*SWEEPER, "run", write_sweep(folder, MIDDLES).name], folder)
    binding = bind(load(write_sweep(folder, points)))
    database = folder / "results" / "mlflow.db"
    runs = open_reader(sqlite_uri(database)).runs_in(["point"])
    done = {int(run.params["group"]): run for run in runs if "group" in run.params}
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        for statement in ("PRAGMA synchronous = OFF", "PRAGMA cache_size = -2000000"):
            connection.execute(statement)
        for rows in _copies(binding, done):
            for statement, entries in rows.items():
                connection.executemany(statement, entries)


def _copies(binding: Binding, done: dict[int, RunRecord]) -> Iterator[dict[str, list[tuple[object, ...]]]]:
    """Yield rows for the runs of all points that have none, many at a time."""
    rows: dict[str, list[tuple[object, ...]]] = {}
    for place, point in enumerate(binding.points):
        group, number = point["group"], point["number"]
        if number == 0:
            continue
        like, copy, key = done[group], uuid.uuid4().hex, key_of(binding.instance(point))
        labels = {**encode(binding.spec.name, [point.to_record()]), Tag.KEY: key, Tag.CLAIM: key}
        name = f"Point(group={group}, number={number})"
        tags = {**like.tags, **labels, "mlflow.runName": name}
        rows.setdefault(_RUNS, []).append((copy, name, place, place, copy, like.run_id))
        rows.setdefault(_PARAMS, []).extend([("group", str(group), copy), ("number", str(number), copy)])
        rows.setdefault(_TAGS, []).extend((tag, value, copy) for tag, value in tags.items())
        rows.setdefault(_METRICS, []).append((float(number), copy))
        rows.setdefault(_LATEST, []).append((float(number), copy))
        if len(rows[_RUNS]) == ROWS_AT_ONCE:
            yield rows
            rows = {}
    yield rows


def used(command: list[str], folder: Path) -> Used:
    """Return what a command uses as a whole process; raises if it fails."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} failed:\n{output}")
    return Used(time.perf_counter() - began, usage.ru_maxrss / 1000)


def started(folder: Path, points: int) -> Used:
    """Return how long after its start a sweep in a new store runs its first task, and its memory until it is ended."""
    folder.mkdir()
    spec, uri = write_sweep(folder, points), sqlite_uri(folder / "results" / "mlflow.db")
    (folder / "results").mkdir()
    began = time.time()
    process = subprocess.Popen([*SWEEPER, "run", spec.name], cwd=folder, stdout=subprocess.DEVNULL)
    while time.time() - began < STARTING_SECONDS and process.poll() is None:
        time.sleep(0.1)
        with contextlib.suppress(OSError):
            if runs := open_reader(uri).runs_in(["root"]):
                break
    process.send_signal(signal.SIGINT)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Used(runs[0].start_time / 1000 - began, usage.ru_maxrss / 1000)


def main() -> None:
    """Measure both sizes, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the stores are kept for another time")
    arguments = parser.parse_args()
    rows: dict[str, list[Used]] = {}
    with tempfile.TemporaryDirectory(prefix="sweeper-million-") as temporary:
        for points in (SMALL, arguments.points):
            folder = (arguments.folder or Path(temporary)) / f"finished-{points}"
            if not folder.exists():  # by another process: what this one has had counts as memory of those it starts
                filling = multiprocessing.get_context("spawn").Process(target=fill, args=(folder, points))
                filling.start()
                filling.join()
            new = Path(temporary) / f"new-{points}"
            found = {
                "the first task starts, in a new store": started(new, points),
                "plan, of a new store": used([*SWEEPER, "plan", "layers.toml"], new),
                "plan, of a finished sweep": used([*SWEEPER, "plan", "layers.toml"], folder),
                "run, of a finished sweep": used([*SWEEPER, "run", "layers.toml"], folder),
            }
            for name, one in found.items():
                rows.setdefault(name, []).append(one)
                print(f"{points:,} points: {name}: {one}", flush=True)
    print(f"| | {SMALL:,} points | {arguments.points:,} points |\n|---|---|---|")
    for name, (small, large) in rows.items():
        print(f"| {name} | {small} | {large} |")


if __name__ == "__main__":
    main()
