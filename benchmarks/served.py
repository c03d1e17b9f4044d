"""A tracking server over a PostgreSQL, and what both use: processor time, requests, transactions, bytes.

Processor seconds are taken, not those of the clock, so that a machine that others use too gives much the same figures.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import sqlalchemy

from sweeper.store.tags import Tag
from tests.postgres import running
from tests.servers import tracking_server

COPIED = ("runs", "params", "tags", "metrics", "latest_metrics")
"""The tables of MLflow's that a run has rows in."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a server and its database have used so far, or in between; ``written`` are bytes of the database's log."""

    server: float
    database: float
    requests: int
    transactions: int
    written: int
    size: int

    def __sub__(self, other: Usage) -> Usage:
        return Usage(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Served:
    """A tracking server that runs, and its database."""

    uri: str
    database: str
    log: Path
    server: psutil.Process
    postgres: psutil.Process

    def usage(self) -> Usage:
        """Return what has been used so far."""
        (row,) = self.sql(
            "SELECT xact_commit, pg_current_wal_lsn() - '0/0'::pg_lsn, pg_database_size(current_database()) "
            "FROM pg_stat_database WHERE datname = current_database()"
        )
        requests = len(re.findall(r'"(?:GET|POST|PUT|PATCH|DELETE) \S+', self.log.read_text(encoding="utf-8")))
        return Usage(_used(self.server), _used(self.postgres), requests, *(int(value) for value in row))

    def during(self, work: Callable[[], object], times: int = 1) -> Usage:
        """Return what is used while a piece of work is done so many times."""
        before = self.usage()
        for _ in range(times):
            work()
        time.sleep(1.2)  # the database's statistics are a second late
        return self.usage() - before

    def sql(self, *statements: str) -> list[tuple[Any, ...]]:
        """Execute statements, each on its own; return the rows of the last."""
        engine = sqlalchemy.create_engine(self.database, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
        rows: list[tuple[Any, ...]] = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.exec_driver_sql(statement)
                rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows

    def fill(self, runs: int) -> None:
        """Copy a finished nap so many times."""
        key = "'1-' || md5(i::text) || md5('x' || i)"
        copies = f"SELECT md5(i::text) AS copy, {key} AS key FROM generate_series(1, {runs}) i"  # noqa: S608 (all of it is ours)
        self.sql(f"CREATE UNLOGGED TABLE copies AS {copies}")
        ((model,),) = self.sql("SELECT run_uuid FROM latest_metrics WHERE key = 'used' LIMIT 1")
        for table in COPIED:
            columns = [
                str(name)
                for (name,) in self.sql(
                    f"SELECT column_name FROM information_schema.columns WHERE table_name = '{table}'"  # noqa: S608
                )
                if name != "run_uuid"
            ]
            values = [
                f"CASE WHEN {table}.key IN ('{Tag.KEY}', '{Tag.CLAIM}') THEN copies.key ELSE value END"
                if (table, name) == ("tags", "value")
                else f"{table}.{name}"
                for name in columns
            ]
            self.sql(
                f"INSERT INTO {table} (run_uuid, {', '.join(columns)}) "  # noqa: S608
                f"SELECT copy, {', '.join(values)} FROM {table}, copies WHERE run_uuid = '{model}'"
            )
        self.sql("DROP TABLE copies", *(f"VACUUM ANALYZE {table}" for table in COPIED))


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Run a tracking server over a PostgreSQL of its own."""
    with running() as postgres:
        database = postgres.create("scale")
        with tracking_server(folder, database) as uri:
            port = int(uri.rpartition(":")[2])
            yield Served(uri, database, folder / "server.log", _listening(port), _listening(postgres.port))


def _listening(port: int) -> psutil.Process:
    """Return the first of the processes that listen on a port."""
    found = {
        one.pid
        for one in psutil.net_connections("tcp")
        if one.status == psutil.CONN_LISTEN and one.laddr and one.laddr.port == port and one.pid
    }
    return min(map(psutil.Process, found), key=psutil.Process.create_time)


def _used(process: psutil.Process) -> float:
    """Return the processor seconds of a process and its descendants, those that have ended too."""
    total = 0.0
    for one in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.NoSuchProcess):
            total += sum(one.cpu_times()[:4])
    return total
