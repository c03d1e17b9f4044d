"""Read MLflow's SQLite database with SQL: no import of mlflow, and one join where the API needs a page a thousand runs.

Only schema revisions that were read and tested are taken; for any other the caller falls back on MLflow's API.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from sweeper.errors import StoreError
from sweeper.store.artifacts import inside, local_names
from sweeper.store.assignments import forms
from sweeper.store.bulk import Shared, uncollected
from sweeper.store.home import recorded_home
from sweeper.store.locate import artifacts_beside, local_path, sqlite_path
from sweeper.store.opening import read_only
from sweeper.store.records import DRIVERS_EXPERIMENT, Result, RunRecord, RunStatus, Standing, SweepRecord
from sweeper.store.schema import check_is_mlflows, schema_of_file
from sweeper.store.sql_records import TEMPORARIES, as_float, read_records
from sweeper.store.sweeps import earliest, read_sweep, sweep_names
from sweeper.store.tags import sweep_tag

KNOWN_REVISIONS = frozenset({"dc11669786a5"})
"""Revisions of MLflow's schema whose tables of runs, tags, params, metrics and datasets reading was tested with."""

_RESULTS = """
SELECT tag_key.value, runs.run_uuid, runs.experiment, runs.artifact_uri, runs.start_time, runs.end_time,
       coalesce(tag_task.value, ''), coalesce(tag_source.value, ''), tag_let_go.value IS NULL,
       metric."key", metric.value
FROM active_runs AS runs
JOIN tags AS tag_key ON tag_key.run_uuid = runs.run_uuid AND tag_key."key" = 'sweeper.key'
LEFT JOIN tags AS tag_task ON tag_task.run_uuid = runs.run_uuid AND tag_task."key" = 'sweeper.task'
LEFT JOIN tags AS tag_source ON tag_source.run_uuid = runs.run_uuid AND tag_source."key" = 'sweeper.source'
LEFT JOIN tags AS tag_gone ON tag_gone.run_uuid = runs.run_uuid AND tag_gone."key" = 'sweeper.superseded'
LEFT JOIN tags AS tag_let_go ON tag_let_go.run_uuid = runs.run_uuid AND tag_let_go."key" = 'sweeper.artifacts'
LEFT JOIN last_values AS metric ON metric.run_uuid = runs.run_uuid
  AND metric."key" IN (SELECT value FROM json_each(?))
WHERE runs.status = 'FINISHED' AND tag_gone.value IS NULL
  AND runs.end_time >= ? AND runs.experiment IN (SELECT value FROM json_each(?))
"""

_STANDING = """
SELECT label.run_uuid, tag_key.value, label."key", label.value
FROM tags AS label CROSS JOIN active_runs USING (run_uuid)
JOIN tags AS tag_key ON tag_key.run_uuid = label.run_uuid AND tag_key."key" = 'sweeper.key'
WHERE (label."key" = ? OR label."key" BETWEEN ? || '/' AND ? || '0') AND active_runs.status = 'FINISHED'
"""

_WANT_ONE = "INSERT INTO wanted (run_id) SELECT run_uuid FROM runs WHERE run_uuid = ?"

_WANT_TAGGED = """
INSERT INTO wanted (run_id)
SELECT run_uuid FROM tags JOIN active_runs USING (run_uuid)
WHERE tags."key" = ? AND (? = '' OR tags.value = ?) AND (? = '' OR status = ?)
ORDER BY start_time, run_uuid
"""

# Few runs are RUNNING: they are found first, and the tag of each by its index.
_WANT_RUNNING = """
INSERT INTO wanted (run_id)
SELECT run_uuid FROM active_runs CROSS JOIN tags USING (run_uuid)
WHERE tags."key" = ? AND (? = '' OR tags.value = ?) AND status = ?
ORDER BY start_time, run_uuid
"""

_WANT_EXPERIMENTS = """
INSERT INTO wanted (run_id)
SELECT run_uuid FROM active_runs WHERE experiment IN (SELECT value FROM json_each(?))
ORDER BY start_time, run_uuid
"""

_WANT_IDS = """
INSERT INTO wanted (run_id)
SELECT run_uuid FROM active_runs WHERE run_uuid BETWEEN ? AND ? || char(0x10FFFF) AND experiment <> ?
ORDER BY start_time, run_uuid
"""

_WANT_KEYS = """
INSERT INTO wanted (run_id)
SELECT run_uuid FROM tags JOIN active_runs USING (run_uuid)
WHERE tags."key" = 'sweeper.key' AND tags.value IN (SELECT value FROM json_each(?)) AND status = 'FINISHED'
"""

