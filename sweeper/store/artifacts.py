"""The names of a run's files, wherever they are kept."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from sweeper.errors import StoreError
from sweeper.store.base import MOST_ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.entities import FileInfo
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

BEING_WRITTEN = ".artifact.uploading."
"""What MLflow begins the name of a file with until it is complete; it leaves such files out of what a run has."""


def inside(folder: Path, name: str) -> Path:
    """Return the place of a name in a folder; raises ``StoreError`` for one that leads out of it."""
    parts = PurePosixPath(name).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in name:
        raise StoreError(f"{name!r}: not a name within a folder")
    return folder / name


def local_names(folder: Path) -> list[str]:
    """Return the relative POSIX paths of the files in a folder, sorted; none if it does not exist."""
    return sorted(islice(_local(folder), MOST_ARTIFACTS))


def remote_names(repository: ArtifactRepository) -> list[str]:
    """Return the relative POSIX paths of the files in an artifact repository, sorted."""
    return sorted(islice(_remote(repository), MOST_ARTIFACTS))


def remove_half_written(folder: Path | None) -> None:
    """Remove the files that MLflow had not written to their end when the process was killed, from a local folder."""
    for parent, _, files in os.walk(folder) if folder else ():
        for name in files:
            if name.startswith(BEING_WRITTEN):
                (Path(parent) / name).unlink(missing_ok=True)


def local_sizes(folder: Path) -> dict[str, int]:
    """Return how many bytes each thing in a folder takes; nothing if it does not exist."""
    return {found.name: size_on_disk(found) for found in sorted(folder.iterdir())} if folder.is_dir() else {}


def remote_sizes(repository: ArtifactRepository) -> dict[str, int]:
    """Return how many bytes each thing in an artifact repository takes."""
    return {found.path: _remote_size(repository, found) for found in repository.list_artifacts()}


def size_on_disk(path: Path) -> int:
    """Return how many bytes a file, or what is in a folder, takes; links are not followed."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    inside = (Path(parent) / name for parent, _, files in os.walk(path) for name in files)
    return sum(file.lstat().st_size for file in inside)


def _remote_size(repository: ArtifactRepository, found: FileInfo) -> int:
    if not found.is_dir:
        return int(found.file_size or 0)
    return sum(_remote_size(repository, inner) for inner in repository.list_artifacts(found.path))


def _local(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if not name.startswith(BEING_WRITTEN):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def _remote(repository: ArtifactRepository, folder: str | None = None) -> Iterator[str]:
    for found in repository.list_artifacts(folder):
        if found.is_dir:
            yield from _remote(repository, found.path)
        else:
            yield found.path
