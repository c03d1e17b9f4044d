"""A run's scratch: where on this machine lies what is on its way to the store.

Named by the run, so that whoever closes the run of a process that was killed can remove it too: it may be large.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


def make_scratch(run_id: str) -> tempfile.TemporaryDirectory[str]:
    """Make a folder for a run that goes at the end of the context."""
    return tempfile.TemporaryDirectory(prefix=f"sweeper-{run_id}-", ignore_cleanup_errors=True)


def remove_scratch(run_id: str) -> None:
    """Remove what is left of a run's scratch in this machine's folder for temporary files, as far as that can be."""
    for folder in _left_of(run_id):
        shutil.rmtree(folder, ignore_errors=True)


def left_in_scratch(run_id: str, name: str) -> Path | None:
    """Return a file that is left in a run's scratch on this machine, or None."""
    return next((folder / name for folder in _left_of(run_id) if (folder / name).is_file()), None)


def _left_of(run_id: str) -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"sweeper-{run_id}-*"):
        if not folder.is_symlink() and folder.lstat().st_uid == os.geteuid():
            yield folder
