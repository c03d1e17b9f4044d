"""What a report costs: 10,000 runs of 20 metrics and 10 parameters, from SQLite to the table.

The tidy frame is made beside ``mlflow.search_runs``, which returns the same: values are compared. Each is made in a
process of its own; imports do not count, nor what MLflow does at its first call. ``sweeper report`` is timed as a whole
process, beside the import of pandas. The sides take turns, and medians are compared.

With ``--server`` the store stands behind a tracking server, and is read through its API, page after page: by sweeper,
and by a loop over MLflow's client.

    python -m benchmarks.report [--runs 10000] [--rounds 5]
    python -m benchmarks.report --server [--runs 2000] [--rounds 5]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.filled import EXPERIMENT, SMALLEST, SWEEP, fill
from benchmarks.resume import SWEEPER, seconds
from sweeper.store.tags import sweep_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mlflow.tracking import MlflowClient

SERVER_START_SECONDS = 120

SEARCH_RUNS = f"""
import os, sys, time
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
import mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.search_runs(experiment_names=["{EXPERIMENT}"], max_results=1)
began = time.perf_counter()
found = mlflow.search_runs(experiment_names=["{EXPERIMENT}"], max_results=50_000)
print(time.perf_counter() - began)
found[found["tags.sweeper.kind"] == "task"].to_pickle(sys.argv[2])
"""

FRAME = f"""
import sys, time
import pandas
from sweeper import results
began = time.perf_counter()
found = results("{SWEEP}", tracking_uri=sys.argv[1])
print(time.perf_counter() - began)
found.to_pickle(sys.argv[2])
"""

AGREE = """
import sys
import pandas as pd
ours, theirs = (pd.read_pickle(path).set_index("run_id").sort_index() for path in sys.argv[1:])
assert list(ours.index) == list(theirs.index)
for column in theirs:
    kind, _, name = column.partition(".")
    if kind == "metrics":
        assert (ours[name] == theirs[column]).all(), name
    if kind == "params":
        assert (ours[name].astype(str) == theirs[column]).all(), name
kinds = [column.partition(".")[0] for column in theirs]
print(f"{len(ours):,} rows, {kinds.count('metrics')} metrics and {kinds.count('params')} parameters agree")
"""

# A small process between: the system counts what a process held before it became the command.
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[2:], cwd=sys.argv[1], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def main() -> None:
    """Print what each side takes, and the ratios of their medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", action="store_true")
    parser.add_argument("--runs", type=int, help=f"a multiple of {SMALLEST:,}; 10,000 by default, 2,000 with --server")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    runs = arguments.runs or (2000 if arguments.server else 10_000)
    with tempfile.TemporaryDirectory(prefix="sweeper-report-") as temporary:
        folder = Path(temporary)
        uri = fill(folder, runs)
        if arguments.server:
            through_server(folder, uri, arguments.rounds)
        else:
            frames(folder, uri, arguments.rounds)
            commands(folder, arguments.rounds)


def frames(folder: Path, uri: str, rounds: int) -> None:
    """Print what the tidy frame costs beside MLflow's."""
    theirs, ours = str(folder / "theirs.pickle"), str(folder / "ours.pickle")
    them, us = in_turns([partial(said, SEARCH_RUNS, uri, theirs), partial(said, FRAME, uri, ours)], rounds)
    print(python(AGREE, ours, theirs))
    show({"mlflow.search_runs": them, "sweeper's frame": us})
    print(f"{'ratio':30} {them / us:6.1f}\n")


def commands(folder: Path, rounds: int) -> None:
    """Print what the command costs as a whole process, beside importing pandas, and the memory that it takes."""
    report = [*SWEEPER, "report", SWEEP]
    sides = {
        "import pandas": [sys.executable, "-c", "import pandas"],
        "report": report,
        "report --format csv": [*report, "--format", "csv"],
        "report --format csv --long": [*report, "--format", "csv", "--long"],
    }
    medians = in_turns([partial(seconds, command, folder) for command in sides.values()], rounds)
    pandas = medians[0]
    for (name, command), median in zip(sides.items(), medians, strict=True):
        beyond, memory = median - pandas, peak_memory(command, folder)
        print(f"{name:30} {median:6.2f} s, {beyond:5.2f} s beyond pandas, at most {memory:4.0f} MiB")


def through_server(folder: Path, uri: str, rounds: int) -> None:
    """Print what reading a sweep's runs costs through a tracking server, beside paging by hand."""
    from mlflow.tracking import MlflowClient

    from sweeper.store.api import ApiStore

    with server(folder, uri) as address:
        client, store = MlflowClient(address), ApiStore(address)
        read = partial(store.runs_with, sweep_tag(SWEEP))
        assert [(run.run_id, run.params, run.tags, run.metrics) for run in read()] == by_hand(client)
        them, us = in_turns([partial(timed, by_hand, client), partial(timed, read)], rounds)
    show({"paging by hand": them, "sweeper": us})
    print(f"{'ratio':30} {us / them:6.2f}")


def by_hand(client: MlflowClient) -> list[tuple[str, dict[str, str], dict[str, str], dict[str, float]]]:
    """Return the sweep's runs, asked for page after page."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    found, token = [], None
    while True:
        page = client.search_runs(
            [experiment.experiment_id],
            f"tags.`{sweep_tag(SWEEP)}` LIKE '%'",
            max_results=1000,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        found += [(run.info.run_id, run.data.params, run.data.tags, run.data.metrics) for run in page]
        token = page.token
        if not token:
            return found


@contextlib.contextmanager
def server(folder: Path, uri: str) -> Iterator[str]:
    """Serve a store on a free port of the loopback interface."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--backend-store-uri", uri], cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_healthy(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_until_healthy(address: str) -> None:
    until = time.monotonic() + SERVER_START_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"{address}/health", timeout=5).close()  # noqa: S310 (a server of our own)
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def in_turns(sides: Sequence[Callable[[], float]], rounds: int) -> list[float]:
    """Return the median of what each side says, over rounds of one after the other."""
    times = [[side() for side in sides] for _ in range(rounds)]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def timed(action: Callable[..., object], *arguments: object) -> float:
    """Return the seconds that a call takes."""
    began = time.perf_counter()
    action(*arguments)
    return time.perf_counter() - began


def python(code: str, *arguments: str) -> str:
    """Return what Python code prints in a process of its own; raises if it fails."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def said(code: str, *arguments: str) -> float:
    """Return the number that Python code prints in a process of its own."""
    return float(python(code, *arguments))


def peak_memory(command: list[str], folder: Path) -> float:
    """Return the most memory that a command held at once, in MiB."""
    return said(PEAK, str(folder), *command) / 1024  # Linux counts in KiB


def show(medians: Mapping[str, float]) -> None:
    """Print seconds by name."""
    for name, value in medians.items():
        print(f"{name:30} {value:6.2f} s")


if __name__ == "__main__":
    main()
