"""Artifacts of remote stores, fetched once and kept while this process and its workers live."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

FOLDER_VARIABLE = "SWEEPER_ARTIFACT_CACHE"


def fetched(run_id: str, name: str, fetch: Callable[[Path], object]) -> Path:
    """Return the local copy of an artifact; ``fetch`` downloads it into a folder, under its own name.

    The copy is renamed into place, so that a half-fetched one is never read. Artifacts of finished runs do not change.
    """
    place = cache_folder() / run_id / name
    if place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=cache_folder(), prefix="fetching-"))
    try:
        fetch(aside)
        try:
            (aside / name).rename(place)
        except OSError:
            if not place.exists():  # else another process was quicker
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def cache_folder() -> Path:
    """Return the folder of fetched artifacts: the one that the environment names, else the user's cache."""
    named = os.environ.get(FOLDER_VARIABLE)
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(named) if named else home / "sweeper" / "artifacts"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
