"""What a point costs beyond its own work: sweeper against a loop of bare MLflow client calls that logs the same.

300 no-op points share one upstream task. Both sides write to SQLite databases with the same settings, on this machine,
in turns in this one run; times are from the first point's end to the last's, so neither side's start-up counts.

    python -m benchmarks.overhead [--points 300] [--rounds 3]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from sweeper.session import run_spec
from sweeper.store import open_store
from sweeper.store.locate import sqlite_uri

if TYPE_CHECKING:
    import luigi

    from sweeper.points import Count
    from sweeper.search.base import Outcome
    from sweeper.spec import Spec

PIPELINE = '''
"""Points that do nothing, and what they share."""

import luigi

from sweeper import MlflowTask


class Shared(MlflowTask):
    """Runs once."""

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"size": 1.0})


class Point(MlflowTask):
    """Does nothing but say so."""

    number: int = luigi.IntParameter()

    def requires(self) -> dict[str, luigi.Task]:
        return {"shared": Shared()}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"value": float(self.number)})
'''


class Clock:
    """A listener that only notes when points end."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def began(self, spec: Spec, expected: Count) -> None:
        """Ignore the beginning."""

    def told(self, outcome: Outcome) -> None:
        """Note the time."""
        assert outcome.state.has_result, outcome.reason
        self.times.append(time.perf_counter())

    def running(self, tasks: list[luigi.Task]) -> None:
        """Ignore what runs."""

    def noticed(self, message: str) -> None:
        """Show what a user would see."""
        print(message)

    @property
    def milliseconds(self) -> float:
        """Milliseconds a point."""
        return (self.times[-1] - self.times[0]) / (len(self.times) - 1) * 1000


def sweeper_ms(folder: Path, points: int, workers: int) -> float:
    """Return milliseconds a point of a sweep."""
    folder.mkdir()
    (folder / "noop.py").write_text(PIPELINE, encoding="utf-8")
    spec = folder / "noop.toml"
    spec.write_text(
        f'task = "noop:Point"\nmetric = "value"\n[grid]\nnumber = {{ range = [{points}] }}\n', encoding="utf-8"
    )
    clock = Clock()
    run_spec(spec, clock, workers=workers, tracking_uri=sqlite_uri(folder / "results" / "mlflow.db"))
    return clock.milliseconds


def bare_ms(folder: Path, points: int) -> float:
    """Return milliseconds a run of a loop that makes the same writes and nothing else."""
    uri = sqlite_uri(folder / "results" / "mlflow.db")
    open_store(uri)  # makes the database, with the settings that the other side's has
    client = MlflowClient(uri)
    experiment = client.create_experiment("point", artifact_location=(folder / "artifacts").as_uri())
    key = "1-" + 64 * "0"
    tags = {
        "sweeper.kind": "task",
        "sweeper.task": "noop:Point",
        "sweeper.source": 16 * "0",
        "sweeper.claim": key,
        "sweeper.driver": 32 * "0",
        "sweeper.upstream.shared": key,
        "sweeper.sweep.noop": '[{"number":0}]',
        "mlflow.parentRunId": 32 * "0",
        "mlflow.user": "user",
        "mlflow.source.name": "noop.toml",
        "mlflow.source.type": "LOCAL",
    }
    began = 0.0
    for number in range(points):
        run_id = client.create_run(experiment, tags=tags, run_name=f"Point(number={number})").info.run_id
        client.log_batch(run_id, params=[Param("number", str(number))])
        metric = Metric("value", float(number), int(time.time() * 1000), 0)
        client.log_batch(run_id, metrics=[metric], tags=[RunTag("sweeper.key", key)])
        client.set_terminated(run_id)
        if number == 0:
            began = time.perf_counter()
    return (time.perf_counter() - began) / (points - 1) * 1000


def main() -> None:
    """Print milliseconds a point of each side, and the ratios of their medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    bare, one, two = [], [], []
    for number in range(arguments.rounds):
        with tempfile.TemporaryDirectory(prefix="sweeper-overhead-") as temporary:
            folder = Path(temporary)
            bare.append(bare_ms(folder / f"bare{number}", arguments.points))
            one.append(sweeper_ms(folder / f"one{number}", arguments.points, 1))
            two.append(sweeper_ms(folder / f"two{number}", arguments.points, 2))
        print(f"round {number + 1}: bare {bare[-1]:.1f}, 1 worker {one[-1]:.1f}, 2 workers {two[-1]:.1f} ms a point")
    base = statistics.median(bare)
    print(f"bare MLflow client   {base:6.1f} ms a run")
    print(f"sweeper, 1 worker    {statistics.median(one):6.1f} ms a point, ratio {statistics.median(one) / base:.2f}")
    print(f"sweeper, 2 workers   {statistics.median(two):6.1f} ms a point, ratio {statistics.median(two) / base:.2f}")


if __name__ == "__main__":
    main()
