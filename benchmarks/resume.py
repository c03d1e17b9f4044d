"""What it costs to find out that nothing is to be done: a finished sweep of 2,000 points, run and reported on again.

Whole processes are timed, beside one that does everything but the sweep's own part: the same command on a finished
sweep of one point for ``run``, the import of pandas for ``report``. Medians over rounds, in turns.

    python -m benchmarks.resume [--points 2000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.overhead import PIPELINE

SWEEPER = [sys.executable, "-c", "from sweeper.cli import main; main()"]


def seconds(command: list[str], folder: Path) -> float:
    """Return how long a command takes as a whole process; raises if it fails."""
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def make_sweep(folder: Path, points: int) -> None:
    """Run a sweep of so many points that do nothing, in a folder of its own."""
    (folder / "results").mkdir(parents=True)
    (folder / "noop.py").write_text(PIPELINE, encoding="utf-8")
    spec = f'task = "noop:Point"\nmetric = "value"\n[grid]\nnumber = {{ range = [{points}] }}\n'
    (folder / "noop.toml").write_text(spec, encoding="utf-8")
    seconds([*SWEEPER, "run", "noop.toml", "--workers", "2"], folder)


def main() -> None:
    """Print the seconds of each command and of what it stands beside, and their differences."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sweeper-resume-") as temporary:
        many, one = Path(temporary) / "many", Path(temporary) / "one"
        make_sweep(many, arguments.points)
        make_sweep(one, 1)
        run = [*SWEEPER, "run", "noop.toml", "--workers", "2"]
        commands = {
            f"run, {arguments.points:,} points": (run, many),
            "run, 1 point": (run, one),
            f"report, {arguments.points:,} points": ([*SWEEPER, "report", "noop"], many),
            f"report as csv, {arguments.points:,} points": ([*SWEEPER, "report", "--format", "csv"], many),
            "import pandas": ([sys.executable, "-c", "import pandas"], many),
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(arguments.rounds):
            for name, (command, folder) in commands.items():
                times[name].append(seconds(command, folder))
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, value in medians.items():
        print(f"{name:36} {value:6.2f} s")
    run_many, run_one, report, csv, pandas = medians.values()
    print(f"run beyond start-up                  {run_many - run_one:6.2f} s")
    print(f"report beyond importing pandas       {max(report, csv) - pandas:6.2f} s")


if __name__ == "__main__":
    main()
