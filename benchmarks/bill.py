"""What a sweep costs its driver, its workers, ``mlflow server`` and PostgreSQL, measured in short runs.

What a sweep costs as such does not count: of two sweeps the smaller is taken from the larger.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from mlflow.tracking import MlflowClient

from benchmarks.naps import DriverCost, Napped, apart, decide, nap
from benchmarks.served import Served, Usage, served
from benchmarks.simulation import Cluster, Course, simulate, steady
from sweeper.engine.dask.sites import Site, choose
from sweeper.session import EngineName
from sweeper.store import open_store
from sweeper.store.driver import Driver
from sweeper.store.lease import first_claim
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import MetricPoint, RunStatus
from sweeper.store.tags import Tag

FEW, MANY = 20, 220
PAGE = 1000
LOOKS = 50
VALUES = 20
"""Values of a curve that are written at once: ten a second, for two seconds."""

MEGABYTES = 32

INDEX = (
    f"CREATE INDEX sweeper_tags ON tags (key, value) WHERE key IN ('{Tag.CLAIM}', '{Tag.KEY}', '{Tag.KIND}')",
    "ANALYZE tags",
)
"""What lets PostgreSQL find runs by the tags that drivers look for, however many runs there are."""


@dataclass(frozen=True, slots=True)
class TaskCost:
    """What one task uses: processor seconds, numbers, bytes."""

    server: float
    database: float
    requests: float
    transactions: float
    written: float
    size: float


@dataclass(frozen=True, slots=True)
class Looks:
    """Processor seconds that one look takes in a store of so many runs: PostgreSQL's, for a page the server's too."""

    runs: int
    drivers: float
    claim: float
    page: float


@dataclass(frozen=True, slots=True)
class Bill:
    """All that was measured, in processor seconds.

    ``dask`` is what Dask takes of a task in the driver's process, where its scheduler runs too; ``placing`` what it
    takes to choose a worker for it, of as many as there are slots; ``contended`` is a task
    beside another driver; ``batch`` is a part of a curve; artifacts are in seconds a megabyte.
    """

    small: DriverCost
    large: DriverCost
    dask: float
    placing: float
    worker: float
    alone: TaskCost
    contended: TaskCost
    few: Looks
    many: Looks
    indexed: Looks
    batch: Usage
    upload: float
    download: float
    napped: Napped
    predicted: Course


def measure(slots: int, naps: int, runs: int) -> Bill:
    """Measure all of it: a driver with so many slots, so many naps, a store of so many runs."""
    small, large = apart(decide, 16, 3000, 0.05), apart(decide, slots, 5 * slots, 10.0)
    with tempfile.TemporaryDirectory(prefix="sweeper-scale-") as temporary:
        folder = Path(temporary)
        dask, placing = _of_dask(folder / "dask"), _of_placing(slots)
        napped, predicted = held_against_a_run(folder / "local", naps)
        (folder / "server").mkdir()
        with served(folder / "server") as server:
            alone, worker = _a_task(server, folder / "work", 0)
            with contextlib.closing(Driver(open_store(server.uri))):  # another driver, which does nothing
                contended, _ = _a_task(server, folder / "work", 1000)
            batch = batches(server)
            upload, download = _transfer(server, folder)
            few = _look(server, 2 * (FEW + MANY))
            server.fill(runs)
            many = _look(server, runs)
            server.sql(*INDEX)
            indexed = _look(server, runs)
    return Bill(
        small,
        large,
        dask,
        placing,
        worker,
        alone,
        contended,
        few,
        many,
        indexed,
        batch,
        upload,
        download,
        napped,
        predicted,
    )


def held_against_a_run(folder: Path, naps: int) -> tuple[Napped, Course]:
    """Sweep naps of a second on 16 slots; return how it went, and how it should have gone by what no-op points cost."""
    uri = sqlite_uri(folder / "results" / "mlflow.db")
    cost = apart(nap, folder, uri, 0, MANY, 0.0, 2)
    napped = apart(nap, folder, uri, MANY, naps, 1.0, 16)
    cores = len(os.sched_getaffinity(0))  # on one machine it is they that workers and their writes wait for
    cluster = Cluster(16, cost.decision, cost.worker / 2, cost.worker / 2, cores, cost.start)
    return napped, simulate(cluster, naps, steady(1.0))


def _of_dask(folder: Path) -> float:
    """Return by how much a task costs the driver's process more on a Dask cluster of its own."""
    uri = sqlite_uri(folder / "results" / "mlflow.db")
    local = apart(nap, folder, uri, 0, MANY, 0.0, 2)
    dask = apart(nap, folder, uri, MANY, MANY, 0.0, 2, EngineName.DASK)
    return dask.driver - local.driver


