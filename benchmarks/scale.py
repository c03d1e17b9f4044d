"""A thousand GPUs and a million points, on paper: measured costs, and a simulation that puts them together.

Measured in short runs are the driver on its own with 16 and with 1,000 slots that only keep the time, and what a task
costs its worker, ``mlflow server`` and its PostgreSQL, alone and beside another driver, in a small store and in one of
many runs. The simulation is first held against a sweep that is run: naps of a second on 16 slots. PostgreSQL is started
for it; ``initdb`` and ``postgres`` have to be installed. Takes four minutes.

    python -m benchmarks.scale [--naps 320] [--runs 50000] [--keep FILE]
"""

from __future__ import annotations

import argparse
import contextlib
import math
import os
import pickle
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.naps import Driver, Napped, apart, decide, nap
from benchmarks.served import Served, Usage, served
from benchmarks.simulation import Cluster, Course, simulate, steady, varied
from sweeper.store.locate import sqlite_uri
from sweeper.store.tags import Tag

GPUS = 1000
POINTS = 1_000_000
FEW, MANY = 20, 220
"""Points of the two sweeps whose difference is taken, so that what a sweep costs as such does not count."""

PAGE = 1000
MEGABYTES = 32
BUSY = 0.7
"""How busy the processes of a server should be, at most: beyond that requests wait in line."""

HARDWARE_HOURS = 50_000
"""Hours between two failures of one GPU: 419 interruptions of 16,384 GPUs in 54 days (The Llama 3 Herd of Models)."""

PREEMPTIBLE_HOURS = 8
"""Hours between two losses of one worker where machines are taken away: an assumption."""

RECOVERY_SECONDS = 60.0
"""How long a lost worker is away: an assumption."""

INDEX = (
    f"CREATE INDEX sweeper_tags ON tags (key, value) WHERE key IN ('{Tag.CLAIM}', '{Tag.KEY}', '{Tag.KIND}')",
    "ANALYZE tags",
)


@dataclass(frozen=True, slots=True)
class Looks:
    """What a store of so many runs takes for one look: processor seconds of the server and its database together."""

    runs: int
    drivers: float
    claim: float
    page: float


@dataclass(frozen=True, slots=True)
class Measured:
    """What the figures are derived from."""

    drivers: tuple[Driver, Driver]
    worker: float
    alone: Usage
    contended: Usage
    looks: tuple[Looks, Looks, Looks]
    upload: float
    download: float
    connections: int
    napped: Napped
    predicted: Course


