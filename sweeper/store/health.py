"""How a SQLite database is: what ``doctor`` asks of it, without MLflow. Nothing here changes anything.

What cannot be asked raises ``StoreError``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from sweeper.errors import StoreAway, StoreError
from sweeper.store.home import recorded_home
from sweeper.store.locate import artifacts_beside, local_path
from sweeper.store.opening import read_only
from sweeper.store.schema import schema_of_file
from sweeper.store.sql import KNOWN_REVISIONS
from sweeper.store.tags import Tag

BUSY_SECONDS = 5.0

_LOGGED = f"""
SELECT run_uuid, artifact_uri FROM runs
WHERE status = 'FINISHED' AND lifecycle_stage = 'active'
AND EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = '{Tag.KEY}')
AND EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = '{Tag.LOG}' AND value != '')
AND NOT EXISTS (SELECT 1 FROM tags WHERE tags.run_uuid = runs.run_uuid AND key = '{Tag.SUPERSEDED}')
ORDER BY end_time DESC LIMIT ?
"""  # noqa: S608 (only names of ours)


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with the file of a database, and whether it is one of which something may be saved."""

    found: str
    is_database: bool = True


def reads_sql(path: Path) -> bool:
    """Whether the schema of a SQLite database is one that is read with SQL."""
    return schema_of_file(path).revisions <= KNOWN_REVISIONS


def journal_mode(path: Path) -> str:
    """Return the journal mode of a SQLite database, a property of the file."""
    with read_only(path) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def damage(path: Path) -> Damage | None:
    """Return what is broken in a SQLite database, None if nothing is."""
    if path.is_dir():
        return Damage("is a folder", is_database=False)
    if path.stat().st_size == 0:
        return Damage("is an empty file", is_database=False)
    try:
        with read_only(path) as database:
            found = [str(row[0]) for row in database.execute("PRAGMA quick_check(3)")]
    except StoreError as error:
        match getattr(error.__cause__, "sqlite_errorcode", sqlite3.SQLITE_OK) & 0xFF:
            case sqlite3.SQLITE_NOTADB:
                return Damage("is no SQLite database", is_database=False)
            case sqlite3.SQLITE_CORRUPT:
                return Damage(f"is damaged: {error.__cause__}")
        raise
    return None if found == ["ok"] else Damage(f"is damaged: {'; '.join(found)}")


def lost_folders(path: Path, most: int) -> tuple[int, list[str]]:
    """Look for the folders of the latest ``most`` results whose logs lie beside a SQLite database.

    Return at how many was looked, and the ids of the runs whose folder is gone, the latest first.
    """
    with read_only(path) as database:
        rows = database.execute(_LOGGED, (most,)).fetchall()
        recorded = recorded_home(database)
    home = artifacts_beside(path)
    folders = {run_id: folder for run_id, uri in rows if (folder := local_path(uri))}
    lost = []
    for run_id, folder in folders.items():
        is_moved = recorded is not None and folder.is_relative_to(recorded)
        if not (home / folder.relative_to(recorded) if recorded and is_moved else folder).exists():
            lost.append(run_id)
    return len(folders), lost


def try_writing(path: Path) -> None:
    """Take a SQLite database's lock for writing, and give it back; raises ``StoreAway`` if another program has it."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS)
        ) as database:
            database.isolation_level = None
            database.execute("BEGIN IMMEDIATE")
            database.execute("UPDATE alembic_version SET version_num = version_num")
            database.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        is_locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
        raise (StoreAway if is_locked else StoreError)(f"{path}: {error}") from error
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error


def homes(path: Path) -> tuple[Path, Path | None]:
    """Return where the artifacts of a SQLite store are to be, and where its database says that they are, if it does."""
    with read_only(path) as database:
        return artifacts_beside(path), recorded_home(database)


def holder(lock: Path) -> str:
    """Return who holds a lock file, as words; '' if nobody does."""
    try:
        descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return next(_holders(os.fstat(descriptor).st_ino), "another process")
    finally:
        os.close(descriptor)
    return ""


def _holders(inode: int) -> Iterator[str]:
    """Yield the processes that hold a lock on a file, as far as this system tells."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            words = line.split()
            if "->" not in words and words[5].endswith(f":{inode}") and words[4].isdecimal():
                with contextlib.suppress(psutil.Error):
                    yield f"process {words[4]} ({' '.join(psutil.Process(int(words[4])).cmdline())[:100]})"
