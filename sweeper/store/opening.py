"""A SQLite database opened to be read, also where nothing may be written."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from sweeper.errors import StoreAway, StoreError
from sweeper.store.locate import DATABASE

BUSY_SECONDS = 20
_PRIMARY = 0xFF
"""The part of SQLite's error codes that tells the kind."""

_REMEDIES = {
    sqlite3.SQLITE_CORRUPT: "; it is damaged, or was copied while it was in use: take it from a backup",
    sqlite3.SQLITE_NOTADB: "; is it another file of this name?",
}


@contextlib.contextmanager
def read_only(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database for reading, and close it at the end of the block.

    Raises ``StoreError``, which names the file, for what is no database or cannot be read, also within the block;
    ``StoreAway`` if it is locked.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name the database in it, as {path / DATABASE}")
    try:
        with _connected(path) as database:
            yield database
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        kind = StoreAway if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else StoreError
        raise kind(f"{path}: {error}{_REMEDIES.get(code, '')}") from error
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


def is_there(path: Path) -> bool:
    """Whether there is a file; raises ``StoreError`` where we may not know."""
    try:
        return path.exists()
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error


@contextlib.contextmanager
def _connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a database in the way that its folder allows.

    A database in WAL mode is read through two files beside it. Where they are not there and cannot be made, all that
    there is stands in the database itself, unless a writer's log was left behind: then both are read as a copy. Nothing
    keeps a writer from either, so the files are looked at again afterwards.
    """
    log, index = (path.with_name(path.name + suffix) for suffix in ("-wal", "-shm"))
    if os.access(path.parent, os.W_OK) or (log.exists() and index.exists()):
        with _opened(path, "mode=ro") as database:
            yield database
        return
    before = _state(path), _state(log)
    if before[1] and log.stat().st_size:
        with tempfile.TemporaryDirectory(prefix="sweeper-") as aside:
            for file in (path, log):
                shutil.copyfile(file, Path(aside, file.name))
            with _opened(Path(aside, path.name), "mode=ro") as database:
                yield database
    else:
        with _opened(path, "mode=ro&immutable=1") as database:
            yield database
    if before != (_state(path), _state(log)):
        raise StoreError(f"{path} was written to while it was read; do it again")


def _opened(path: Path, how: str) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=BUSY_SECONDS))


def _state(path: Path) -> tuple[int, int, int] | None:
    """Return what changes when a file is written to; None if there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
