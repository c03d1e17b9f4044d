"""Eight processes that write to one store at once: nothing is lost, and none is turned away."""

from __future__ import annotations

import multiprocessing
import os
import uuid
from pathlib import Path

import pytest

from sweeper.session import EngineName
from sweeper.store import open_reader, open_store
from sweeper.store.records import MetricPoint, RunStatus
from sweeper.store.tags import Tag
from tests.sweeping import CHAIN, counts, running, sweep

WRITERS = 8
RUNS = 3
STEPS = 20
SPEC = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nrate = [0.1, 0.2]\nseed = {{ range = [8] }}\n'


def write(uri: str, experiment: str, folder: Path, writer: int) -> None:
    """Commit some runs, each with a metric, a curve and an artifact that say which it is."""
    folder.mkdir()
    os.chdir(folder)
    store = open_store(uri)
    for number in range(RUNS):
        name = f"{writer}-{number}"
        run = store.start_run(experiment, name, tags={Tag.CLAIM: name}, params={"name": name})
        Path("name.txt").write_text(name)
        store.save_artifact(run, Path("name.txt"), "name.txt")
        curve = [MetricPoint("curve", writer + step / STEPS, step, step) for step in range(STEPS)]
        store.log(
            run.run_id, metrics=[MetricPoint("score", writer + number / RUNS, 0, 1), *curve], tags={Tag.KEY: name}
        )
        store.end_run(run.run_id, RunStatus.FINISHED)


@pytest.mark.parametrize("kind", ["store_uri", "postgres_uri", "server_uri"])
def test_all_that_eight_processes_write_at_once_is_there(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    uri, experiment = request.getfixturevalue(kind), f"n{uuid.uuid4().hex}"
    forks = multiprocessing.get_context("fork")
    writers = [
        forks.Process(target=write, args=(uri, experiment, tmp_path / f"{writer}", writer)) for writer in range(WRITERS)
    ]
    for process in writers:
        process.start()
    for process in writers:
        process.join(120)
    assert [process.exitcode for process in writers] == [0] * WRITERS
    reader = open_reader(uri)
    runs = {run.name: run for run in reader.runs_in([experiment])}
    curves = reader.curves([run.run_id for run in runs.values()], "curve")
    assert len(runs) == len(reader.results([experiment])) == WRITERS * RUNS
    for name, run in runs.items():
        writer, number = map(int, name.split("-"))
        assert (run.key, run.params) == (name, {"name": name})
        assert run.metrics["score"] == writer + number / RUNS
        assert curves[run.run_id] == {step: writer + step / STEPS for step in range(STEPS)}
        assert reader.artifact(run, "name.txt").read_text() == name


def test_a_sweep_with_eight_workers_has_every_result_once(postgres_uri: str) -> None:
    swept = sweep(SPEC, postgres_uri, engine=EngineName.LOCAL, workers=8)
    assert swept.states == {"computed": 16}
    assert swept.messages == []
    assert counts(postgres_uri)["fit"] == 16
    assert running(postgres_uri) == []
