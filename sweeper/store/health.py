"""How a SQLite database is: what ``doctor`` asks of it, without MLflow. Nothing here changes anything.

What cannot be asked raises ``StoreError``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import psutil

from sweeper.errors import StoreAway, StoreError
from sweeper.store.home import recorded_home
from sweeper.store.locate import artifacts_beside
from sweeper.store.opening import read_only
from sweeper.store.schema import schema_of_file
from sweeper.store.sql import KNOWN_REVISIONS

BUSY_SECONDS = 5.0


def reads_sql(path: Path) -> bool:
    """Whether the schema of a SQLite database is one that is read with SQL."""
    return schema_of_file(path).revisions <= KNOWN_REVISIONS


def journal_mode(path: Path) -> str:
    """Return the journal mode of a SQLite database, a property of the file."""
    with read_only(path) as database:
        return str(database.execute("PRAGMA journal_mode").fetchone()[0])


def damage(path: Path) -> str:
    """Return what is broken in a SQLite database, '' if nothing is."""
    with read_only(path) as database:
        found = [str(row[0]) for row in database.execute("PRAGMA quick_check(3)")]
    return "" if found == ["ok"] else "; ".join(found)


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