_CURVES = """
SELECT run_uuid, step, value FROM all_values WHERE run_uuid IN (SELECT value FROM json_each(?)) AND "key" = ?
ORDER BY run_uuid, step, timestamp, value
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
        """Whether the database has a schema that this reader knows.

        Raises ``StoreError`` for a file that is no store of MLflow's: to open it with MLflow would make it one.
        """
        schema = schema_of_file(self._path)
        check_is_mlflows(schema, self.uri)
        return schema.revisions <= KNOWN_REVISIONS

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:
        """Return the results of the named experiments, by one join: a row a metric, or one for a run without any."""
        asked = json.dumps([*metrics]), since, json.dumps(sorted(experiments))
        found: dict[str, Result] = {}
        logged: dict[str, dict[str, float]] = {}
        shared = Shared()
        with self._connect() as database, uncollected():
            for key, run_id, experiment, uri, start, end, task, source, has_artifacts, name, value in database.execute(
                _RESULTS, asked
            ):
                if run_id not in found:
                    logged[run_id] = {}
                    found[run_id] = Result(
                        key=key,
                        run_id=run_id,
                        experiment=shared[experiment],
                        artifact_uri=self._settled(uri),
                        start_time=start,
                        end_time=end,
                        task=shared[task],
                        source=shared[source],
                        metrics=logged[run_id],
                        has_artifacts=bool(has_artifacts),
                    )
                if name is not None:
                    logged[run_id][shared[name]] = as_float(value)
        return [*found.values()]

    def standing(self, sweep: str) -> list[Standing]:
        """Return what stands for points of a sweep, by one query."""
        tag = sweep_tag(sweep)
        keys: dict[str, str] = {}
        labels: dict[str, dict[str, str]] = {}
        with self._connect() as database, uncollected():
            for run_id, key, label, value in database.execute(_STANDING, (tag, tag, tag)):
                keys[run_id] = key
                labels.setdefault(run_id, {})[label] = value
        return [Standing(run_id, keys[run_id], tuple(forms(sweep, tags))) for run_id, tags in labels.items()]

    def sweep_names(self) -> list[str]:
        """Return the names of all sweeps, the most recently started first."""
        return sweep_names(self)

    def sweep(self, name: str) -> SweepRecord | None:
        """Return what the store remembers of a sweep."""
        return read_sweep(self, name)

    def run(self, run_id: str) -> RunRecord:
        """Return one run."""
        records = self._records(_WANT_ONE, run_id)
        if not records:
            raise StoreError(f"{self.uri}: there is no run {run_id}")
        return records[0]

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, oldest first."""
        wanted = status.value if status else ""
        if status is RunStatus.RUNNING:
            return self._records(_WANT_RUNNING, tag, value, value, wanted)
        return self._records(_WANT_TAGGED, tag, value, value, wanted, wanted)

    def experiment_names(self) -> list[str]:
        """Return the names of all experiments but that of sweeper's drivers, sorted."""
        with self._connect() as database:
            rows = database.execute("SELECT name FROM experiments WHERE lifecycle_stage = 'active'").fetchall()
        return sorted(name for (name,) in rows if name != DRIVERS_EXPERIMENT)

    def runs_in(self, experiments: Iterable[str]) -> list[RunRecord]:
        """Return the runs of the named experiments, oldest first."""
        return self._records(_WANT_EXPERIMENTS, json.dumps([*experiments]))

    def runs_by_id(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose ids begin so, oldest first."""
        return self._records(_WANT_IDS, beginning, beginning, DRIVERS_EXPERIMENT)

    def results_by_key(self, keys: Iterable[str]) -> dict[str, RunRecord]:
        """Return the result with each key, by one query for all."""
        return earliest(self._records(_WANT_KEYS, json.dumps([*keys])))

    def curves(self, run_ids: Iterable[str], metric: str) -> dict[str, dict[int, float]]:
        """Return the values of a metric that each run logged, by step, by one query for all."""
        found: defaultdict[str, dict[int, float]] = defaultdict(dict)
        with self._connect() as database:
            for run_id, step, value in database.execute(_CURVES, (json.dumps([*run_ids]), metric)):
                found[run_id].setdefault(step, as_float(value))
        return dict(found)

    def artifact(self, run: RunRecord | Result, name: str) -> Path:
        """Return the local path of an artifact."""
        return inside(_folder(run), name)

    def artifact_names(self, run: RunRecord) -> list[str]:
        """Return the names of a run's files."""
        return local_names(_folder(run))

    def _settled(self, artifact_uri: str) -> str:
        """Return an artifact URI as it is now, also if the store was moved since it was recorded."""
        old = self._old_root()
        if old is None or not artifact_uri.startswith(f"{old}/"):
            return artifact_uri
        return artifacts_beside(self._path).as_uri() + artifact_uri.removeprefix(old)

    def _old_root(self) -> str | None:
        """Return the URI of the artifact folder that this store had before it was moved, or None if it was not."""
        if self._moved_from is False:
            with self._connect() as database:
                recorded = recorded_home(database)
            has_moved = recorded not in (None, artifacts_beside(self._path))
            self._moved_from = recorded.as_uri() if recorded and has_moved else None
        return self._moved_from or None

    @contextlib.contextmanager
    def _connect(self) -> Iterator[sqlite3.Connection]:
        with read_only(self._path) as database:
            for statement in TEMPORARIES:
                database.execute(statement)
            database.execute("BEGIN")  # all that is read here is of one instant
            yield database

    def _records(self, query: str, *arguments: str) -> list[RunRecord]:
        """Return the runs that a query puts into the table ``wanted``."""
        with self._connect() as database:
            database.execute(query, arguments)
            return read_records(database, self._settled)


def _folder(run: RunRecord | Result) -> Path:
    folder = local_path(run.artifact_uri)
    if folder is None:
        raise StoreError(f"{run.artifact_uri}: not on this machine")
    return folder
