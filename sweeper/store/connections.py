"""Connections to databases: our own, and those that MLflow keeps for each address as long as the process lives."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy import Connection

_NAMES = ("_engine_map", "_db_uri_sql_alchemy_engine_map")


@contextlib.contextmanager
def connected(uri: str) -> Iterator[Connection]:
    """Connect to a database behind a server while the context lasts; errors are SQLAlchemy's."""
    import sqlalchemy

    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        yield connection


def disconnect() -> None:
    """Close every connection that MLflow holds, and forget the addresses."""
    pools = _pools()
    for engine in pools.values():
        engine.dispose()
    pools.clear()


def _forget_parents() -> None:
    """Let go of the connections of the parent process: neither SQLite's nor a server's may be used by two."""
    for engine in _pools().values():
        engine.dispose(close=False)


def _pools() -> dict[str, Any]:
    """Return MLflow's engines by address; it has no public way to let go of a database, and has renamed this one."""
    module = sys.modules.get("mlflow.store.tracking.sqlalchemy_store")
    found = (getattr(module.SqlAlchemyStore, name, None) for name in _NAMES) if module else ()
    return next((pools for pools in found if pools is not None), {})


os.register_at_fork(after_in_child=_forget_parents)
