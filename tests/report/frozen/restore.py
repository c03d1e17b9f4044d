"""The frozen store, thawed into a folder."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

from sweeper.store.locate import sqlite_uri
from tests.report.frozen.make import ARTIFACTS, DUMP


def restore(folder: Path) -> str:
    """Make the store in a new folder ``results``, and return its address."""
    results = folder / "results"
    shutil.copytree(ARTIFACTS, results / "artifacts")
    with contextlib.closing(sqlite3.connect(results / "mlflow.db")) as connection:
        connection.executescript(f"PRAGMA synchronous = OFF; BEGIN; {DUMP.read_text(encoding='utf-8')} COMMIT;")
    return sqlite_uri(results / "mlflow.db")
