"""What a point costs beyond its own work: sweeper against a loop of bare MLflow client calls that logs the same.

600 no-op points share one upstream task. Both sides write to databases with the same settings, on this machine, in
turns in this one run: SQLite, or a PostgreSQL server that is started for it. Two workers stand beside two processes of
bare calls on one store. What starts on either side does not count: a bare process writes its first run before the
clock runs, and of a sweep the first points, in which the last of its workers starts, are left out.

    python -m benchmarks.overhead [--points 600] [--rounds 3] [--store sqlite|postgresql]
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from sweeper.session import run_spec
from sweeper.store import open_store
from sweeper.store.connections import disconnect
from sweeper.store.locate import sqlite_uri
from tests.postgres import running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.queues import SimpleQueue
    from multiprocessing.synchronize import Barrier

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


STARTING = 100
"""Points at the beginning of a sweep that do not count: workers start, connect and ask each query a first time."""


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
        counted = self.times[STARTING:]
        return (counted[-1] - counted[0]) / (len(counted) - 1) * 1000


def sweeper_ms(folder: Path, uri: str, points: int, workers: int) -> float:
    """Return milliseconds a point of a sweep."""
    folder.mkdir()
    (folder / "noop.py").write_text(PIPELINE, encoding="utf-8")
    spec = folder / "noop.toml"
    spec.write_text(
        f'task = "noop:Point"\nmetric = "value"\n[grid]\nnumber = {{ range = [{points}] }}\n', encoding="utf-8"
    )
    clock = Clock()
    with contextlib.chdir(folder):
        run_spec(spec, clock, workers=workers, tracking_uri=uri)
    disconnect()
    return clock.milliseconds


def bare_ms(folder: Path, uri: str, runs: int, processes: int) -> float:
    """Return milliseconds a run of processes that loop over the same writes, and do nothing else."""
    folder.mkdir()
    open_store(uri)  # makes the database, with the settings that the other side's has
    MlflowClient(uri).create_experiment("point", artifact_location=(folder / "artifacts").as_uri())
    disconnect()
    fresh = multiprocessing.get_context("spawn")
    together, times = fresh.Barrier(processes), fresh.SimpleQueue()
    writers = [
        fresh.Process(target=write_bare, args=(uri, runs // processes, together, times)) for _ in range(processes)
    ]
    for writer in writers:
        writer.start()
    began, ended = zip(*(times.get() for _ in writers), strict=True)
    for writer in writers:
        writer.join()
    return float(max(ended) - min(began)) / (runs // processes * processes) * 1000


def write_bare(uri: str, runs: int, together: Barrier, times: SimpleQueue[tuple[float, float]]) -> None:
    """Write so many runs once all are ready to, and tell from when to when; one before that does not count."""
    client = MlflowClient(uri)
    experiment = client.get_experiment_by_name("point")
    assert experiment is not None
    write_run(client, experiment.experiment_id, 0)
    together.wait()
    began = time.perf_counter()
    for number in range(runs):
        write_run(client, experiment.experiment_id, number)
    times.put((began, time.perf_counter()))


def write_run(client: MlflowClient, experiment: str, number: int) -> None:
    """Write one run, tag by tag what a point's has."""
    key = "1-" + 64 * "0"
    tags = {
        "sweeper.kind": "task",
        "sweeper.task": "noop:Point",
        "sweeper.source": 16 * "0",
        "sweeper.claim": key,
        "sweeper.at_work": "yes",
        "sweeper.driver": 32 * "0",
        "sweeper.upstream.shared": key,
        "sweeper.sweep.noop": '[{"number":0}]',
        "mlflow.parentRunId": 32 * "0",
        "mlflow.user": "user",
        "mlflow.source.name": "noop.toml",
        "mlflow.source.type": "LOCAL",
    }
    run_id = client.create_run(experiment, tags=tags, run_name=f"Point(number={number})").info.run_id
    client.log_batch(run_id, params=[Param("number", str(number))])
    metric = Metric("value", float(number), int(time.time() * 1000), 0)
    client.log_batch(run_id, metrics=[metric], tags=[RunTag("sweeper.key", key)])
    client.set_terminated(run_id)


@contextlib.contextmanager
def addresses(kind: str, folder: Path) -> Iterator[Iterator[str]]:
    """Yield addresses of new stores of a kind."""
    if kind == "sqlite":
        yield (sqlite_uri(folder / f"store{number}" / "mlflow.db") for number in itertools.count())
        return
    with running() as postgres:
        open_store(postgres.create("template"))
        disconnect()
        yield (postgres.create(f"store{number}", "template") for number in itertools.count())


def main() -> None:
    """Print milliseconds a point of each side, and the ratios of their medians, as a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--store", choices=["sqlite", "postgresql"], default="sqlite")
    arguments = parser.parse_args()
    points = arguments.points
    if points < 2 * STARTING:
        parser.error(f"--points {points}: at least {2 * STARTING}, for the first {STARTING} do not count")
    times: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="sweeper-overhead-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary)
        uris = stack.enter_context(addresses(arguments.store, folder))
        for number in range(arguments.rounds):
            for workers in (1, 2):
                bare = bare_ms(folder / f"bare{number}-{workers}", next(uris), points, workers)
                ours = sweeper_ms(folder / f"sweep{number}-{workers}", next(uris), points, workers)
                times.setdefault(f"bare {workers}", []).append(bare)
                times.setdefault(f"sweeper {workers}", []).append(ours)
                print(f"round {number + 1}, {workers}: bare {bare:.1f}, sweeper {ours:.1f} ms", flush=True)
    one, ours_one, two, ours_two = (statistics.median(values) for values in times.values())
    print(f"| {arguments.store} | bare client calls, ms a run | sweeper, ms a point | ratio |\n|---|---|---|---|")
    print(f"| 1 process | {one:.1f} | {ours_one:.1f} | {ours_one / one:.2f} times the time |")
    print(f"| 2 processes | {two:.1f} | {ours_two:.1f} | {two / ours_two:.2f} times the rate |")


if __name__ == "__main__":
    main()
