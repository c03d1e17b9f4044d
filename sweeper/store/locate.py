"""Which store: the address that was given, MLflow's own setting, or the nearest ``results`` folder."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sweeper.errors import StoreError
from sweeper.masking import mask_address
from sweeper.store.address import DATABASES, check_address

ARTIFACT_CACHE = "SWEEPER_ARTIFACT_CACHE"
"""The variable that names the folder for artifacts that are fetched."""

FOLDER = "results"
DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
CHECKPOINTS = ".checkpoints"
PROJECT_MARKS = (".git", "pyproject.toml")


def locate(uri: str | None = None, *, start: Path | None = None) -> str:
    """Return the absolute tracking URI to use.

    In this order: ``uri``; ``MLFLOW_TRACKING_URI``; ``results/mlflow.db`` in the nearest parent of ``start`` (by
    default the working directory) that has a ``results`` folder, else in the project that ``start`` lies in, else in
    the working directory if ``start`` lies below it.
    Raises ``StoreError`` for an address that MLflow itself would refuse.
    """
    given = uri or os.environ.get("MLFLOW_TRACKING_URI")
    return _absolute(given) if given else sqlite_uri(_results_folder(start or Path.cwd()) / DATABASE)


def sqlite_uri(database: Path) -> str:
    """Return the tracking URI of a SQLite database; raises ``StoreError`` for a path that no such URI can hold."""
    if set("%?") & set(str(database.absolute())):
        raise StoreError(f"{database}: the address of a SQLite store cannot hold % or ?; keep it in another folder")
    return f"sqlite:///{database.absolute()}"


def sqlite_path(uri: str) -> Path | None:
    """Return the database file behind a SQLite URI, or None for any other store."""
    scheme, _, rest = uri.partition(":///")
    return Path(rest.partition("?")[0]) if scheme.partition("+")[0] == "sqlite" and rest else None


def is_database(uri: str) -> bool:
    """Whether MLflow itself opens the database behind a URI, without a tracking server."""
    return uri.partition(":")[0].partition("+")[0] in DATABASES


def artifact_root(uri: str) -> Path | None:
    """Return the folder in which new experiments of a store keep their artifacts; None if the store says where.

    It lies beside a SQLite database; for a database behind a server, in the results folder of the working directory.
    """
    database = sqlite_path(uri)
    if database is not None:
        return artifacts_beside(database)
    return _results_folder(Path.cwd()) / ARTIFACTS if is_database(uri) else None


def artifacts_beside(database: Path) -> Path:
    """Return the folder in which a SQLite store keeps its artifacts."""
    return database.parent.absolute() / ARTIFACTS


def local_path(uri: str) -> Path | None:
    """Return the local path that an artifact URI means (``file:`` or a bare path), or None if it lies elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme else None


def shown_uri(uri: str) -> str:
    """Return an address without its secrets, for messages."""
    return mask_address(uri)


def spool_path(artifact_uri: str) -> Path | None:
    """Return where a running task's log is written, beside its run's folder; None if that is not on this machine.

    It is moved in among the artifacts when the task ends, if anything is in it.
    """
    folder = local_path(artifact_uri)
    return None if folder is None else folder.parent.with_name(f".{folder.parent.name}.log")


def checkpoint_home(artifact_uri: str) -> Path | None:
    """Return where the checkpoints of a run's experiment are, beside its runs; None if that is not on this machine."""
    folder = local_path(artifact_uri)
    return None if folder is None else folder.parent.with_name(CHECKPOINTS)


def user_cache() -> Path:
    """Return this user's folder for what sweeper could get again, or make again, at some cost."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sweeper"


def _absolute(uri: str) -> str:
    check_address(uri)
    database = sqlite_path(uri)
    return uri if database is None else sqlite_uri(database)


def _results_folder(start: Path) -> Path:
    """Return the nearest parent's results folder, else the one that the project of ``start`` should get."""
    start = start.resolve()
    folders = [start, *start.parents] if start.is_dir() else list(start.parents)
    for folder in folders:
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    for folder in folders:
        if any((folder / mark).exists() for mark in PROJECT_MARKS):
            return folder / FOLDER
    here = Path.cwd()
    return (here if start.is_relative_to(here) else folders[0]) / FOLDER
