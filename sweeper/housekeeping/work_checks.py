"""Checks of what goes on in a store: who is at work, what was left behind, what is still to be recorded."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from sweeper.housekeeping.diagnosis import Diagnosis
from sweeper.housekeeping.machine_checks import DRIFT_SECONDS
from sweeper.housekeeping.stale import stale_runs
from sweeper.store import open_reader
from sweeper.store.lease import living_drivers
from sweeper.store.pulse import seems_silent
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.unrecorded import kept


def drivers(uri: str) -> Iterator[Diagnosis]:
    """Check the sweepers that are at work: what they are at, and whether they give signs of life."""
    reader = open_reader(uri)
    alive = living_drivers(reader)
    tasks = Counter(run.tags.get(Tag.DRIVER) for run in reader.runs_with(Tag.CLAIM, status=RunStatus.RUNNING))
    if not alive:
        yield Diagnosis.ok("drivers", "no sweeper is at work")
    for driver in alive:
        beat = float(driver.tags[Tag.BEAT])
        found = f"{_name(driver)}, {_counted(tasks[driver.run_id], 'task')} running"
        if beat - time.time() > DRIFT_SECONDS:
            found += f": its last sign of life is {beat - time.time():,.0f} s in the future"
            yield Diagnosis.warning("drivers", found, "set the clocks of both machines by NTP")
        elif seems_silent(beat):
            found += f": its last sign of life was {time.time() - beat:,.0f} s ago"
            remedy = "see whether that machine runs; the next sweeper that waits for it finds out"
            yield Diagnosis.warning("drivers", found, remedy)
        else:
            yield Diagnosis.ok("drivers", found)


def stale(uri: str) -> Iterator[Diagnosis]:
    """Check that nothing is RUNNING that nobody works on."""
    left = [*stale_runs(open_reader(uri), time.time())]
    if left:
        found = f"{_counted(len(left), 'run')} that a process left RUNNING, as {left[0].run_id}"
        yield Diagnosis.warning("stale runs", found, "`sweeper gc`, or the next `sweeper run`, marks them KILLED")
    else:
        yield Diagnosis.ok("stale runs", "none")


def unrecorded(uri: str) -> Iterator[Diagnosis]:
    """Check that all that was computed is on the record."""
    waiting = [*kept(uri)]
    if waiting:
        found = f"{_counted(len(waiting), 'result')} kept in {waiting[0].parent}, for the store did not answer"
        yield Diagnosis.warning(
            "unrecorded", found, "the next `sweeper run` on this store, on this machine, records them"
        )
    else:
        yield Diagnosis.ok("unrecorded", "every result of this machine is recorded")


ALL: Mapping[str, Callable[[str], Iterator[Diagnosis]]] = {
    "drivers": drivers,
    "stale runs": stale,
    "unrecorded": unrecorded,
}


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _name(driver: RunRecord) -> str:
    at = driver.tags.get(Tag.AT)
    return f"{driver.name}{f' at {at}' if at else ''}"
