"""An old store, and the project that it belongs to, thawed into a folder."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
from pathlib import Path

FOLDER = Path(__file__).parent
OLDER_MLFLOW = "mlflow-3.4"
OLDER_SWEEPER = "sweeper-first"


def thaw(name: str, folder: Path) -> Path:
    """Make the project in a folder, with the store in its ``results``; return the store's database."""
    shutil.copytree(FOLDER / "project", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    database = folder / "results" / "mlflow.db"
    shutil.copytree(FOLDER / name, database.parent / "artifacts")
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript("PRAGMA synchronous = OFF;" + (FOLDER / f"{name}.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return database
