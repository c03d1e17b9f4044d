"""The store: MLflow's tracking server, seen through the few operations that sweeper needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeper.errors import StoreError
from sweeper.masking import remember
from sweeper.store.empty import EmptyReader
from sweeper.store.locate import is_database, shown_uri, sqlite_path
from sweeper.store.opening import is_there
from sweeper.store.sql import SqlReader

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore
    from sweeper.store.base import Reader
    from sweeper.store.patience import Patience


def open_store(uri: str, patience: Patience | None = None, *, artifact_root: str = "") -> ApiStore:
    """Return the store behind an absolute tracking URI, ready to write to; a SQLite store is created if need be.

    ``patience`` says how long it is waited for while it does not answer; by default only for moments. New experiments
    of a database behind a server keep their artifacts in ``artifact_root``, by default as ``locate.artifact_root`` has
    it.
    """
    remember(uri)
    database = sqlite_path(uri)
    if database is None:
        from sweeper.store.api import ApiStore

        return ApiStore(uri, patience, artifact_root)
    from sweeper.store.setup import prepare
    from sweeper.store.sqlite import SqliteStore

    prepare(database)
    return SqliteStore(uri, patience)


def open_existing(uri: str) -> ApiStore:
    """Return the store behind an absolute tracking URI, ready to write to; raises ``StoreError`` if it is not there."""
    if isinstance(open_reader(uri), EmptyReader):
        raise StoreError(f"{shown_uri(uri)}: there is no store yet; the first run makes it")
    return open_store(uri)


def open_reader(uri: str) -> Reader:
    """Return the store behind an absolute tracking URI for reading, without importing mlflow where that can be.

    Reading never creates a store: one that is not there yet has nothing.
    """
    remember(uri)
    database = sqlite_path(uri)
    if database is not None:
        if not is_there(database):
            return EmptyReader(uri)
        reader = SqlReader(uri)
        if reader.is_supported():
            return reader
    elif is_database(uri) and _is_unmade(uri):
        return EmptyReader(uri)
    from sweeper.store.api_reader import ApiReader

    return ApiReader(uri)


def _is_unmade(uri: str) -> bool:
    """Whether a database behind a server has no tables yet."""
    from sweeper.store.client import translated
    from sweeper.store.reach import check_reachable
    from sweeper.store.schema import is_to_be_made, schema_of_server

    check_reachable(uri)
    with translated(uri):
        return is_to_be_made(schema_of_server(uri))
