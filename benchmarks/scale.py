"""A thousand GPUs and a million points, on paper: measured costs, and a simulation that puts them together.

Measured in short runs are a driver whose 1,000 slots only keep the time, and what a task costs its worker, ``mlflow
server`` and its PostgreSQL, alone and beside another driver, in a small store and in one of many runs. The simulation
is held against a sweep that is run: naps of a second on 16 slots. PostgreSQL is started for it; ``initdb`` and
``postgres`` have to be installed. Takes about four minutes.

    python -m benchmarks.scale [--naps 320] [--runs 50000] [--keep FILE]
"""

from __future__ import annotations

import argparse
import math
import os
import pickle
from collections.abc import Sequence
from pathlib import Path

from benchmarks.bill import LOOKS, PAGE, VALUES, Bill, measure
from benchmarks.simulation import Cluster, simulate, varied
from sweeper.task.curves import SECONDS_BETWEEN_WRITES

GPUS = 1000
POINTS = 1_000_000
ROUNDS = 50
"""Tasks that each GPU does in a simulation."""

BUSY = 0.7
"""How busy the processes of a server should be, at most: beyond that requests wait in line."""

HARDWARE_HOURS = 50_000.0
"""Hours between two failures of one GPU: 419 interruptions of 16,384 GPUs in 54 days (The Llama 3 Herd of Models)."""

PREEMPTIBLE_HOURS = 8.0
"""Hours between two losses of one worker where machines are taken away: an assumption."""

RECOVERY_SECONDS = 60.0
"""How long a lost worker is away: an assumption."""


def tables(bill: Bill) -> str:
    """Return everything that is told on paper, as Markdown."""
    return "\n\n".join((_check(bill), _costs(bill), _rates(bill), _processes(bill), _losses(bill), _totals(bill)))


def _check(bill: Bill) -> str:
    measured, predicted = bill.napped.makespan, bill.predicted.makespan
    return (
        f"{bill.napped.points} naps of one second on 16 slots, SQLite: {measured:.1f} s measured, "
        f"{predicted:.1f} s predicted, {predicted / measured - 1:+.1%}"
    )


def _costs(bill: Bill) -> str:
    small, large, alone, contended = bill.small, bill.large, bill.alone, bill.contended
    few, many, indexed = bill.few, bill.many, bill.indexed
    at = f"{few.runs:,} runs; {many.runs:,}; these with an index"
    rows = [
        ("driver, a task, 16 slots", _ms(small.decision)),
        (f"driver, a task, {large.slots:,} slots", _ms(large.decision)),
        ("Dask, a task, in the driver and its scheduler", _ms(bill.dask)),
        (f"driver, a task: choosing one of {large.slots:,} workers of Dask", _ms(bill.placing)),
        (f"driver, memory, 16 and {large.slots:,} slots", f"{_mb(small.peak_bytes)}; {_mb(large.peak_bytes)}"),
        ("driver, memory that a point leaves behind", f"{small.bytes_a_point:.0f} bytes"),
        ("worker, a task", _ms(bill.worker)),
        ("`mlflow server`, a task", f"{_ms(alone.server)}, {alone.requests:.1f} requests"),
        ("PostgreSQL, a task", f"{_ms(alone.database)}, {alone.transactions:.0f} transactions"),
        ("PostgreSQL, a task: written ahead; kept", f"{alone.written / 1e3:.1f} kB; {alone.size / 1e3:.1f} kB"),
        ("`mlflow server`, a task, with another driver", f"{_ms(contended.server)}, {contended.requests:.1f} requests"),
        ("PostgreSQL, a task, with another driver", _ms(contended.database)),
        (
            f"`mlflow server`; PostgreSQL, {VALUES} values of a curve",
            _each(bill.batch.server / LOOKS, bill.batch.database / LOOKS),
        ),
        (f"PostgreSQL, a look for drivers: {at}", _each(few.drivers, many.drivers, indexed.drivers)),
        (f"PostgreSQL, a look for claims: {at}", _each(few.claim, many.claim, indexed.claim)),
        (f"server and PostgreSQL, a page of {PAGE:,} runs: {at}", _each(few.page, many.page, indexed.page)),
        ("`mlflow server`, a megabyte of an artifact: in; out", _each(bill.upload, bill.download)),
    ]
    return _table(("measured", "processor time, or space"), rows)


def _rates(bill: Bill) -> str:
    alone, rows = bill.alone, []
    for seconds in (10.0, 60.0, 600.0):
        rate, servers = GPUS / seconds, _servers(bill, seconds)
        course = simulate(_cluster(bill, servers), ROUNDS * GPUS, varied(seconds, 0.2))
        rows.append(
            (
                f"{seconds:.0f} s",
                f"{rate:.1f}",
                f"{_decision(bill) * rate:.1%}",
                f"{alone.requests * rate:.0f}",
                f"{servers}",
                f"{alone.transactions * rate:.0f}",
                f"{alone.database * rate:.2f}",
                f"{alone.written * rate / 1e6:.2f} MB",
                f"{course.utilisation(GPUS):.1%}",
                f"{POINTS / rate / 3600:.1f} h",
            )
        )
    head = (
        *("a task takes", "tasks a second", "the driver, Dask's scheduler beside it, is busy"),
        *("requests to MLflow a second", f"processes of `mlflow server`, at most {BUSY:.0%} busy"),
        *("transactions of PostgreSQL a second", "cores of PostgreSQL", "written ahead a second"),
        *("the GPUs are busy", f"{POINTS:,} points"),
    )
    first, *others = zip(head, *rows, strict=True)
    return _table(first, others)


