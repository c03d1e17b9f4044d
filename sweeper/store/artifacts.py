"""The names of a run's files, wherever they are kept."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.store.base import MOST_ARTIFACTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow.store.artifact.artifact_repo import ArtifactRepository

_BEING_WRITTEN = ".artifact.uploading."
"""What MLflow begins the name of a file with until it is complete."""


def local_names(folder: Path) -> list[str]:
    """Return the relative POSIX paths of the files in a folder, sorted; none if it does not exist."""
    return sorted(islice(_local(folder), MOST_ARTIFACTS))


def remote_names(repository: ArtifactRepository) -> list[str]:
    """Return the relative POSIX paths of the files in an artifact repository, sorted."""
    return sorted(islice(_remote(repository), MOST_ARTIFACTS))


def _local(folder: Path) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if not name.startswith(_BEING_WRITTEN):
                yield (Path(parent) / name).relative_to(folder).as_posix()


def _remote(repository: ArtifactRepository, folder: str | None = None) -> Iterator[str]:
    for found in repository.list_artifacts(folder):
        if found.is_dir:
            yield from _remote(repository, found.path)
        else:
            yield found.path
