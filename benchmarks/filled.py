"""A store that a large finished sweep has filled: one point is really run, and its run multiplied by SQL.

The sweep is a grid of five parameters, one of them a seed of five levels; a run has ten parameters and twenty metrics,
and shares one upstream task with all the others.
"""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import subprocess
import uuid
from typing import TYPE_CHECKING

from benchmarks.resume import SWEEPER
from sweeper.points import Point, Points
from sweeper.spec import load
from sweeper.store import open_reader
from sweeper.store.assignments import encode
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import DOCUMENT_ARTIFACT, SweepRecord
from sweeper.store.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

SWEEP = "many"
EXPERIMENT = "fit"
METRICS = ("accuracy", "loss", *(f"class_{number}/f1" for number in range(18)))
SMALLEST = 1000

PIPELINE = f'''
"""A model with ten parameters and twenty metrics, on features that all points share."""

import luigi

from sweeper import MlflowTask


class Features(MlflowTask):
    """Runs once."""

    def _run(self) -> None:
        self.save_to_mlflow(metrics={{"size": 1.0}})


class Fit(MlflowTask):
    """Says that it has fitted a model."""

    learning_rate: float = luigi.FloatParameter()
    width: int = luigi.IntParameter()
    dropout: float = luigi.FloatParameter()
    optimizer: str = luigi.Parameter()
    seed: int = luigi.IntParameter()
    epochs: int = luigi.IntParameter(default=20)
    batch_size: int = luigi.IntParameter(default=32)
    warmup: float = luigi.FloatParameter(default=0.1)
    schedule: str = luigi.Parameter(default="cosine")
    activation: str = luigi.Parameter(default="gelu")

    def requires(self) -> dict[str, luigi.Task]:
        return {{"features": Features()}}

    def _run(self) -> None:
        self.save_to_mlflow(metrics=dict.fromkeys({METRICS}, 0.5))
'''

SPEC = """
task = "pipeline:Fit"
metric = "accuracy"
replicates = "seed"
[fixed]
epochs = 20
batch_size = 32
warmup = 0.1
schedule = "cosine"
activation = "gelu"
[grid]
learning_rate = [{rates}]
width = [{widths}]
dropout = [{dropouts}]
optimizer = [{optimizers}]
seed = {{ range = [{seeds}] }}
"""

_COPY_RUN = """
INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time,
                  source_version, lifecycle_stage, artifact_uri, experiment_id)
SELECT :copy, name, source_type, source_name, entry_point_name, user_id, status, start_time + :number,
       end_time + :number, source_version, lifecycle_stage, replace(artifact_uri, run_uuid, :copy), experiment_id
FROM runs WHERE run_uuid = :run
"""

_INSERTS = {
    "params": "INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)",
    "tags": "INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)",
    "latest_metrics": """
        INSERT INTO latest_metrics (key, value, run_uuid, timestamp, step, is_nan) VALUES (?, ?, ?, 1, 0, 0)""",
    "metrics": "INSERT INTO metrics (key, value, run_uuid, timestamp, step, is_nan) VALUES (?, ?, ?, 1, 0, 0)",
}


def fill(folder: Path, runs: int) -> str:
    """Make a store in a folder, with a finished sweep of so many thousands of runs; return its tracking URI."""
    (folder / "results").mkdir(parents=True)
    (folder / "pipeline.py").write_text(PIPELINE, encoding="utf-8")
    spec, uri = folder / f"{SWEEP}.toml", sqlite_uri(folder / "results" / "mlflow.db")
    _write(spec, rates=1, widths=1, dropouts=1, optimizers=1, seeds=1)
    subprocess.run([*SWEEPER, "run", spec.name], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    _write(spec, rates=runs // SMALLEST, widths=10, dropouts=5, optimizers=4, seeds=5)
    whole, reader = load(spec), open_reader(uri)
    record = reader.sweep(SWEEP)
    assert record is not None
    reader.artifact(record.run, DOCUMENT_ARTIFACT).write_text(json.dumps(whole.to_document()), encoding="utf-8")
    with contextlib.closing(sqlite3.connect(folder / "results" / "mlflow.db")) as database, database:
        _multiply(database, record, Points.of(whole))
    return uri


def _write(spec: Path, *, rates: int, widths: int, dropouts: int, optimizers: int, seeds: int) -> None:
    """Write a spec whose parameters have so many levels each."""
    levels: Mapping[str, Sequence[object]] = {
        "rates": [f"{number}e-5" for number in range(1, rates + 1)],
        "widths": [16 * number for number in range(1, widths + 1)],
        "dropouts": [number / 10 for number in range(dropouts)],
        "optimizers": [f'"{name}"' for name in ("sgd", "adam", "lion", "lamb")[:optimizers]],
    }
    texts = {name: ", ".join(map(str, values)) for name, values in levels.items()}
    spec.write_text(SPEC.format(**texts, seeds=seeds), encoding="utf-8")


def _multiply(database: sqlite3.Connection, record: SweepRecord, points: Iterable[Point]) -> None:
    """Give each point that has no run a copy of the run of the one that has."""
    (done,) = record.runs
    draw = random.Random(0).random  # noqa: S311 (nothing secret is drawn)
    rows: dict[str, list[tuple[str, str | float, str]]] = {table: [] for table in _INSERTS}
    for number, point in enumerate(points):
        tags = encode(SWEEP, [point.to_record()])
        if tags.items() <= done.tags.items():
            continue
        copy, key = uuid.uuid4().hex, f"1-{uuid.uuid4().hex}{uuid.uuid4().hex}"
        database.execute(_COPY_RUN, {"copy": copy, "run": done.run_id, "number": number})
        metrics = {name: draw() for name in METRICS}
        of_run: Mapping[str, Mapping[str, str | float]] = {
            "params": {**done.params, **{name: str(value) for name, value in point.values}},
            "tags": {**done.tags, **tags, Tag.KEY: key, Tag.CLAIM: key},
            "latest_metrics": metrics,
            "metrics": metrics,
        }
        for table, entries in of_run.items():
            rows[table] += ((name, value, copy) for name, value in entries.items())
    for table, statement in _INSERTS.items():
        database.executemany(statement, rows[table])
