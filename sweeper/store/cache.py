"""Artifacts of remote stores, fetched once and kept in the user's cache."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from filelock import FileLock
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from sweeper.files import private_folder
from sweeper.store.artifacts import inside
from sweeper.store.locate import ARTIFACT_CACHE, user_cache

_FETCHING = "fetching-"


def fetched(run_id: str, name: str, fetch: Callable[[Path], Path | None], *, is_final: bool) -> Path:
    """Return the local copy of an artifact; it does not exist if the artifact does not.

    ``fetch`` downloads it into a folder, and returns the path there, or None if there is no such artifact. The copy is
    renamed into place, so that a half-fetched one is never read. What ``is_final`` is fetched once, by one of the
    processes that share the cache while the others wait for it; the rest is fetched each time.
    """
    place = inside(inside(cache_folder() / ("final" if is_final else "passing"), run_id), name)
    if not is_final:
        return _fetch(place, fetch, replaces=True)
    if place.exists():
        return place
    with _alone(place):
        return place if place.exists() else _fetch(place, fetch, replaces=False)


def _fetch(place: Path, fetch: Callable[[Path], Path | None], *, replaces: bool) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=cache_folder(), prefix=_FETCHING))
    try:
        copy = fetch(aside)
        if place.exists() and replaces:
            place.rename(aside / "replaced")
        if copy is not None:
            _move(copy, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Keep other processes from fetching the same meanwhile, where the file system has locks."""
    locks = cache_folder() / "locks"
    locks.mkdir(exist_ok=True)
    lock = FileLock(locks / hashlib.sha256(str(place).encode()).hexdigest())
    with contextlib.suppress(OSError, NotImplementedError):
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


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
    named = os.environ.get(ARTIFACT_CACHE)
    return private_folder(Path(named) if named else user_cache() / "artifacts")


def download(repository: ArtifactRepository, name: str, into: Path) -> Path | None:
    """Download an artifact; MLflow does not tell one that is not there from a store that is away, so it is listed."""
    folder = Path(name).parent.as_posix()
    listed = repository.list_artifacts(None if folder == "." else folder)
    if all(found.path != name for found in listed):
        return None
    return Path(repository.download_artifacts(name, str(into)))
