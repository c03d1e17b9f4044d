"""Where a SQLite database says that its artifacts are: not where they lie now, if its folder was moved."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from sweeper.store.locate import local_path
from sweeper.store.records import DRIVERS_EXPERIMENT


def recorded_home(database: sqlite3.Connection) -> Path | None:
    """Return the folder that a SQLite database says its artifacts are in, None if it says nothing."""
    query = "SELECT artifact_location FROM experiments WHERE name = ?"
    row = database.execute(query, (DRIVERS_EXPERIMENT,)).fetchone()
    recorded = local_path(row[0]) if row else None
    return recorded.parent if recorded else None
