"""Runs that nobody works on any more, though they are RUNNING."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.store.api import ApiStore
from sweeper.store.base import Reader
from sweeper.store.lease import ABANDONED, bury_the_dead, close_abandoned, is_dead
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag

DRIVERLESS_SECONDS = 24 * 3600.0
"""How old a run that names no driver has to be to count as left behind."""

_OURS = frozenset(Kind) - {Kind.REMOVED}


def stale_runs(reader: Reader, now: float) -> Iterator[RunRecord]:
    """Yield the RUNNING runs of dead drivers, and these; and old ones that name none. ``now`` in seconds."""
    running = [run for run in reader.runs_with(Tag.KIND, status=RunStatus.RUNNING) if run.tags[Tag.KIND] in _OURS]
    alive = {run.run_id for run in running if run.tags[Tag.KIND] == Kind.DRIVER and not is_dead(run)}
    for run in running:
        if run.tags[Tag.KIND] == Kind.DRIVER:
            is_stale = run.run_id not in alive
        elif driver := run.tags.get(Tag.DRIVER):
            is_stale = driver not in alive
        else:
            is_stale = now - run.start_time / 1000 > DRIVERLESS_SECONDS
        if is_stale:
            yield run


def close_stale(store: ApiStore, now: float) -> None:
    """Mark what is left behind KILLED, with the log that it got to write."""
    bury_the_dead(store)
    for run in stale_runs(store, now):
        if Tag.CLAIM in run.tags:
            close_abandoned(store, run, ABANDONED, RunStatus.KILLED)
        else:
            store.end_run(run.run_id, RunStatus.KILLED)
