"""What lies around a SQLite database and belongs to nothing in it: left behind by processes that were killed.

Only what sweeper or MLflow could have written there is looked at, by its name, and only what nobody has touched for a
day; no link is followed. Where a second database keeps its runs in the same folder nothing can be told to be an orphan.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from sweeper.store.locate import artifacts_beside, local_path
from sweeper.store.opening import read_only

SETTLED_SECONDS = 24 * 3600.0
"""How long nothing may have been written to what is taken for left behind."""

_RUN = re.compile(r"[0-9a-f]{32}")
_SPOOL = re.compile(r"\.([0-9a-f]{32})\.log")
_HEADER = b"SQLite format 3\0"


def orphans(database: Path) -> Iterator[Path]:
    """Yield the folders of runs that the database does not know, not even as deleted."""
    candidates = [path for home in _homes(database) for path in _folders(home) if _RUN.fullmatch(path.name)]
    known = _known(database, [path.name for path in candidates])
    yield from (path for path in candidates if path.name not in known and is_settled(path))


def spools(database: Path) -> Iterator[Path]:
    """Yield the logs that tasks were writing whose runs are over, or not there."""
    found = {
        path: match[1] for home in _homes(database) for path in _files(home) if (match := _SPOOL.fullmatch(path.name))
    }
    running = _known(database, found.values(), "status = 'RUNNING'")
    yield from (path for path, run_id in found.items() if run_id not in running and is_settled(path))


def half_made(database: Path, *, is_recent: bool = False) -> Iterator[Path]:
    """Yield the databases whose making was interrupted; ``is_recent`` asks for those in the making too."""
    for path in sorted(database.parent.glob(f"{database.name}.*.new*")):
        if is_recent or is_settled(path):
            yield path


def neighbours(database: Path) -> list[Path]:
    """Return the other SQLite databases in the same folder: their runs' artifacts are in the same place."""
    own = {database, *half_made(database, is_recent=True)}
    return [path for path in _files(database.parent) if path not in own and _is_database(path)]


def is_settled(path: Path, seconds: float = SETTLED_SECONDS) -> bool:
    """Whether nothing in a file or folder was written to for so many seconds."""
    latest = path.lstat().st_mtime
    if path.is_dir() and not path.is_symlink():
        inside = (Path(parent) / name for parent, folders, files in os.walk(path) for name in (*folders, *files))
        latest = max([latest, *(found.lstat().st_mtime for found in inside)])
    return time.time() - latest > seconds


def _homes(database: Path) -> list[Path]:
    """Return the folders of experiments inside the store's artifact folder."""
    with read_only(database) as connection:
        rows = connection.execute("SELECT artifact_location FROM experiments").fetchall()
    names = {place.name for (location,) in rows if (place := local_path(location or ""))}
    root = artifacts_beside(database)
    return [home for home in _folders(root) if home.name in names] if not root.is_symlink() else []


def _known(database: Path, run_ids: Iterable[str], condition: str = "1") -> set[str]:
    query = f"SELECT run_uuid FROM runs WHERE run_uuid IN (SELECT value FROM json_each(?)) AND {condition}"  # noqa: S608
    with read_only(database) as connection:
        return {run_id for (run_id,) in connection.execute(query, (json.dumps([*run_ids]),))}


def _folders(parent: Path) -> list[Path]:
    return (
        [path for path in sorted(parent.iterdir()) if path.is_dir() and not path.is_symlink()]
        if parent.is_dir()
        else []
    )


def _files(parent: Path) -> list[Path]:
    return [path for path in sorted(parent.iterdir()) if path.is_file() and not path.is_symlink()]


def _is_database(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER
    return True
