"""Read MLflow's SQLite database with SQL: no import of mlflow, and one join where the API needs a page a thousand runs.

Only schema revisions that were read and tested are taken; for any other the caller falls back on MLflow's API.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from sweeper.errors import StoreError
from sweeper.store.base import (
    DRIVERS_EXPERIMENT,
    Kind,
    Result,
    RunRecord,
    RunStatus,
    SweepRecord,
    Tag,
)
from sweeper.store.locate import ARTIFACTS, local_path, sqlite_path
from sweeper.store.sweeps import read_sweep
from sweeper.store.values import as_logged

KNOWN_REVISIONS = frozenset({"dc11669786a5"})
"""Revisions of MLflow's schema whose tables of runs, tags, params and metrics this module was tested with."""

_RESULTS = """
SELECT tag_key.value, runs.run_uuid, experiments.name, runs.artifact_uri, runs.start_time, runs.end_time,
       coalesce(tag_task.value, ''), coalesce(tag_source.value, ''),
       metric."key", CASE WHEN metric.is_nan THEN 'nan' ELSE metric.value END
FROM runs
JOIN experiments ON experiments.experiment_id = runs.experiment_id AND experiments.lifecycle_stage = 'active'
JOIN tags AS tag_key ON tag_key.run_uuid = runs.run_uuid AND tag_key."key" = 'sweeper.key'
LEFT JOIN tags AS tag_task ON tag_task.run_uuid = runs.run_uuid AND tag_task."key" = 'sweeper.task'
LEFT JOIN tags AS tag_source ON tag_source.run_uuid = runs.run_uuid AND tag_source."key" = 'sweeper.source'
LEFT JOIN tags AS tag_gone ON tag_gone.run_uuid = runs.run_uuid AND tag_gone."key" = 'sweeper.superseded'
LEFT JOIN latest_metrics AS metric ON metric.run_uuid = runs.run_uuid
  AND metric."key" IN (SELECT value FROM json_each(?))
WHERE runs.status = 'FINISHED' AND runs.lifecycle_stage = 'active' AND tag_gone.value IS NULL
  AND runs.end_time >= ? AND experiments.name IN (SELECT value FROM json_each(?))
"""

_TAGGED = """
SELECT tags.run_uuid FROM tags JOIN runs USING (run_uuid) JOIN experiments USING (experiment_id)
WHERE tags."key" = ? AND (? = '' OR tags.value = ?) AND (? = '' OR runs.status = ?)
  AND runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active'
"""


class SqlReader:
    """The ``Reader`` of a SQLite store; opens its file read-only."""

    def __init__(self, uri: str) -> None:
        path = sqlite_path(uri)
        if path is None:
            raise StoreError(f"{uri}: not a SQLite store")
        self.uri = uri
        self._path = path
        self._moved_from: str | Literal[False] | None = False

    def is_supported(self) -> bool:
        """Whether the database is there and has a schema that this reader knows."""
        if not self._path.is_file():
            return False
        try:
            with self._connect() as database:
                revisions = database.execute("SELECT version_num FROM alembic_version").fetchall()
        except StoreError:
            return False
        return bool(revisions) and all(revision in KNOWN_REVISIONS for (revision,) in revisions)

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:
        """Return the results of the named experiments, by one join: a row a metric, or one for a run without any."""
        asked = json.dumps([*metrics]), since, json.dumps(sorted(experiments))
        with self._connect() as database:
            rows = database.execute(_RESULTS, asked).fetchall()
        logged: dict[tuple[Any, ...], dict[str, float]] = {}
        for *run, name, value in rows:
            of_run = logged.setdefault(tuple(run), {})
            if name is not None:
                of_run[name] = as_logged(float(value))
        return [
            Result(key, run_id, experiment, self._settled(uri), start, end, task, source, of_run)
            for (key, run_id, experiment, uri, start, end, task, source), of_run in logged.items()
        ]

    def sweep_names(self) -> list[str]:
        """Return the names of all sweeps, the most recently started first."""
        records = self.runs_with(Tag.KIND, Kind.SWEEP)
        return list(dict.fromkeys(record.tags[Tag.NAME] for record in reversed(records)))

    def sweep(self, name: str) -> SweepRecord | None:
        """Return what the store remembers of a sweep."""
        return read_sweep(self, name)

    def run(self, run_id: str) -> RunRecord:
        """Return one run."""
        with self._connect() as database:
            records = self._records(database, "SELECT ?", (run_id,))
        if not records:
            raise StoreError(f"{self.uri}: there is no run {run_id}")
        return records[0]

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, oldest first."""
        wanted = status.value if status else ""
        with self._connect() as database:
            return self._records(database, _TAGGED, (tag, value, value, wanted, wanted))

    def artifact(self, run: RunRecord | Result, name: str) -> Path:
        """Return the local path of an artifact."""
        folder = local_path(run.artifact_uri)
        if folder is None:
            raise StoreError(f"{run.artifact_uri}: not on this machine")
        return folder / name

    def _settled(self, artifact_uri: str) -> str:
        """Return an artifact URI as it is now, also if the store was moved since it was recorded."""
        old = self._old_root()
        if old is None or not artifact_uri.startswith(f"{old}/"):
            return artifact_uri
        return (self._path.parent / ARTIFACTS).absolute().as_uri() + artifact_uri.removeprefix(old)

    def _old_root(self) -> str | None:
        """Return the URI of the artifact folder that this store had before it was moved, or None if it was not."""
        if self._moved_from is False:
            with self._connect() as database:
                row = database.execute(
                    "SELECT artifact_location FROM experiments WHERE name = ?", (DRIVERS_EXPERIMENT,)
                ).fetchone()
            recorded = local_path(row[0]) if row else None
            has_moved = recorded is not None and recorded.parent != self._path.parent.absolute() / ARTIFACTS
            self._moved_from = recorded.parent.as_uri() if recorded and has_moved else None
        return self._moved_from or None

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(
                sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=20)
            ) as database:
                database.execute("BEGIN")  # all that is read here is of one instant
                yield database
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def _records(self, database: sqlite3.Connection, query: str, arguments: tuple[str, ...]) -> list[RunRecord]:
        """Return the runs whose ids a query selects, oldest first, with all that belongs to them."""

        def select(columns: str, table: str) -> sqlite3.Cursor:
            return database.execute(f"SELECT {columns} FROM {table} WHERE run_uuid IN ({query})", arguments)  # noqa: S608

        params = _grouped(select('run_uuid, "key", value', "params"))
        tags = _grouped(select('run_uuid, "key", value', "tags"))
        metrics = _grouped(select("run_uuid, \"key\", CASE WHEN is_nan THEN 'nan' ELSE value END", "latest_metrics"))
        rows = select(
            "run_uuid, experiments.name, status, start_time, end_time, artifact_uri, coalesce(runs.name, '')",
            "runs JOIN experiments USING (experiment_id)",
        )
        return [
            RunRecord(
                run_id=run_id,
                experiment=experiment,
                status=RunStatus(status),
                start_time=start,
                end_time=end,
                artifact_uri=self._settled(uri),
                name=name,
                params=params[run_id],
                tags=tags[run_id],
                metrics={key: as_logged(float(value)) for key, value in metrics[run_id].items()},
            )
            for run_id, experiment, status, start, end, uri, name in sorted(rows, key=lambda row: (row[3], row[0]))
        ]


def _grouped(rows: Iterable[tuple[str, str, Any]]) -> Mapping[str, dict[str, Any]]:
    """Return ``{run id: {name: value}}``."""
    groups: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for run_id, name, value in rows:
        groups[run_id][name] = value
    return groups
