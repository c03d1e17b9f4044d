"""One tool's command on an empty store: how long it takes, and what MLflow has of it afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.tools import SCRIPTS, Tool
from sweeper.store.locate import sqlite_uri

PATIENCE_SECONDS = 1800
_RUN_ENDS = """
SELECT end_time FROM runs
WHERE status = 'FINISHED'
  AND run_uuid IN (SELECT run_uuid FROM params WHERE key = 'number')
  AND run_uuid IN (SELECT run_uuid FROM metrics WHERE key = 'value')
ORDER BY end_time
"""


class ToolError(Exception):
    """A tool's command did not do what it was asked to; says why in a few words."""


@dataclass(frozen=True, slots=True)
class Workload:
    """So many trials that sleep for so many seconds each."""

    trials: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Measurement:
    """One command.

    ``command_seconds`` is its wall time. ``trial_ms`` is the time from the end of the first trial of the last worker to
    the last trial's end, for each trial in between: start-up does not count, and trials that end in pairs count once
    each. ``recorded`` is how many runs finished with their parameter and metric.
    """

    command_seconds: float
    trial_ms: float
    recorded: int


def measure(tool: Tool, environment: Path, workload: Workload) -> Measurement:
    """Run the tool's command in a new folder; raises ``ToolError``."""
    with tempfile.TemporaryDirectory(prefix="peers-", ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary).resolve()
        database = folder / "store" / "mlflow.db"
        database.parent.mkdir()
        uri = sqlite_uri(database)
        _run(["python", str(SCRIPTS / tool.store), uri], environment, folder)
        values = {"uri": uri, "trials": workload.trials, "seconds": workload.seconds, "scripts": SCRIPTS}
        began = time.perf_counter()
        _run([part.format_map(values) for part in tool.command], environment, folder)
        seconds = time.perf_counter() - began
        ends = _run_ends(database)
    if len(ends) <= tool.workers:
        raise ToolError(f"{len(ends)} of {workload.trials} trials recorded")
    milliseconds = (ends[-1] - ends[tool.workers - 1]) / (len(ends) - tool.workers)
    return Measurement(seconds, milliseconds, len(ends))


def _run(command: list[str], environment: Path, folder: Path) -> None:
    """Run a command in the environment as if that were activated; raises ``ToolError``."""
    program = str(environment / "bin" / command[0])
    log = folder / "log.txt"
    with log.open("w+") as output:
        process = subprocess.Popen(
            [program, *command[1:]],
            cwd=folder,
            env=_variables(environment, folder),
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            raise ToolError(f"no end within {PATIENCE_SECONDS} s") from None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status:
        raise ToolError(f"exit code {status}: {last_line(log.read_text(errors='replace'))}")


def last_line(text: str) -> str:
    """Return the last line that is not empty."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "no output")


def _variables(environment: Path, folder: Path) -> dict[str, str]:
    """Return the environment variables of a tool's command: nothing of ours, and nobody is sent statistics of use."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "PYTHON"))}
    return inherited | {
        "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "VIRTUAL_ENV": str(environment),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_TMPDIR": str(folder),
    }


def _run_ends(database: Path) -> list[int]:
    """Return when the trials' runs ended, in milliseconds, the earliest first."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return [end for (end,) in connection.execute(_RUN_ENDS)]