def measure(naps: int, runs: int) -> Measured:
    """Measure everything; the folder for it is temporary."""
    cores = len(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory(prefix="sweeper-scale-") as temporary:
        folder = Path(temporary)
        drivers = apart(decide, 16, 4000, 0.05), apart(decide, GPUS, 6 * GPUS, 10.0)
        local = sqlite_uri(folder / "local" / "results" / "mlflow.db")
        cost = apart(nap, folder / "local", local, 0, MANY, 0.0, 2)
        napped = apart(nap, folder / "local", local, 1000, naps, 1.0, 16)
        cluster = Cluster(16, cost.decision, cost.worker / 2, cost.worker / 2, cores, cost.start)
        predicted = simulate(cluster, naps, steady(1.0))
        (folder / "server").mkdir()
        with served(folder / "server") as server:
            return _on_server(server, folder / "remote", runs, drivers, napped, predicted)


def _on_server(
    server: Served, folder: Path, runs: int, drivers: tuple[Driver, Driver], napped: Napped, predicted: Course
) -> Measured:
    from sweeper.store import open_store
    from sweeper.store.driver import Driver as Entry

    alone, worker = _a_task(server, folder, 0)
    store = open_store(server.uri)
    with contextlib.closing(Entry(store)):  # another driver that is there, and does nothing
        contended, _ = _a_task(server, folder, 1000)
    upload, download = _transfer(server, folder)
    looks = [_look(server, 2 * (FEW + MANY))]
    server.fill(runs)
    looks.append(_look(server, runs))
    server.sql(*INDEX)
    looks.append(_look(server, runs))
    ((connections,),) = server.sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
    few, many, indexed = looks
    return Measured(
        drivers, worker, alone, contended, (few, many, indexed), upload, download, connections - 1, napped, predicted
    )


def _a_task(server: Served, folder: Path, first: int) -> tuple[Usage, float]:
    """Return what ``MANY - FEW`` tasks use on the server, and what one costs its worker's process."""
    used, spent = [], 0.0
    for points, start in ((FEW, first), (MANY, first + FEW)):

        def sweep(points: int = points, start: int = start) -> None:
            nonlocal spent
            spent = apart(nap, folder, server.uri, start, points, 0.0, 2).worker

        used.append(server.during(sweep))
    return used[1] - used[0], spent


def _transfer(server: Served, folder: Path) -> tuple[float, float]:
    """Return the processor seconds that the server takes for a megabyte of an artifact, to it and from it."""
    from sweeper.store import open_store
    from sweeper.store.records import RunStatus

    store = open_store(server.uri)
    run = store.start_run("large", "large", tags={})
    (folder / "large").write_bytes(os.urandom(MEGABYTES << 20))
    upload = server.during(lambda: store.save_artifact(run, folder / "large", "large"))
    store.end_run(run.run_id, RunStatus.FINISHED)
    record = store.run(run.run_id)
    (folder / "fetched").mkdir()
    download = server.during(lambda: store.fetch_artifact(record, "large", folder / "fetched"))
    return upload.server / MEGABYTES, download.server / MEGABYTES


def _look(server: Served, runs: int, times: int = 10) -> Looks:
    from mlflow.tracking import MlflowClient

    from sweeper.store import open_store
    from sweeper.store.driver import Driver as Entry
    from sweeper.store.lease import first_claim

    store, client = open_store(server.uri), MlflowClient(server.uri)
    found = client.get_experiment_by_name("nap")
    assert found is not None

    def seconds(work: Callable[[], object], times: int = times) -> float:
        used = server.during(work, times)
        return (used.server + used.database) / times

    def page() -> None:
        client.search_runs([found.experiment_id], max_results=PAGE, order_by=["attributes.start_time ASC"])

    with contextlib.closing(Entry(store, by_itself=False)) as entry:
        drivers = seconds(entry.keep_up)
    claim = seconds(lambda: first_claim(store, f"1-{0:064}"))
    return Looks(runs, drivers, claim, seconds(page, 2) * PAGE / min(PAGE, runs))


def tables(found: Measured) -> str:
    """Return everything that the page says, as Markdown."""
    return "\n\n".join((_check(found), _costs(found), _rates(found), _processes(found), _losses(found), _totals(found)))


def _check(found: Measured) -> str:
    napped, predicted = found.napped, found.predicted
    error = predicted.makespan / napped.makespan - 1
    return (
        f"{napped.points} naps of one second on 16 slots, SQLite: {napped.makespan:.1f} s measured, "
        f"{predicted.makespan:.1f} s predicted, {error:+.1%}"
    )


def _costs(found: Measured) -> str:
    small, large = found.drivers
    few, many, indexed = found.looks
    share = 1 / (MANY - FEW)
    alone, contended = found.alone, found.contended
    rows = [
        ("driver, a task, 16 slots", f"{small.decision * 1e3:.2f} ms"),
        (f"driver, a task, {GPUS:,} slots", f"{large.decision * 1e3:.2f} ms"),
        ("driver, memory", f"{small.peak_bytes / 1e6:.0f} MB; {large.peak_bytes / 1e6:.0f} MB with {GPUS:,} slots"),
        ("driver, memory that a finished point leaves", f"{small.bytes_a_point:.0f} bytes"),
        ("worker, a task", f"{found.worker * 1e3:.1f} ms"),
        ("`mlflow server`, a task", f"{alone.server * share * 1e3:.1f} ms, {alone.requests * share:.1f} requests"),
        ("PostgreSQL, a task", f"{alone.database * share * 1e3:.1f} ms, {alone.transactions * share:.0f} transactions"),
        ("PostgreSQL, log written a task", f"{alone.written * share / 1e3:.1f} kB"),
        ("PostgreSQL, size of a run", f"{alone.size * share / 1e3:.1f} kB"),
        ("PostgreSQL, connections of a server process", f"{found.connections}"),
        (
            "beside another driver: server and PostgreSQL, a task",
            f"{(contended.server + contended.database) * share * 1e3:.1f} ms, "
            f"{contended.requests * share:.1f} requests",
        ),
        *(
            (f"{what}, {many.runs:,} runs", f"{before * 1e3:.1f} ms; {after * 1e3:.1f} ms with the index")
            for what, before, after in (
                ("a look for other drivers", many.drivers, indexed.drivers),
                ("a look for claims", many.claim, indexed.claim),
                (f"a page of {PAGE:,} runs", many.page, indexed.page),
            )
        ),
        (f"a look for claims, {few.runs:,} runs", f"{few.claim * 1e3:.1f} ms"),
        (
            "artifacts through the server, a megabyte",
            f"{found.upload * 1e3:.1f} ms up, {found.download * 1e3:.1f} down",
        ),
    ]
    return _table(("processor time and space, measured", ""), rows)


def _cluster(found: Measured, servers: int, hours: float = math.inf) -> Cluster:
    each = (found.alone.server + found.alone.database) / (MANY - FEW) / 2
    return Cluster(
        slots=GPUS,
        decision=found.drivers[1].decision,
        before=each,
        after=each,
        servers=servers,
        between_losses=hours * 3600,
        recovery=RECOVERY_SECONDS,
    )


def _servers(found: Measured, seconds: float) -> int:
    """Return how many processes of the server keep up with tasks of so many seconds."""
    return math.ceil(GPUS / seconds * found.alone.server / (MANY - FEW) / BUSY)


def _rates(found: Measured) -> str:
    rows = []
    for seconds in (10.0, 60.0, 600.0):
        rate, servers = GPUS / seconds, _servers(found, seconds)
        course = simulate(_cluster(found, servers), 20 * GPUS, varied(seconds, 0.2))
        database = found.alone.database / (MANY - FEW) * rate
        rows.append(
            (
                f"{seconds:.0f} s",
                f"{rate:.1f}",
                f"{found.drivers[1].decision * rate:.0%}",
                f"{found.alone.requests / (MANY - FEW) * rate:.0f}",
                f"{servers}",
                f"{found.alone.transactions / (MANY - FEW) * rate:.0f}",
                f"{database:.2f}",
                f"{course.utilisation(GPUS):.1%}",
                f"{POINTS / rate / 86400:.1f} days",
            )
        )
    head = (
        *("task", "tasks a second", "driver busy", "requests a second", "server processes"),
        *("transactions a second", "cores of PostgreSQL", "GPUs busy", f"{POINTS:,} points"),
    )
    return _table(head, rows)


def _processes(found: Measured) -> str:
    rows = []
    for servers in (1, 2, 4, 8, 16):
        course = simulate(_cluster(found, servers), 20 * GPUS, varied(10.0, 0.2))
        rows.append((f"{servers}", f"{course.rate:.1f}", f"{course.utilisation(GPUS):.1%}"))
    return _table(("server processes, tasks of 10 s", "tasks a second", "GPUs busy"), rows)


def _losses(found: Measured) -> str:
    rows = []
    for hours in (HARDWARE_HOURS, PREEMPTIBLE_HOURS):
        for seconds in (60.0, 600.0, 3600.0):
            course = simulate(_cluster(found, _servers(found, 10.0), hours), 20 * GPUS, varied(seconds, 0.2))
            an_hour = GPUS / hours
            again = course.attempts / course.tasks - 1
            wasted = course.wasted / (course.wasted + course.useful)
            rows.append(
                (
                    f"{hours:,} h",
                    f"{seconds:.0f} s",
                    f"{an_hour:.2g}",
                    f"{again:.2%}",
                    f"{wasted:.2%}",
                    f"{course.utilisation(GPUS):.1%}",
                )
            )
    head = ("between losses of a worker", "task", "lost an hour", "tasks begun again", "work lost", "GPUs busy")
    return _table(head, rows)


def _totals(found: Measured) -> str:
    few, many, indexed = found.looks
    small, large = found.drivers
    slope = (many.claim - few.claim) / (many.runs - few.runs)
    memory = large.peak_bytes + POINTS * small.bytes_a_point
    rows = [
        ("driver, memory at the end", f"{memory / 1e9:.1f} GB"),
        ("database", f"{POINTS * found.alone.size / (MANY - FEW) / 1e9:.1f} GB"),
        ("log of the database, written in all", f"{POINTS * found.alone.written / (MANY - FEW) / 1e9:.0f} GB"),
        ("a look for claims", f"{few.claim + slope * POINTS:.2f} s; {indexed.claim:.2f} s with the index"),
        ("reading all results, processor time", f"{POINTS / PAGE * many.page / 60:.0f} minutes at least"),
        ("points an hour by the driver, at most", f"{3600 / large.decision:,.0f}"),
    ]
    return _table((f"{POINTS:,} points", ""), rows)


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--naps", type=int, default=320)
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="keep what was measured in a file; read it if it is there")
    arguments = parser.parse_args()
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    if arguments.keep and arguments.keep.exists():
        found = pickle.loads(arguments.keep.read_bytes())  # noqa: S301 (our own)
    else:
        found = measure(arguments.naps, arguments.runs)
        if arguments.keep:
            arguments.keep.write_bytes(pickle.dumps(found))
    print(tables(found))


if __name__ == "__main__":
    main()
