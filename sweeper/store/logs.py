"""The log of a task: kept with its run, within bounds, and without secrets.

Where a task prints without end, the beginning and the end are kept.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import IO

from sweeper.files import open_plain
from sweeper.masking import mask_file
from sweeper.store.base import Store
from sweeper.store.locate import local_path
from sweeper.store.records import LOG_ARTIFACT, OpenRun, RunRecord
from sweeper.store.tags import Tag

MOST_BYTES = 64 * 1024**2
CHUNK = 1024**2

_SPOOL = re.compile(r"/\.[0-9a-f]{32}\.log$")
"""The end of what ``spool_path`` returns: no other file is ever touched."""


def shorten(log: Path, most: int = MOST_BYTES) -> None:
    """Cut the middle out of a log that is longer than ``most`` bytes, at ends of lines where there are some."""
    size = log.stat().st_size
    if size <= most:
        return
    with open(log, "r+b", opener=open_plain) as file:
        head = _after_line(file, most // 2 - CHUNK, most // 2)
        tail = _after_line(file, size - most // 2, size - most // 2 + CHUNK)
        file.seek(head)
        file.write(f"[... {(tail - head) / 1e6:,.1f} MB of output left out ...]\n".encode())
        written = file.tell()
        while True:
            file.seek(tail)
            chunk = file.read(CHUNK)
            if not chunk:
                break
            tail += len(chunk)
            file.seek(written)
            written += file.write(chunk)
        file.truncate(written)


def make_room(process: int, most: int = MOST_BYTES) -> None:
    """Give back the disk space of what ``shorten`` will cut out of the log that a process writes, if it writes one.

    Nothing is read or written: who writes does not notice. Raises ``OSError`` where the system does not show the file.
    """
    link = f"/proc/{process}/fd/1"
    size = os.stat(link).st_size  # noqa: PTH116 (of what the link means, whatever it says)
    if size > most + CHUNK and _SPOOL.search(os.readlink(link)):  # noqa: PTH115
        with open(link, "r+b") as file:  # noqa: PTH123
            _deallocate(file.fileno(), most // 2, size - most)


def _after_line(file: IO[bytes], start: int, end: int) -> int:
    """Return where the first line that ends between two places of a file ends; the first place if none does."""
    file.seek(start)
    line = file.readline(end - start)
    return start + len(line) if line.endswith(b"\n") else start


def _deallocate(descriptor: int, start: int, length: int) -> None:
    """Make a hole in a file, where the system can; its size stays."""
    import ctypes

    fallocate = getattr(ctypes.CDLL(None), "fallocate", None)
    if fallocate is not None:
        keep_size, punch_hole = 1, 2
        fallocate(descriptor, keep_size | punch_hole, ctypes.c_int64(start), ctypes.c_int64(length))


def keep_log(store: Store, run: OpenRun | RunRecord, log: Path | None) -> dict[str, str]:
    """Make a task's log an artifact of its run, secrets masked, if anything is in it; return the tag that says so.

    What somebody else has put in its place is left where it is.
    """
    if log is None or log.is_symlink() or not log.is_file():
        return {}
    if log.stat().st_size == 0:
        log.unlink()
        return {}
    shorten(log)
    mask_file(log)
    home = local_path(run.artifact_uri)
    if home is None:
        store.save_artifact(run, log, LOG_ARTIFACT)
    else:
        home.mkdir(parents=True, exist_ok=True)
        log.replace(home / LOG_ARTIFACT)
    return {Tag.LOG: LOG_ARTIFACT}
