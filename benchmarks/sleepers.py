"""How full many workers are kept: points that sleep one second on 16 workers, each recorded in MLflow.

The time of the whole sweep stands beside that of the sleeping alone, which is points times a second, shared out among
the workers; it is from when the first task starts to when the last one ends. Ray publishes 715 s for 10,000 such
trials of Ray Tune, beside 625 s of sleeping.

    python -m benchmarks.sleepers [--points 1000] [--workers 16] [--uri URI]
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.resume import SWEEPER
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri

SECONDS = 1.0

PIPELINE = f'''
"""Points that sleep."""

import time

import luigi

from sweeper import MlflowTask


class Sleeper(MlflowTask):
    """Sleep, and say so."""

    number: int = luigi.IntParameter()

    def _run(self) -> None:
        time.sleep({SECONDS})
        self.save_to_mlflow(metrics={{"value": float(self.number)}})
'''

SPEC = """
task = "sleepers:Sleeper"
metric = "value"
[grid]
number = {{ range = [{points}] }}
"""


@dataclass(frozen=True, slots=True)
class Slept:
    """What a sweep of sleepers took, in seconds, what the sleeping alone takes, and how many points are recorded."""

    seconds: float
    alone: float
    recorded: int

    @property
    def ratio(self) -> float:
        """How many times the sleeping alone it took."""
        return self.seconds / self.alone


def sleep(folder: Path, uri: str, points: int, workers: int) -> Slept:
    """Run a sweep of so many points that sleep, as a command of its own in a folder."""
    (folder / "sleepers.py").write_text(PIPELINE, encoding="utf-8")
    (folder / "sleepers.toml").write_text(SPEC.format(points=points), encoding="utf-8")
    command = [*SWEEPER, "run", "sleepers.toml", "--workers", str(workers), "--tracking-uri", uri]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    subprocess.run(command, cwd=folder, env=environment, check=True)
    done = [run for run in open_reader(uri).runs_in(["sleeper"]) if run.key is not None]
    ended = max(run.end_time or 0 for run in done)
    return Slept(
        seconds=(ended - min(run.start_time for run in done)) / 1000,
        alone=math.ceil(points / workers) * SECONDS,
        recorded=len({run.params["number"] for run in done}),
    )


def main() -> None:
    """Print how long it took, beside the sleeping alone, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--uri", default="", help="store to use, instead of a new one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sweeper-sleepers-") as temporary:
        uri = arguments.uri or sqlite_uri(Path(temporary) / "results" / "mlflow.db")
        slept = sleep(Path(temporary), uri, arguments.points, arguments.workers)
    print("| points of one second | workers | seconds | the sleeping alone | ratio | recorded in MLflow |")
    print("|---|---|---|---|---|---|")
    print(
        f"| {arguments.points:,} | {arguments.workers} | {slept.seconds:.0f} | {slept.alone:.0f} | {slept.ratio:.3f} "
        f"| {slept.recorded:,} |"
    )


if __name__ == "__main__":
    main()
