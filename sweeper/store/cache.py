"""Artifacts of remote stores, fetched once and kept in the user's cache."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from mlflow.store.artifact.artifact_repo import ArtifactRepository

from sweeper.files import private_folder
from sweeper.store.artifacts import inside
from sweeper.store.locate import user_cache

FOLDER_VARIABLE = "SWEEPER_ARTIFACT_CACHE"
_FETCHING = "fetching-"


def fetched(run_id: str, name: str, fetch: Callable[[Path], Path | None], *, is_final: bool) -> Path:
    """Return the local copy of an artifact; it does not exist if the artifact does not.

    ``fetch`` downloads it into a folder, and returns the path there, or None if there is no such artifact. The copy is
    renamed into place, so that a half-fetched one is never read. What ``is_final`` is fetched once, the rest each time.
    """
    place = inside(inside(cache_folder() / ("final" if is_final else "passing"), run_id), name)
    if is_final and place.exists():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=cache_folder(), prefix=_FETCHING))
    try:
        copy = fetch(aside)
        if place.exists() and not is_final:
            place.rename(aside / "replaced")
        if copy is not None:
            _move(copy, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def _move(copy: Path, place: Path) -> None:
    try:
        copy.rename(place)
    except OSError:
        if not place.exists():  # else another process was quicker
            raise


def half_fetched() -> list[Path]:
    """Return the folders in which artifacts are being fetched, or were when a process was killed."""
    return sorted(cache_folder().glob(f"{_FETCHING}*"))


def cache_folder() -> Path:
    """Return the folder of fetched artifacts: the one that the environment names, else the user's cache.

    Raises ``OSError`` if it is another user's, who could then say what this one computes with.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    return private_folder(Path(named) if named else user_cache() / "artifacts")


def download(repository: ArtifactRepository, name: str, into: Path) -> Path | None:
    """Download an artifact; MLflow does not tell one that is not there from a store that is away, so it is listed."""
    folder = Path(name).parent.as_posix()
    listed = repository.list_artifacts(None if folder == "." else folder)
    if all(found.path != name for found in listed):
        return None
    return Path(repository.download_artifacts(name, str(into)))
