"""A count of what tests have tried, for the page on reliability: a plug-in of pytest with one fixture, ``tally``.

A test says what it did to sweeper, in words that make a row of a table, once it has held its claims::

    def test_a_full_disk_loses_nothing(tally: Tally) -> None:
        ...
        tally.faults("the disk is full", 3)

In a run of the suite nothing is kept. ``python -m tests.chaos`` names a file by an environment variable, and each
entry is a line of it.
"""

from __future__ import annotations

import enum
import json
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

TALLY_VARIABLE = "SWEEPER_TALLY"


class Sort(enum.StrEnum):
    """What is counted."""

    KILLS = "kills"
    FAULTS = "faults"
    INPUTS = "inputs"
    SWEEPS = "sweeps"
    RESULTS = "results"
    TWICE = "twice"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Tally:
    """Where a test says how often it did what to sweeper; nowhere if ``path`` is None."""

    path: Path | None

    def kills(self, kind: str, number: int = 1) -> None:
        """Count processes that were killed, by a name such as ``a worker, kill -9``."""
        self._count(Sort.KILLS, kind, number)

    def faults(self, kind: str, number: int = 1) -> None:
        """Count other faults that were injected, by a name such as ``the server answers 500``."""
        self._count(Sort.FAULTS, kind, number)

    def tried(self, kind: str, number: int = 1) -> None:
        """Count inputs that were tried, by a name such as ``random specs``."""
        self._count(Sort.INPUTS, kind, number)

    def compared(self, *, sweeps: int, results: int, lost: int, twice: int) -> None:
        """Count sweeps held against an uninterrupted one, their results, those missing, those computed twice."""
        for sort, number in ((Sort.SWEEPS, sweeps), (Sort.RESULTS, results), (Sort.LOST, lost), (Sort.TWICE, twice)):
            self._count(sort, "", number)

    def _count(self, sort: Sort, kind: str, number: int) -> None:
        if self.path is None:
            return
        line = json.dumps([sort, kind, number]) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(file, line.encode())  # one write: tests in several processes share the file
        finally:
            os.close(file)


def read_tally(path: Path) -> dict[Sort, Counter[str]]:
    """Return what was counted: for each sort, how many of each kind."""
    counted: dict[Sort, Counter[str]] = {sort: Counter() for sort in Sort}
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        sort, kind, number = json.loads(line)
        counted[Sort(sort)][kind] += number
    return counted


@pytest.fixture(scope="session")
def tally() -> Tally:
    """Where a test says how often it did what to sweeper."""
    path = os.environ.get(TALLY_VARIABLE)
    return Tally(Path(path) if path else None)
