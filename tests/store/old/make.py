"""Make a store of an older sweeper, or an older MLflow: run by a Python that has them, it writes the file named.

    PYTHONPATH=OLD_CHECKOUT OLD_ENVIRONMENT/bin/python tests/store/old/make.py NAME.sql

Only the standard library is needed besides. The file is the whole database as SQL, with the project at another place;
the artifacts that a report and a later run read go beside it, in the folder NAME.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(__file__).parent
PLACE = "/old"
"""Where the project pretends to have been."""

NAMELESS = (
    """DELETE FROM tags WHERE "key" IN ('mlflow.user', 'mlflow.source.name', 'sweeper.command', 'sweeper.process')""",
    "UPDATE runs SET name = 'driver' WHERE run_uuid IN (SELECT run_uuid FROM tags WHERE value = 'driver')",
    """UPDATE tags SET value = 'driver' WHERE "key" = 'mlflow.runName'
       AND run_uuid IN (SELECT run_uuid FROM tags WHERE value = 'driver')""",
    "UPDATE runs SET user_id = ''",
)
"""What takes the names of the machine and the user out."""

KEPT = ("sweep.json", "blocked.json", "numbers.txt")


def main() -> None:
    """Run the sweep, and write down the store that came of it."""
    target = FOLDER / sys.argv[1]
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary) / "project"
        shutil.copytree(FOLDER / "project", project, ignore=shutil.ignore_patterns("__pycache__"))
        (project / "results").mkdir()
        command = [sys.executable, "-c", "from sweeper.cli import main; main()", "run", "grid.toml"]
        subprocess.run(command, cwd=project, env=os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true"}, check=True)
        target.write_text(dumped(project), encoding="utf-8")
        keep_artifacts(project / "results" / "artifacts", target.with_suffix(""))


def dumped(project: Path) -> str:
    """Return the database as SQL."""
    with contextlib.closing(sqlite3.connect(project / "results" / "mlflow.db")) as connection:
        for statement in NAMELESS:
            connection.execute(statement)
        connection.commit()
        return "\n".join([*connection.iterdump(), ""]).replace(str(project), PLACE)


def keep_artifacts(made: Path, kept: Path) -> None:
    """Copy the artifacts that are read again."""
    shutil.rmtree(kept, ignore_errors=True)
    for path in (path for path in sorted(made.rglob("*")) if path.name in KEPT):
        (kept / path.relative_to(made)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, kept / path.relative_to(made))


if __name__ == "__main__":
    main()