def _processes(bill: Bill) -> str:
    rows = []
    for servers in (1, 2, 4, 8):
        course = simulate(_cluster(bill, servers), ROUNDS * GPUS, varied(10.0, 0.2))
        rows.append((f"{servers}", f"{course.rate:.1f}", f"{course.utilisation(GPUS):.1%}"))
    return _table(("server processes, tasks of 10 s", "tasks a second", "GPUs busy"), rows)


def _losses(bill: Bill) -> str:
    rows = []
    for hours in (HARDWARE_HOURS, PREEMPTIBLE_HOURS):
        for seconds in (60.0, 600.0, 3600.0):
            cluster = _cluster(bill, _servers(bill, seconds), hours)
            course = simulate(cluster, ROUNDS * GPUS, varied(seconds, 0.2))
            rows.append(
                (
                    f"{hours:,.0f} h",
                    f"{seconds:.0f} s",
                    f"{GPUS / hours:.2f}",
                    f"{course.lost / course.tasks:.2%}",
                    f"{course.wasted / (course.wasted + course.useful):.2%}",
                    f"{course.utilisation(GPUS):.1%}",
                )
            )
    head = ("between losses of a worker", "a task", "losses an hour", "tasks begun again", "work lost", "GPUs busy")
    return _table(head, rows)


def _totals(bill: Bill) -> str:
    few, many = bill.few, bill.many
    further = (POINTS - few.runs) / (many.runs - few.runs)
    memory = bill.large.peak_bytes + POINTS * bill.small.bytes_a_point
    curves = GPUS / SECONDS_BETWEEN_WRITES
    servers, cores = (curves * seconds / LOOKS for seconds in (bill.batch.server, bill.batch.database))
    rows = [
        (f"{GPUS:,} GPUs whose tasks all log curves: requests a second", f"{curves:.0f}"),
        ("for these: server processes; cores of PostgreSQL", f"{math.ceil(servers / BUSY)}; {cores:.1f}"),
        ("driver, tasks a second at most", f"{1 / _decision(bill):,.0f}"),
        ("driver, memory at the end", _mb(memory)),
        (
            "database: kept; written ahead",
            f"{POINTS * bill.alone.size / 1e9:.1f} GB; {POINTS * bill.alone.written / 1e9:.0f} GB",
        ),
        ("PostgreSQL, a look for drivers, no index", _ms(few.drivers + further * (many.drivers - few.drivers))),
        ("PostgreSQL, a look for claims, no index", _ms(few.claim + further * (many.claim - few.claim))),
        ("reading all results again, at least", f"{POINTS / PAGE * many.page / 60:.0f} minutes"),
        ("artifacts of 1 MB: in", f"{POINTS / 1e6:.0f} TB; {POINTS * bill.upload / 3600:.1f} h of a server process"),
    ]
    return _table((f"{POINTS:,} points", ""), rows)


def _cluster(bill: Bill, servers: int, hours: float = math.inf) -> Cluster:
    each = (bill.alone.server + bill.alone.database) / 2
    return Cluster(
        slots=GPUS,
        decision=_decision(bill),
        before=each,
        after=each,
        servers=servers,
        between_losses=hours * 3600,
        recovery=RECOVERY_SECONDS,
    )


def _decision(bill: Bill) -> float:
    """Return what a task costs the driver of a cluster, as if Dask's scheduler ran in its process."""
    return bill.large.decision + bill.dask + bill.placing


def _servers(bill: Bill, seconds: float) -> int:
    """Return how many processes of the server keep up with tasks of so many seconds."""
    return math.ceil(GPUS / seconds * bill.alone.server / BUSY)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"


def _mb(size: float) -> str:
    return f"{size / 1e6:,.0f} MB"


def _each(*seconds: float) -> str:
    return "; ".join(map(_ms, seconds))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


def main() -> None:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--naps", type=int, default=320)
    parser.add_argument("--runs", type=int, default=50_000)
    parser.add_argument("--keep", type=Path, help="keep what was measured in a file; read it if it is there")
    arguments = parser.parse_args()
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    if arguments.keep and arguments.keep.exists():
        bill: Bill = pickle.loads(arguments.keep.read_bytes())  # noqa: S301 (of this script)
    else:
        bill = measure(GPUS, arguments.naps, arguments.runs)
        if arguments.keep:
            arguments.keep.write_bytes(pickle.dumps(bill))
    print(tables(bill))


if __name__ == "__main__":
    main()
