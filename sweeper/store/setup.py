"""Make a database ready to write to: its tables made once, however many processes come at the same moment.

MLflow creates its tables in seconds, and two processes that do so at once collide. A new SQLite database is built aside
and renamed into place, under a lock, in WAL mode; it is at home where it lies. In a database behind a server the tables
are made under a lock of that server's, so that it holds for all machines. Whoever comes second finds it done.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from sweeper.errors import StoreError
from sweeper.store.connections import connected, disconnect
from sweeper.store.home import recorded_home
from sweeper.store.locate import artifacts_beside, sqlite_path, sqlite_uri
from sweeper.store.opening import BUSY_SECONDS
from sweeper.store.records import DRIVERS_EXPERIMENT
from sweeper.store.schema import check_schema, is_to_be_made, schema_of_file, schema_of_server

DEFAULT_EXPERIMENT = "Default"
"""Comes with every store."""

LOCK_SECONDS = 120
MOST_BYTES = 100
"""Of a folder's name; file systems have 255."""
MAX_URI = 157
"""Characters of an experiment's artifact location: its runs' have 43 more, and databases but SQLite hold 200."""

_LOCK = 0x73776565706572  # "sweeper": PostgreSQL's advisory locks have numbers


def prepare(database: Path) -> None:
    """Create the database if there is none, and make its artifact locations point to where it lies now.

    Raises ``StoreError`` if it is no store or one of another MLflow, if it cannot be written to, or if another process
    holds the lock for two minutes.
    """
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        _refuse_read_only(database)
        with FileLock(f"{database}.lock", timeout=LOCK_SECONDS):
            if not database.exists():
                for leftover in database.parent.glob(f"{database.name}.*.new"):  # of a process that was killed here
                    shutil.rmtree(leftover, ignore_errors=True)
                _create(database)
            check_schema(schema_of_file(database), sqlite_uri(database))
            _settle(database)
    except Timeout as error:
        raise StoreError(f"{error.lock_file} was held by another process for {LOCK_SECONDS} s") from error
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{database}: {error}") from error


def check_tables(uri: str) -> None:
    """Make MLflow's tables in a database behind a server that has none.

    Raises ``StoreError`` for one that holds something else, or tables of another MLflow. A SQLite database is
    only looked at: ``prepare`` makes it. Other errors are SQLAlchemy's.
    """
    path = sqlite_path(uri)
    if path is not None:
        if path.exists():
            check_schema(schema_of_file(path), uri)
        return
    schema = schema_of_server(uri)
    if is_to_be_made(schema):
        from mlflow.tracking import MlflowClient

        with _alone(uri):
            if is_to_be_made(schema_of_server(uri)):
                MlflowClient(uri)
        schema = schema_of_server(uri)
    check_schema(schema, uri)


def experiment_folder(root: Path, experiment: str, *, longest: int | None = None) -> str:
    """Return the artifact location of an experiment in the folder of all artifacts, as a URI.

    One that is longer than ``longest`` ends in a digest. Raises ``StoreError`` if that does not help.
    """
    digest = hashlib.sha256(experiment.encode()).hexdigest()[:16]
    name = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in experiment)
    name = name.lstrip(".") or "_"
    if len(name.encode()) > MOST_BYTES:
        name = f"{name.encode()[: MOST_BYTES - 17].decode(errors='ignore')}_{digest}"
    location = (root / name).as_uri()
    if longest is None or len(location) <= longest:
        return location
    location = (root / digest).as_uri()
    if len(location) > longest:
        raise StoreError(f"{root}: the path is too long for the database, which notes where artifacts are")
    return location


@contextlib.contextmanager
def _alone(uri: str) -> Iterator[None]:
    """Keep other processes of any machine from making the tables of a database; PostgreSQL can do that."""
    import sqlalchemy

    with connected(uri) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(sqlalchemy.text(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'"))
            connection.execute(sqlalchemy.text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        yield


def _refuse_read_only(database: Path) -> None:
    """Say so where a database, or what SQLite keeps beside it, cannot be written to."""
    beside = (database.with_name(database.name + suffix) for suffix in ("-wal", "-shm", ".lock"))
    for path in (database.parent, database, *beside):
        if path.exists() and not os.access(path, os.W_OK):
            raise StoreError(f"{path} cannot be written to, only read: results can be shown, and no sweep can be run")


def _create(database: Path) -> None:
    from mlflow.tracking import MlflowClient

    folder = tempfile.mkdtemp(dir=database.parent, prefix=f"{database.name}.", suffix=".new")
    aside = Path(folder) / database.name  # in a folder of our own: SQLite would follow a link that somebody planted
    try:
        location = experiment_folder(artifacts_beside(database), DRIVERS_EXPERIMENT)
        client = MlflowClient(sqlite_uri(aside))
        client.create_experiment(DRIVERS_EXPERIMENT, artifact_location=location)
        disconnect()  # from the database under its temporary name
        with contextlib.closing(sqlite3.connect(aside)) as connection:
            # A property of the file: MLflow, its UI and every later process inherit it. Not for network file systems.
            connection.execute("PRAGMA journal_mode=WAL")
            # MLflow's own experiment would keep its artifacts in the folder in which somebody happened to be just now.
            home = experiment_folder(artifacts_beside(database), DEFAULT_EXPERIMENT)
            with connection:
                connection.execute(
                    "UPDATE experiments SET artifact_location = ? WHERE name = ?", (home, DEFAULT_EXPERIMENT)
                )
        aside.rename(database)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _settle(database: Path) -> None:
    """Rewrite artifact locations if the folder was moved since they were recorded."""
    with contextlib.closing(sqlite3.connect(database, timeout=BUSY_SECONDS)) as connection, connection:
        recorded, home = recorded_home(connection), artifacts_beside(database)
        if recorded is None or recorded == home:
            return
        old, new = recorded.as_uri() + "/", home.as_uri() + "/"
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            connection.execute(
                f"UPDATE {table} SET {column} = ? || substr({column}, ?) WHERE substr({column}, 1, ?) = ?",  # noqa: S608
                (new, len(old) + 1, len(old), old),
            )
