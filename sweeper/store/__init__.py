"""The store: MLflow's tracking server, seen through the few operations that sweeper needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeper.errors import StoreError
from sweeper.store.empty import EmptyReader
from sweeper.store.locate import DATABASE, sqlite_path
from sweeper.store.sql import SqlReader

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore
    from sweeper.store.base import Reader


def open_store(uri: str) -> ApiStore:
    """Return the store behind an absolute tracking URI, ready to write to; a SQLite store is created if need be."""
    database = sqlite_path(uri)
    if database is None:
        from sweeper.store.api import ApiStore

        return ApiStore(uri)
    from sweeper.store.setup import prepare
    from sweeper.store.sqlite import SqliteStore

    prepare(database)
    return SqliteStore(uri)


def open_reader(uri: str) -> Reader:
    """Return the store behind an absolute tracking URI for reading, without importing mlflow where that can be.

    Reading never creates a store: one that is not there yet has nothing.
    """
    database = sqlite_path(uri)
    if database is not None:
        if not database.exists():
            return EmptyReader(uri)
        if database.is_dir():
            raise StoreError(f"{database} is a folder; name the database in it, as {database / DATABASE}")
        reader = SqlReader(uri)
        if reader.is_supported():
            return reader
    from sweeper.store.api import ApiStore

    return ApiStore(uri)
