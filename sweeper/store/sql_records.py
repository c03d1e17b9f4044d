"""Runs with all that belongs to them, read in bulk from the tables of MLflow's SQLite database."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from sweeper.store.bulk import uncollected
from sweeper.store.records import RunRecord, RunStatus

TEMPORARIES = (
    "PRAGMA temp_store = MEMORY",
    "CREATE TEMP TABLE wanted (place INTEGER PRIMARY KEY, run_id TEXT NOT NULL)",
    """
    CREATE TEMP VIEW active_runs AS
    SELECT runs.*, experiments.name AS experiment FROM runs JOIN experiments USING (experiment_id)
    WHERE runs.lifecycle_stage = 'active' AND experiments.lifecycle_stage = 'active'
    """,
    """
    CREATE TEMP VIEW last_values AS SELECT run_uuid, "key",
      CASE WHEN is_nan THEN NULL WHEN abs(value) < 1.7976931348623157e308 THEN value ELSE 2 * value END AS value
    FROM latest_metrics
    """,
    """
    CREATE TEMP VIEW all_values AS SELECT run_uuid, "key", step, timestamp,
      CASE WHEN is_nan THEN NULL WHEN abs(value) < 1.7976931348623157e308 THEN value ELSE 2 * value END AS value
    FROM metrics INDEXED BY index_metrics_run_uuid_key_step
    """,
)
"""What a connection gets before it reads: a table for the ids of the runs that are wanted, in order, and three views.

Those of metrics have them as they were logged: an infinity where MLflow holds the greatest float, and NULL for NaN,
which SQLite does not have. ``all_values`` names an index, for SQLite by itself takes another, and looks through the
metric's values in the whole store however few runs are asked about.
"""

# CROSS JOIN keeps SQLite to the order of the tables: from the runs that are wanted, by an index, to what is theirs.
_RUNS = """
SELECT place, run_id, experiments.name, status, start_time, end_time, artifact_uri, coalesce(runs.name, ''),
       (SELECT json_group_object("key", value) FROM params WHERE run_uuid = run_id),
       (SELECT json_group_object("key", coalesce(value, '')) FROM tags WHERE run_uuid = run_id)
FROM wanted CROSS JOIN runs ON run_uuid = run_id JOIN experiments USING (experiment_id)
ORDER BY place
"""

_METRICS = 'SELECT place, "key", value FROM wanted CROSS JOIN last_values ON run_uuid = run_id'

_DATA = """
SELECT place, name, digest
FROM wanted CROSS JOIN inputs ON destination_type = 'RUN' AND destination_id = run_id
JOIN datasets ON dataset_uuid = source_id
ORDER BY place, name, digest
"""


def read_records(database: sqlite3.Connection, locate: Callable[[str], str]) -> list[RunRecord]:
    """Return the runs that are in the table ``wanted``, in its order.

    ``locate`` turns the artifact URI that was recorded into the one that holds now.
    """
    with uncollected():
        rows = database.execute(_RUNS).fetchall()
        params, tags = _parsed(row[-2] for row in rows), _parsed(row[-1] for row in rows)
        metrics, data = _metrics(database), _data(database)
        return [
            RunRecord(
                run_id=run_id,
                experiment=experiment,
                status=RunStatus(status),
                start_time=start,
                end_time=end,
                artifact_uri=locate(uri),
                name=name,
                params=params[index],
                tags=tags[index],
                metrics=metrics[place],
                data=data.get(place, {}),
            )
            for index, (place, run_id, experiment, status, start, end, uri, name, *_) in enumerate(rows)
        ]


def as_float(value: float | None) -> float:
    """Return a value of the views as it was logged."""
    return math.nan if value is None else value


def _parsed(texts: Iterable[str]) -> list[dict[str, str]]:
    """Return what JSON objects hold: parsed as one, they share the strings of their names."""
    parsed: list[dict[str, str]] = json.loads(f"[{','.join(texts)}]")
    return parsed


def _metrics(database: sqlite3.Connection) -> Mapping[int, dict[str, float]]:
    """Return the metrics of each run, by its place; they too share their names."""
    metrics: defaultdict[int, dict[str, float]] = defaultdict(dict)
    names: dict[str, str] = {}
    shared = names.setdefault
    for place, name, value in database.execute(_METRICS):
        metrics[place][shared(name, name)] = math.nan if value is None else value
    return metrics


def _data(database: sqlite3.Connection) -> dict[int, dict[str, str]]:
    """Return the digests of datasets by name, of each run that has any by its place."""
    data: dict[int, dict[str, str]] = {}
    for place, name, digest in database.execute(_DATA):
        digests = data.setdefault(place, {})
        digests[name] = f"{digests[name]},{digest}" if name in digests else digest
    return data
