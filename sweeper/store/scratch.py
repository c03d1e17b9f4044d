"""A run's scratch: where on this machine lies what is on its way to the store.

Named by the run, so that whoever closes the run of a process that was killed can remove it too: it may be large.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def make_scratch(run_id: str) -> tempfile.TemporaryDirectory[str]:
    """Make a folder for a run that goes at the end of the context."""
    return tempfile.TemporaryDirectory(prefix=f"sweeper-{run_id}-", ignore_cleanup_errors=True)


def remove_scratch(run_id: str) -> None:
    """Remove what is left of a run's scratch in this machine's folder for temporary files, as far as that can be."""
    for folder in Path(tempfile.gettempdir()).glob(f"sweeper-{run_id}-*"):
        if not folder.is_symlink() and folder.lstat().st_uid == os.geteuid():
            shutil.rmtree(folder, ignore_errors=True)
