"""The store in a SQLite file: written through MLflow's client, read by SQL where the schema is known."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from sweeper.store.api import ApiStore
from sweeper.store.locate import sqlite_path
from sweeper.store.patience import Patience
from sweeper.store.records import Result, RunRecord, RunStatus, Standing
from sweeper.store.sql import SqlReader

_relaxed: set[str] = set()
"""The databases whose commits need not wait for the disk."""


class SqliteStore(ApiStore):
    """A store in a SQLite file: written through MLflow's client, read by SQL where the schema is known."""

    def __init__(self, uri: str, patience: Patience | None = None) -> None:
        _relax_sync(str(sqlite_path(uri)))
        super().__init__(uri, patience)
        self._reader = SqlReader(uri)
        self._reads_sql = self._reader.is_supported()

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:
        """Return the results of the named experiments."""
        if not self._reads_sql:
            return super().results(experiments, since=since, metrics=metrics)
        return self._reader.results(experiments, since=since, metrics=metrics)

    def standing(self, sweep: str) -> list[Standing]:
        """Return what stands for points of a sweep."""
        return self._reader.standing(sweep) if self._reads_sql else super().standing(sweep)

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, oldest first."""
        if not self._reads_sql:
            return super().runs_with(tag, value, status=status)
        return self._reader.runs_with(tag, value, status=status)


def _relax_sync(database: str) -> None:
    """Let commits to this database return before they are on the disk: in WAL mode that is safe under kill -9.

    A power cut may lose the last commits, never the database. It saves half of what a run costs.
    """
    if not _relaxed:
        event.listen(Engine, "connect", _relax_connection)
    _relaxed.add(database)


def _relax_connection(connection: Any, _: Any) -> None:
    if isinstance(connection, sqlite3.Connection):
        files = {row[2] for row in connection.execute("PRAGMA database_list")}
        if files & _relaxed:
            connection.execute("PRAGMA synchronous=NORMAL")
