"""How busy an adaptive search keeps its workers when some trials take ten times as long as others.

The same trials (asleep for 1 to 10 units each) run as a study of sweeper's, under Optuna's own ``optimize`` with
threads, and asked for in batches that wait for their slowest member. Busy is the share of the workers' time that trials
fill, from the first trial's start until the last one's: then there is nothing left to begin.

    python -m benchmarks.idle [--workers 4] [--trials 60] [--unit 0.2]
"""

from __future__ import annotations

import argparse
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import optuna

from benchmarks.resume import SWEEPER
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.tags import Kind, Tag

PIPELINE = """
import time

import luigi

from sweeper import MlflowTask


class Nap(MlflowTask):
    x = luigi.FloatParameter()
    unit = luigi.FloatParameter()

    def _run(self):
        began = time.time()
        time.sleep(self.unit * (1 + 9 * self.x))
        self.save_to_mlflow(metrics={"score": self.x, "began": began, "ended": time.time()})
"""

SPEC = """
task = "nap:Nap"
metric = "score"
[fixed]
unit = {unit}
[study]
trials = {trials}
seed = {seed}
{more}
[study.space]
x = {{ float = [0.0, 1.0] }}
"""

Span = tuple[float, float]


def busy(spans: Iterable[Span], workers: int) -> float:
    """Return the share of the workers' time that trials fill, until the last of them starts."""
    known = sorted(spans)
    first, last = known[0][0], known[-1][0]
    return sum(max(min(ended, last) - began, 0.0) for began, ended in known) / (workers * (last - first))


def study(workers: int, trials: int, unit: float, more: str = "") -> list[Span]:
    """Return when the trials of a study of sweeper's began and ended."""
    with tempfile.TemporaryDirectory(prefix="sweeper-idle-") as temporary:
        folder = Path(temporary)
        (folder / "results").mkdir()
        (folder / "nap.py").write_text(PIPELINE, encoding="utf-8")
        seed = random.randrange(1000)  # noqa: S311
        (folder / "nap.toml").write_text(SPEC.format(unit=unit, trials=trials, seed=seed, more=more), encoding="utf-8")
        command = [*SWEEPER, "run", "nap.toml", "--workers", str(workers)]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        runs = open_reader(sqlite_uri(folder / "results" / "mlflow.db")).runs_with(Tag.KIND, Kind.TASK)
        return [(run.metrics["began"], run.metrics["ended"]) for run in runs]


def optimize(workers: int, trials: int, unit: float) -> list[Span]:
    """Return when the trials of Optuna's own ``optimize`` began and ended."""
    spans: list[Span] = []

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        spans.append(_nap(x, unit))
        return x

    optuna.create_study(direction="maximize").optimize(objective, n_trials=trials, n_jobs=workers)
    return spans


def batches(workers: int, trials: int, unit: float) -> list[Span]:
    """Return when trials began and ended that are asked for, run and told a batch at a time."""
    spans: list[Span] = []
    asked = optuna.create_study(direction="maximize")
    with ThreadPoolExecutor(workers) as pool:
        while len(spans) < trials:
            batch = [asked.ask() for _ in range(workers)]
            values = [trial.suggest_float("x", 0, 1) for trial in batch]
            spans += pool.map(lambda x: _nap(x, unit), values)
            for trial, value in zip(batch, values, strict=True):
                asked.tell(trial, value)
    return spans


def _nap(x: float, unit: float) -> Span:
    began = time.time()
    time.sleep(unit * (1 + 9 * x))
    return began, time.time()


def main() -> None:
    """Print how busy the workers were, one row a way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--unit", type=float, default=0.2)
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    ways: dict[str, Callable[[int, int, float], list[Span]]] = {
        "sweeper": study,
        "sweeper, reproducible": partial(study, more="reproducible = true"),
        "Optuna's optimize": optimize,
        "batches": batches,
    }
    for name, way in ways.items():
        share = busy(way(arguments.workers, arguments.trials, arguments.unit), arguments.workers)
        print(f"{name:<22} {share:6.1%} busy")


if __name__ == "__main__":
    main()
