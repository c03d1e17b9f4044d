"""Make the frozen store: ``python -m tests.report.frozen.make``, and then the golden tables anew.

Three sweeps are run by the command line, and an experiment is filled through MLflow's client, as somebody without
sweeper would. Of the store that comes of it, what reports read is kept: some tables as SQL, and some artifacts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
CHECKOUT = FOLDER.parents[2]
DUMP = FOLDER / "store.sql"
ARTIFACTS = FOLDER / "artifacts"
SWEEPS = ("optimizers", "limits", "search")
EXPERIMENT = "baselines"
PLACE = "/frozen"
"""Where the project pretends to have been."""

TABLES = {
    "alembic_version": "SELECT * FROM alembic_version",
    "experiments": "SELECT * FROM experiments",
    "runs": "SELECT * FROM runs",
    "params": "SELECT * FROM params",
    "tags": """SELECT * FROM tags WHERE "key" NOT IN
      ('mlflow.user', 'mlflow.source.name', 'mlflow.source.type', 'sweeper.command', 'sweeper.process')""",
    "latest_metrics": "SELECT * FROM latest_metrics",
    "metrics": "SELECT * FROM metrics",
    "inputs": "SELECT * FROM inputs",
    "datasets": "SELECT * FROM datasets",
}
"""What is kept of the tables that reports read."""

NAMELESS = (
    """UPDATE tags SET value = 'driver' WHERE "key" = 'mlflow.runName'
       AND run_uuid IN (SELECT run_uuid FROM tags WHERE value = 'driver')""",
    "UPDATE runs SET name = 'driver' WHERE run_uuid IN (SELECT run_uuid FROM tags WHERE value = 'driver')",
    "UPDATE runs SET user_id = ''",
)
"""What takes the names of the machine and the user out."""

INDEX = "index_metrics_run_uuid_key_step"
KEPT_ARTIFACTS = ("sweep.json", "blocked.json", "environment.json", "task.log")
KEPT_PACKAGES = ("luigi", "mlflow", "numpy")


def main() -> None:
    """Run the sweeps, fill the experiment, and write down what came of it."""
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "project"
        shutil.copytree(FOLDER / "project", project)
        (project / "results").mkdir()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
        environment["MLFLOW_DISABLE_TELEMETRY"] = "true"
        for sweep in SWEEPS:
            command = [Path(sys.executable).with_name("sweeper"), "run", f"{sweep}.toml", "--engine", "inline"]
            subprocess.run(command, cwd=project, env=environment, check=False)  # a point fails, as it is to
        fill(project / "results" / "mlflow.db")
        dump(project / "results" / "mlflow.db")
        keep_artifacts(project)


def fill(database: Path) -> None:
    """Log what somebody measured by hand: repeated runs, one that failed, one that runs, and one that holds others."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{database}")
    experiment = client.create_experiment(EXPERIMENT, artifact_location=f"file://{database.parent}/artifacts/manual")

    def log(params: dict[str, object], accuracy: float | None, status: str = "FINISHED", parent: str = "") -> str:
        run_id: str = client.create_run(experiment, tags={"mlflow.parentRunId": parent} if parent else {}).info.run_id
        for name, value in params.items():
            client.log_param(run_id, name, value)
        if accuracy is not None:
            client.log_metric(run_id, "accuracy", accuracy)
        if status:
            client.set_terminated(run_id, status)
        return run_id

    for accuracy in (0.2, 0.21, 0.19):
        log({"model": "majority", "balanced": False}, accuracy)
    parent = log({}, None)
    for trees, accuracies in ((10, (0.85, 0.86)), (100, (0.88, 0.89))):
        for seed, accuracy in enumerate(accuracies):
            log({"model": "forest", "trees": trees, "seed": seed, "balanced": True}, accuracy, parent=parent)
    log({"model": "forest", "trees": 1000, "seed": 0, "balanced": True}, None, "FAILED")
    log({"model": "forest", "trees": 1000, "seed": 1, "balanced": True}, 0.3, "")
    log({"model": "forest", "trees": 500, "seed": 0, "balanced": True}, None)


def dump(database: Path) -> None:
    """Write the kept tables as SQL, with the store at another place."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        for statement in NAMELESS:
            connection.execute(statement)
        text = "\n".join([*_statements(connection), ""])
    DUMP.write_text(text.replace(str(database.parent.parent), PLACE), encoding="utf-8")


def _statements(connection: sqlite3.Connection) -> Iterator[str]:
    schema = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
    for table, query in TABLES.items():
        yield f"{schema[table]};"
        for row in connection.execute(query):
            values = ", ".join(connection.execute("SELECT quote(?)", (value,)).fetchone()[0] for value in row)
            yield f"INSERT INTO {table} VALUES ({values});"
    yield f"{schema[INDEX]};"


def keep_artifacts(project: Path) -> None:
    """Copy what reports read of the artifacts, with paths as if the project were elsewhere."""
    shutil.rmtree(ARTIFACTS, ignore_errors=True)
    made = project / "results" / "artifacts"
    for path in sorted(made.rglob("*")):
        if path.name not in KEPT_ARTIFACTS:
            continue
        text = _shortened(path, project)
        if path.name != "task.log" or "Error" in text:  # of the logs those of failures
            kept = ARTIFACTS / path.relative_to(made)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(text, encoding="utf-8")


def _shortened(path: Path, project: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if path.name == "environment.json":
        environment = json.loads(text)
        environment["packages"] = {name: environment["packages"][name] for name in KEPT_PACKAGES}
        return json.dumps(environment | {"executable": "python", "platform": "Linux"}, indent=1)
    return text.replace(str(project), PLACE).replace(str(CHECKOUT), f"{PLACE}/sweeper")


if __name__ == "__main__":
    main()
