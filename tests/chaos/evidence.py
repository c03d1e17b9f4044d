"""What is held against an uninterrupted sweep, and what must not be left when a sweep is done."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner

from sweeper.cli import main
from sweeper.store import open_reader
from sweeper.store.locate import local_path
from sweeper.store.records import LOG_ARTIFACT, RunRecord, RunStatus
from sweeper.store.tags import Tag
from tests.chaos.arena import Arena, wait_until
from tests.chaos.tally import Tally

OWN_OF_A_RUN = {"run_id", "started", "duration", "commit", "dirty", "log"}
"""Columns in which two runs of the same sweep differ by nature."""

ARTIFACTS = {"harvest": ["grain.txt"], "grind": ["bran.txt", "deep/flour.txt"]}
"""What the tasks of the mill save, by experiment: a digest, and below it what it is the digest of."""

ORDINARY = {"mlflow.db", "mlflow.db-wal", "mlflow.db-shm", "mlflow.db.lock", "artifacts", "unrecorded", ".lock"}
SECONDS_FOR_ORPHANS = 10.0
MS_FOR_THE_LAST_WRITE = 1000
"""How long a run's last write may wait for others; until then nobody sees the end whose time it bears."""


@dataclass(frozen=True, slots=True)
class Reports:
    """What ``sweeper report`` says of a sweep in three ways: for readers, for programs, and one row a result."""

    text: str
    table: str
    results: str


def reports(arena: Arena, name: str) -> Reports:
    """Return the reports on a sweep, without what is a run's own."""
    return Reports(
        _report(arena, name), _report(arena, name, "--format", "csv"), _lasting(_report(arena, name, "--long"))
    )


def check(arena: Arena, name: str, expected: Reports, tally: Tally) -> int:
    """Hold a finished sweep against an uninterrupted one; return how many keys were computed twice.

    A key may have two results only if the process that was killed was still at the first when the second began.
    """
    found = reports(arena, name)
    assert found.text == expected.text, arena.output
    assert found.table == expected.table, arena.output
    assert found.results == expected.results, arena.output
    runs = open_reader(arena.uri).runs_with(Tag.KIND)
    keys = Counter(run.key for run in runs if run.key)
    twice = sum(number - 1 for number in keys.values())
    assert twice == _seen_by_two(runs), f"two results with one key:\n{arena.output}"
    assert not [run for run in runs if not run.status.is_over], arena.output
    check_results_are_whole(arena)
    check_nothing_is_left(arena)
    tally.compared(sweeps=1, results=len(keys), lost=0, twice=twice)
    return twice


def check_nothing_is_left(arena: Arena) -> None:
    """Hold that no process, no scratch and no half of anything is left, and that nobody has read half an artifact."""
    wait_until(lambda: not arena.left_over(), "all processes have ended", SECONDS_FOR_ORPHANS)
    torn = [entry for entry in arena.ledger if entry[0] == "torn"]
    assert not torn, f"half an artifact was read: {torn}"
    left = leftovers(arena.folder / "results")
    assert not left, f"left behind: {left}\n{arena.output}"
    scratch = [path.name for path in arena.scratch.glob("sweeper-*")]
    assert not scratch, f"left behind: {scratch}\n{arena.output}"


def leftovers(results: Path) -> list[str]:
    """Return what lies in a results folder beside the store and the artifacts of runs."""
    kept = [*results.glob("unrecorded/*")]
    beside = [str(path.relative_to(results)) for path in [*results.iterdir(), *kept] if path.name not in ORDINARY]
    hidden = [str(path.relative_to(results)) for path in results.rglob(".*") if path.name not in ORDINARY]
    unfinished = [str(path.relative_to(results)) for path in results.rglob("*.new*")]
    return sorted({*beside, *hidden, *unfinished})


def check_results_are_whole(arena: Arena) -> None:
    """Hold that whatever counts as a result now has all its artifacts, each whole, and its log."""
    for run in open_reader(arena.uri).runs_with(Tag.KEY, status=RunStatus.FINISHED):
        folder = local_path(run.artifact_uri)
        if run.key is None or folder is None:
            continue
        for name in ARTIFACTS.get(run.experiment, ()):
            digest, _, text = (folder / name).read_text(encoding="ascii").partition("\n")
            assert hashlib.sha256(text.encode()).hexdigest() == digest, f"{folder / name} is not whole"
        assert " runs\n" in (folder / LOG_ARTIFACT).read_text(encoding="utf-8")


def _seen_by_two(runs: list[RunRecord]) -> int:
    """Return how many results began before there was another to be seen: neither knew of the other.

    The worker of a killed driver may be at its last write while a rival looks: that result is seen only later than
    it says that it ended.
    """
    killed = {run.run_id for run in runs if run.status is RunStatus.KILLED}
    by_key: dict[str, list[RunRecord]] = {}
    for run in runs:
        if run.key:
            by_key.setdefault(run.key, []).append(run)
    number = 0
    for twins in by_key.values():
        first = min(twins, key=lambda run: (run.end_time or 0, run.run_id))
        seen = (first.end_time or 0) + MS_FOR_THE_LAST_WRITE * (first.tags.get(Tag.DRIVER) in killed)
        number += sum(run.start_time <= seen for run in twins if run is not first)
    return number


def _report(arena: Arena, name: str, *options: str) -> str:
    if "--long" in options:
        options = (*options, "--format", "csv")
    arguments = ["report", name, *options, "--tracking-uri", arena.uri]
    done = CliRunner().invoke(main, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.stdout


def _lasting(text: str) -> str:
    """Return CSV without the columns that are a run's own."""
    rows = list(csv.DictReader(io.StringIO(text)))
    kept = [{name: value for name, value in row.items() if name not in OWN_OF_A_RUN} for row in rows]
    return "\n".join(str(row) for row in kept)
