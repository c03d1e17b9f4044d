"""The lease: which runs are being worked on by somebody alive, and which were left behind.

A driver (one ``sweeper run``, or one process that calls ``luigi.build``) has a run of its own in the experiment
``sweeper.drivers``, and beats there. The runs that it starts name it. A driver is dead at once if its process is gone
on this host, else after five minutes of silence (``pulse``). A RUNNING run of a dead driver is marked KILLED with the
reason; one of a living driver is a claim on its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from sweeper.errors import StoreError
from sweeper.store.artifacts import remove_half_written
from sweeper.store.base import Reader, Store
from sweeper.store.host import Process
from sweeper.store.locate import local_path, spool_path
from sweeper.store.logs import keep_log
from sweeper.store.pulse import give_up, is_silent, seems_silent
from sweeper.store.records import LOG_ARTIFACT, RunRecord, RunStatus, SweepRecord
from sweeper.store.scratch import left_in_scratch, remove_scratch
from sweeper.store.tags import Kind, Tag
from sweeper.store.unrecorded import remove_half_kept

ABANDONED = "the sweeper process that ran this ended before the task did"

_signed_off: set[str] = set()
"""Drivers of this process that have ended, also if the store could not be told."""


def sign_off(store: Store, driver: str) -> None:
    """End the run of a driver of this process."""
    _signed_off.add(driver)
    store.end_run(driver, RunStatus.FINISHED)


def living_drivers(reader: Reader) -> list[RunRecord]:
    """Return the records of the drivers that may be alive, oldest first."""
    return [record for record in _open_drivers(reader) if not is_dead(record)]


def is_dead(driver: RunRecord) -> bool:
    """Whether a driver surely works no more."""
    if driver.status.is_over or driver.run_id in _signed_off:
        return True
    try:
        process = Process.from_json(driver.tags[Tag.PROCESS])
        beat = _beat_of(driver)
    except (KeyError, TypeError, ValueError):
        return True  # whatever wrote this was not a driver
    if process.is_local:
        return process.is_gone()
    return is_silent(driver.run_id, beat)


def without_the_silent(store: Store, drivers: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the drivers but for those that neither beat nor answer: these are dead, and buried."""
    every = [*drivers]
    silent = [driver for driver in every if seems_dead(driver)]
    for driver in silent:
        give_up(driver.run_id, _beat_of(driver))
    if silent:
        bury_the_dead(store)
    return [driver for driver in every if driver not in silent]


def seems_dead(driver: RunRecord) -> bool:
    """Whether a driver of another host has not beaten for long, by this host's clock; either clock may be wrong."""
    return not Process.from_json(driver.tags[Tag.PROCESS]).is_local and seems_silent(_beat_of(driver))


def bury_the_dead(store: Store) -> int:
    """Mark the RUNNING runs of dead drivers KILLED, and the drivers' own; return how many tasks were left behind."""
    dead = {record.run_id for record in _open_drivers(store) if is_dead(record)}

    def is_abandoned(record: RunRecord) -> bool:
        driver = record.tags.get(Tag.DRIVER)
        return driver in dead or _is_over(store, driver)

    abandoned = list(filter(is_abandoned, store.runs_with(Tag.CLAIM, status=RunStatus.RUNNING)))
    for record in abandoned:
        close_abandoned(store, record, ABANDONED, RunStatus.KILLED)
    for kind in (Kind.SWEEP, Kind.TRIAL):
        for record in filter(is_abandoned, store.runs_with(Tag.KIND, kind, status=RunStatus.RUNNING)):
            remove_half_written(local_path(record.artifact_uri))
            remove_scratch(record.run_id)
            store.end_run(record.run_id, RunStatus.KILLED)
    for run_id in dead:
        store.end_run(run_id, RunStatus.KILLED)
    remove_half_kept(store)
    return len(abandoned)


def without_the_dead(reader: Reader, record: SweepRecord) -> SweepRecord:
    """Return a sweep's record with the runs that dead drivers left RUNNING as what they are."""
    return replace(record, runs=as_they_are(reader, record.runs))


def as_they_are(reader: Reader, runs: Sequence[RunRecord]) -> tuple[RunRecord, ...]:
    """Return runs, those that dead drivers left RUNNING as what they are: killed."""
    drivers = {run.tags.get(Tag.DRIVER, "") for run in runs if not run.status.is_over} - {""}
    dead = {driver for driver in drivers if is_dead(reader.run(driver))}

    def as_it_is(run: RunRecord) -> RunRecord:
        if run.status.is_over or run.tags.get(Tag.DRIVER) not in dead:
            return run
        return replace(run, status=RunStatus.KILLED, tags={**run.tags, Tag.REASON: ABANDONED})

    return tuple(map(as_it_is, runs))


def claims(store: Store, key: str) -> Iterator[RunRecord]:
    """Yield the runs of living drivers that claim a key, the earliest ``(start_time, run_id)`` first."""
    for record in store.runs_with(Tag.CLAIM, key, status=RunStatus.RUNNING):
        driver = record.tags.get(Tag.DRIVER)
        if driver and not is_dead(store.run(driver)):
            yield record


def first_claim(store: Store, key: str) -> RunRecord | None:
    """Return the earliest claim on a key, or None."""
    return next(claims(store, key), None)


def close_lost(store: Store, key: str, driver: str, reason: str, status: RunStatus) -> str:
    """End the run that a lost worker of this driver left RUNNING; return its id, or '' if it did not get so far."""
    run_id = ""
    for record in store.runs_with(Tag.CLAIM, key, status=RunStatus.RUNNING):
        if record.tags.get(Tag.DRIVER) == driver:
            run_id = record.run_id
            close_abandoned(store, record, reason, status)
    return run_id


def close_abandoned(store: Store, record: RunRecord, reason: str, status: RunStatus) -> None:
    """End a run that nobody works on any more, with the log it got to write."""
    remove_half_written(local_path(record.artifact_uri))
    store.log(record.run_id, tags={Tag.REASON: reason, **_kept_log(store, record)})
    remove_scratch(record.run_id)
    store.end_run(record.run_id, status)


def _kept_log(store: Store, record: RunRecord) -> dict[str, str]:
    """Keep what a task has printed, if its log is on this machine; that it cannot be kept is no reason to stop."""
    log = spool_path(record.artifact_uri) or left_in_scratch(record.run_id, LOG_ARTIFACT)
    try:
        return keep_log(store, record, log)
    except (StoreError, OSError):
        return {}


def _open_drivers(reader: Reader) -> list[RunRecord]:
    return reader.runs_with(Tag.KIND, Kind.DRIVER, status=RunStatus.RUNNING)


def _is_over(store: Store, driver: str | None) -> bool:
    """Whether the driver that a run names has ended in order, and so can own nothing that runs."""
    if driver is None:
        return False
    try:
        return store.run(driver).status.is_over
    except StoreError:
        return True


def _beat_of(driver: RunRecord) -> float:
    return float(driver.tags[Tag.BEAT])
