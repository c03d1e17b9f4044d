"""The end of what a task wrote."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.files import open_plain
from sweeper.masking import mask
from sweeper.store.base import Reader
from sweeper.store.locate import spool_path
from sweeper.store.records import LOG_ARTIFACT, RunRecord
from sweeper.store.tags import Tag

MOST_LINES = 20

_MOST_BYTES = 64 * 1024


def log_path(run: RunRecord) -> str:
    """Return where a run's log is, also while it is being written; '' where there is none, or none to be seen."""
    spool = None if run.status.is_over else spool_path(run.artifact_uri)
    return run.log or (str(spool) if spool is not None and spool.exists() else "")


def log_tail(reader: Reader, run: RunRecord, most: int = MOST_LINES) -> tuple[str, ...]:
    """Return the last lines of a run's log, secrets masked; none if there is no log, or it cannot be read."""
    path = Path(log_path(run))
    if run.tags.get(Tag.LOG):
        with contextlib.suppress(StoreError):
            path = reader.artifact(run, LOG_ARTIFACT)
    try:
        with open(path, "rb", opener=open_plain) as log:
            log.seek(0, os.SEEK_END)
            start = max(log.tell() - _MOST_BYTES, 0)
            log.seek(start)
            lines = mask(log.read().decode("utf-8", "replace")).splitlines()
    except OSError:
        return ()
    return tuple(lines[1 if start else 0 :][-most:])