def _of_placing(workers: int) -> float:
    """Return what it costs to choose a worker with one GPU, of so many that are busy but for one, as for each task.

    That is done twice: as it is asked whether there is room, and as the task is sent off.
    """
    needs = {"gpu": 1.0}
    sites = [Site(f"tcp://10.0.0.1:{number}", 1, needs, taken={"task": needs}) for number in range(workers)]
    sites[-1].taken.clear()
    began = time.process_time()
    for _ in range(LOOKS):
        assert choose(sites, needs) is sites[-1]
    return 2 * (time.process_time() - began) / LOOKS


def _a_task(server: Served, folder: Path, first: int) -> tuple[TaskCost, float]:
    """Return what a task uses on the server, and the processor seconds that it costs its worker's process."""
    few, _ = _swept(server, folder, first, FEW)
    many, worker = _swept(server, folder, first + FEW, MANY)
    more = many - few
    each = (more.server, more.database, more.requests, more.transactions, more.written, more.size)
    return TaskCost(*(used / (MANY - FEW) for used in each)), worker


def _swept(server: Served, folder: Path, first: int, points: int) -> tuple[Usage, float]:
    swept: list[Napped] = []
    usage = server.during(lambda: swept.append(apart(nap, folder, server.uri, first, points, 0.0, 2)))
    return usage, swept[0].worker


def batches(server: Served) -> Usage:
    """Return what ``LOOKS`` batches of a curve use."""
    store, steps = open_store(server.uri), itertools.count()
    run = store.start_run("curve", "curve", tags={})

    def write() -> None:
        now = int(time.time() * 1000)
        store.log(run.run_id, metrics=[MetricPoint("loss", 0.5, next(steps), now) for _ in range(VALUES)])

    usage = server.during(write, LOOKS)
    store.end_run(run.run_id, RunStatus.FINISHED)
    return usage


def _transfer(server: Served, folder: Path) -> tuple[float, float]:
    """Return the processor seconds that the server takes for a megabyte of an artifact, to it and from it."""
    store = open_store(server.uri)
    run = store.start_run("large", "large", tags={})
    (folder / "large").write_bytes(os.urandom(MEGABYTES << 20))
    upload = server.during(lambda: store.save_artifact(run, folder / "large", "large"))
    store.end_run(run.run_id, RunStatus.FINISHED)
    record = store.run(run.run_id)
    (folder / "fetched").mkdir()
    download = server.during(lambda: store.fetch_artifact(record, "large", folder / "fetched"))
    return upload.server / MEGABYTES, download.server / MEGABYTES


def _look(server: Served, runs: int) -> Looks:
    store, client = open_store(server.uri), MlflowClient(server.uri)
    found = client.get_experiment_by_name("nap")
    assert found is not None
    experiments = [found.experiment_id]
    order = ["attributes.start_time ASC"]
    with contextlib.closing(Driver(store, by_itself=False)) as entry:
        drivers = server.during(entry.keep_up, LOOKS)
    claim = server.during(lambda: first_claim(store, f"1-{0:064}"), LOOKS)
    page = server.during(lambda: client.search_runs(experiments, max_results=PAGE, order_by=order), 2)
    a_page = (page.server + page.database) / 2 * PAGE / min(PAGE, runs)
    return Looks(runs, drivers.database / LOOKS, claim.database / LOOKS, a_page)
