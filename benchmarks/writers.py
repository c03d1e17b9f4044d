"""Many processes that write to one store at once: what is lost, and how fast they are beside bare MLflow clients.

For each store (SQLite, PostgreSQL, and ``mlflow server`` over PostgreSQL that serves artifacts) a sweep with so many
workers runs for some minutes, and as long as many processes of bare MLflow client calls that log the same: a curve, a
metric, and an artifact. Both start anew on the same store, one after the other. Then everything is counted, and each
value and file read again. PostgreSQL is started for it; ``initdb`` and ``postgres`` have to be installed.

    python -m benchmarks.writers [--minutes 3] [--writers 8]
"""

from __future__ import annotations

import argparse
import contextlib
import multiprocessing
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.resume import SWEEPER
from sweeper.store import open_reader, open_store
from sweeper.store.base import Reader
from sweeper.store.connections import disconnect
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import RunRecord
from tests.postgres import running
from tests.servers import tracking_server

STEPS = 20
BARE = "bare"
ENDING_SECONDS = 300
_COMPLAINT = re.compile(r"\b(locked|deadlock|Traceback|failed|trying again)\b", re.IGNORECASE)

PIPELINE = f'''
"""Points that log a curve, a metric and an artifact."""

from pathlib import Path

import luigi

from sweeper import MlflowTask


class Point(MlflowTask):
    """Log what says which point it is."""

    class Meta:
        mlflow_artifact_fnames = {{"name": "name.txt"}}

    number: int = luigi.IntParameter()

    def _run(self) -> None:
        for step in range({STEPS}):
            self.log_metric("curve", self.number + step / {STEPS}, step)
        artifact = (str(self.number), lambda text, path: Path(path).write_text(text))
        self.save_to_mlflow({{"name": artifact}}, metrics={{"value": self.number}})
'''

SPEC = 'task = "pipeline:Point"\nmetric = "value"\n[grid]\nnumber = { range = [10000000] }\n'


@dataclass(frozen=True, slots=True)
class Written:
    """The runs that one side has written, how many of them are not whole, and how many a second there were."""

    runs: int
    torn: int
    rate: float


def sweep_for(seconds: float, folder: Path, uri: str, writers: int) -> str:
    """Run a sweep without an end for so long, and end it in order; return what it printed."""
    command = [*SWEEPER, "run", "many.toml", "--workers", str(writers), "--tracking-uri", uri]
    with (folder / "output").open("w+", encoding="utf-8") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        process.wait(ENDING_SECONDS)
        output.seek(0)
        return output.read()


def bare_for(seconds: float, folder: Path, uri: str, writers: int) -> None:
    """Let bare MLflow clients write for so long."""
    fresh = multiprocessing.get_context("spawn")
    processes = [fresh.Process(target=write_bare, args=(seconds, folder, uri, number)) for number in range(writers)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError("a bare client failed")


def write_bare(seconds: float, folder: Path, uri: str, writer: int) -> None:
    """Write runs as a task does, for so long."""
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
    client = MlflowClient(uri)
    found = client.get_experiment_by_name(BARE)
    assert found is not None
    experiment = found.experiment_id
    file = folder / f"bare-{writer}" / "name.txt"
    file.parent.mkdir()
    number = writer * 1_000_000
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        tags = {"sweeper.kind": "task", "sweeper.claim": f"1-{number:064}", "sweeper.driver": 32 * "0"}
        run_id = client.create_run(experiment, tags=tags, run_name=f"Point(number={number})").info.run_id
        client.log_batch(run_id, params=[Param("number", str(number))])
        file.write_text(str(number), encoding="utf-8")
        client.log_artifact(run_id, str(file))
        now = int(time.time() * 1000)
        curve = [Metric("curve", number + step / STEPS, now, step) for step in range(STEPS)]
        client.log_batch(
            run_id,
            metrics=[*curve, Metric("value", number, now, 0)],
            tags=[RunTag("sweeper.key", f"1-{number:064}")],
        )
        client.set_terminated(run_id)
        number += 1


def written(reader: Reader, experiment: str) -> Written:
    """Return what an experiment has, all of it read; its rate is from the first run's start to the last one's end."""
    runs = [run for run in reader.runs_in([experiment]) if "number" in run.params]
    curves = reader.curves([run.run_id for run in runs], "curve")
    torn = sum(not _is_whole(reader, run, curves.get(run.run_id, {})) for run in runs)
    ended = [run.end_time for run in runs if run.end_time is not None]
    if not ended:
        raise RuntimeError("no run was finished in the time there was: give it more --minutes")
    return Written(len(runs), torn, len(runs) / (max(ended) - runs[0].start_time) * 1000)


def _is_whole(reader: Reader, run: RunRecord, curve: dict[int, float]) -> bool:
    number = int(run.params["number"])
    path = reader.artifact(run, "name.txt")
    return (
        run.key is not None
        and run.metrics.get("value") == number
        and curve == {step: number + step / STEPS for step in range(STEPS)}
        and path.exists()
        and path.read_text(encoding="utf-8") == str(number)
    )


def measure(name: str, folder: Path, uri: str, seconds: float, writers: int) -> None:
    """Let both sides write to a store, and print what came of it."""
    (folder / "results").mkdir(exist_ok=True)
    (folder / "pipeline.py").write_text(PIPELINE, encoding="utf-8")
    (folder / "many.toml").write_text(SPEC, encoding="utf-8")
    output = sweep_for(seconds, folder, uri, writers)
    with contextlib.chdir(folder):
        open_store(uri).start_run(BARE, "makes the experiment", tags={})
    disconnect()
    bare_for(seconds, folder, uri, writers)
    reader = open_reader(uri)
    ours, bare = written(reader, "point"), written(reader, BARE)
    told = [int(number.replace(",", "")) for number in re.findall(r"([\d,]+) computed", output)][-1]
    complaints = [line for line in output.splitlines() if _COMPLAINT.search(line)]
    print(f"{name}: sweeper {ours.runs} runs, {ours.rate:.1f}/s; bare clients {bare.runs}, {bare.rate:.1f}/s", end="; ")
    print(
        f"ratio {ours.rate / bare.rate:.2f}; {told - ours.runs} lost; not whole: {ours.torn} and {bare.torn}", end="; "
    )
    print(f"complaints: {len(complaints)}", *complaints[:5], sep="\n  ")


@contextlib.contextmanager
def stores(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the addresses of the three stores, by name."""
    for name in ("sqlite", "postgres", "server"):
        (folder / name).mkdir()
    with running() as postgres, tracking_server(folder / "server", postgres.create("served"), workers=4) as server:
        yield {
            "sqlite": sqlite_uri(folder / "sqlite" / "results" / "mlflow.db"),
            "postgres": postgres.create("direct"),
            "server": server,
        }


def main() -> None:
    """Measure each store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--writers", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sweeper-writers-") as temporary, stores(Path(temporary)) as uris:
        os.environ["SWEEPER_ARTIFACT_CACHE"] = str(Path(temporary) / "cache")
        for name, uri in uris.items():
            measure(name, Path(temporary) / name, uri, arguments.minutes * 60, arguments.writers)


if __name__ == "__main__":
    main()
