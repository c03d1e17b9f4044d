"""A store in which real sweeps have run, made once for the tests of a module."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from sweeper.store import open_reader, open_store
from sweeper.store.base import Reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag
from tests.sweeping import CHAIN, TROUBLE, sweep

RATES = f'task = "{CHAIN}:Fit"\nmetric = "score"\nreplicates = "seed"\n[grid]\nrate = [0.1, 0.2]\nseed = [0, 1, 2]\n'
SCALED = (
    f'task = "{CHAIN}:Fit"\nmetric = "score"\n[fixed]\nrate = 0.1\n"Collect.size" = 4\n'
    '[grid]\n"Scale.factor" = [1.0, 3.0]\nepochs = [1, 2]\n'
)
ENDINGS = f'task = "{TROUBLE}:Trouble"\nmetric = "score"\n[grid]\nending = ["well", "error"]\n'


def filled(folder: Path, template: Path) -> Reader:
    """Return a store with three sweeps: ``rates`` has replicates, ``scaled`` other upstream, ``endings`` a failure."""
    (folder / "results").mkdir()
    shutil.copyfile(template, folder / "results" / "mlflow.db")
    uri = sqlite_uri(folder / "results" / "mlflow.db")
    with contextlib.chdir(folder):
        for name, spec in (("rates", RATES), ("scaled", SCALED), ("endings", ENDINGS)):
            sweep(spec, uri, name=name)
    return open_reader(uri)


def by_client(reader: Reader) -> Reader:
    """Return the same store, read by MLflow's client."""
    return open_store(reader.uri)


def run_of(reader: Reader, task: str, **params: str) -> RunRecord:
    """Return the only run of a task class that has these parameters."""
    found = [
        run
        for run in reader.runs_with(Tag.KIND, Kind.TASK)
        if run.tags[Tag.TASK].endswith(f":{task}") and params.items() <= run.params.items()
    ]
    (run,) = found
    return run
