"""Make a SQLite store ready to write to: created whole or not at all, in WAL mode, and at home where it lies.

MLflow creates its tables in a few seconds, and two processes that do so at once collide. So a new database is built
aside and renamed into place, under a lock; whoever comes second finds it done.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

from filelock import FileLock, Timeout

from sweeper.errors import StoreError
from sweeper.store.base import DRIVERS_EXPERIMENT
from sweeper.store.locate import ARTIFACTS, local_path, sqlite_uri

LOCK_SECONDS = 120


def prepare(database: Path) -> None:
    """Create the database if there is none, and make its artifact locations point to where it lies now.

    Raises ``StoreError`` if the folder cannot be written to, or another process holds the lock for two minutes.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{database}.lock", timeout=LOCK_SECONDS):
            if not database.exists():
                for leftover in database.parent.glob(f"{database.name}.*.new*"):  # of a process that was killed here
                    leftover.unlink(missing_ok=True)
                _create(database)
            _settle(database)
    except Timeout as error:
        raise StoreError(f"{error.lock_file} was held by another process for {LOCK_SECONDS} s") from error
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{database}: {error}") from error


def experiment_folder(database: Path, experiment: str) -> str:
    """Return the artifact location of an experiment in the store around a database, as a URI."""
    name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in experiment)
    return (database.parent / ARTIFACTS / (name.lstrip(".") or "_")).absolute().as_uri()


def _create(database: Path) -> None:
    from mlflow.tracking import MlflowClient

    aside = database.with_name(f"{database.name}.{os.getpid()}.new")
    try:
        client = MlflowClient(sqlite_uri(aside))
        client.create_experiment(DRIVERS_EXPERIMENT, artifact_location=experiment_folder(database, DRIVERS_EXPERIMENT))
        _dispose()
        with contextlib.closing(sqlite3.connect(aside)) as connection:
            # A property of the file: MLflow, its UI and every later process inherit it. Not for network file systems.
            connection.execute("PRAGMA journal_mode=WAL")
        aside.rename(database)
    finally:
        for leftover in database.parent.glob(f"{aside.name}*"):
            leftover.unlink(missing_ok=True)


def _dispose() -> None:
    """Close the connections to the database under its temporary name."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    for engine in SqlAlchemyStore._engine_map.values():  # noqa: SLF001 (MLflow has no public way to let go of a file)
        engine.dispose()
    SqlAlchemyStore._engine_map.clear()  # noqa: SLF001


def _settle(database: Path) -> None:
    """Rewrite artifact locations if the folder was moved since they were recorded."""
    with contextlib.closing(sqlite3.connect(database, timeout=20)) as connection, connection:
        row = connection.execute(
            "SELECT artifact_location FROM experiments WHERE name = ?", (DRIVERS_EXPERIMENT,)
        ).fetchone()
        recorded = local_path(row[0]) if row else None
        home = database.parent.absolute() / ARTIFACTS
        if recorded is None or recorded.parent == home:
            return
        old, new = recorded.parent.as_uri() + "/", home.as_uri() + "/"
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
                (new, len(old) + 1, len(old), old),
            )
