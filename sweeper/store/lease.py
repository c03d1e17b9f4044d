"""The lease: which runs are being worked on by somebody alive, and which were left behind.

A driver (one ``sweeper run``, or one process that calls ``luigi.build``) has a run of its own in the experiment
``sweeper.drivers``, and beats there. The runs that it starts name it. A driver is dead at once if its process is gone
on this host, else after five minutes of silence. A RUNNING run of a dead driver is marked KILLED with the reason; one
of a living driver is a claim on its key.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.store.base import (
    DRIVERS_EXPERIMENT,
    LOG_ARTIFACT,
    Kind,
    OpenRun,
    Reader,
    RunRecord,
    RunStatus,
    Store,
    SweepRecord,
    Tag,
)
from sweeper.store.host import Process
from sweeper.store.locate import local_path, spool_path

ABANDONED = "the sweeper process that ran this ended before the task did"
BEAT_SECONDS = 30
SILENCE_SECONDS = 300
LOOK_SECONDS = 2.0
MEETING_SECONDS = 60.0
MEETING_POLL_SECONDS = 0.1


class Driver:
    """This process's entry in the store: it beats, and gets to know the others that work on the store.

    While it knows of none, its tasks claim their keys without looking for rivals. It keeps up in a thread of its own,
    unless it is told that somebody calls ``keep_up``: a thread must not be there when Luigi forks.
    """

    def __init__(self, store: Store, *, by_itself: bool = True) -> None:
        self._store = store
        process = Process.current()
        self.run_id = store.start_run(
            DRIVERS_EXPERIMENT,
            f"{process.host} {process.pid}",
            tags={
                Tag.KIND: Kind.DRIVER,
                Tag.BEAT: repr(time.time()),
                Tag.PROCESS: process.to_json(),
                Tag.COMMAND: " ".join(sys.argv),
            },
        ).run_id
        self._last_beat = time.monotonic()
        self._known: frozenset[str] = frozenset()
        self._looking = threading.Lock()
        self._pid = os.getpid()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_up_by_itself, name="sweeper-driver", daemon=True)
        if by_itself:
            self._thread.start()

    @property
    def is_contended(self) -> bool:
        """Whether another driver may want the keys that this one wants."""
        return bool(self._known)

    def meet_others(self, notice: Callable[[str], None]) -> None:
        """Wait until every other living driver knows of this one; from then on each looks before it claims.

        Gives up on one that does not answer in a minute: two results with one key are both valid, and one is read.
        """
        deadline = time.monotonic() + MEETING_SECONDS
        has_said = False
        while time.monotonic() < deadline:
            strangers = [other for other in self._look_around() if knows_tag(self.run_id) not in other.tags]
            if not strangers:
                return
            if not has_said:
                has_said = True
                notice(f"another sweeper is at work on this store ({strangers[0].name}); sharing the work with it")
            time.sleep(MEETING_POLL_SECONDS)

    def take(self, study: str) -> RunRecord | None:
        """Take a study for this driver alone; return another living driver that has it, or takes it now.

        Each says so first and looks then, so of two at the same instant at least one sees the other, and gives up.
        """
        self._store.log(self.run_id, tags={has_tag(study): "yes"})
        others = (other for other in living_drivers(self._store) if other.run_id != self.run_id)
        return next((other for other in others if has_tag(study) in other.tags), None)

    def close(self) -> None:
        """End the beat and the driver's run."""
        if os.getpid() != self._pid or self._stopped.is_set():
            return
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        self._store.end_run(self.run_id, RunStatus.FINISHED)

    def keep_up(self) -> None:
        """Look around, and beat if it is time to."""
        with contextlib.suppress(StoreError):  # a store that is away for a moment; the next look tells
            self._look_around()
            if time.monotonic() - self._last_beat > BEAT_SECONDS:
                self._store.log(self.run_id, tags={Tag.BEAT: repr(time.time())})
                self._last_beat = time.monotonic()

    def _keep_up_by_itself(self) -> None:
        while not self._stopped.wait(LOOK_SECONDS):
            self.keep_up()

    def _look_around(self) -> list[RunRecord]:
        """Return the other living drivers, having noted down the new ones where they will look."""
        with self._looking:
            others = [record for record in living_drivers(self._store) if record.run_id != self.run_id]
            names = frozenset(record.run_id for record in others)
            new = names - self._known
            self._known = names  # before the note: whoever reads it relies on this
            if new:
                self._store.log(self.run_id, tags={knows_tag(name): "yes" for name in new})
            return others


def knows_tag(driver: str) -> str:
    """Return the tag by which a driver says that it knows of another."""
    return f"sweeper.knows.{driver}"


def has_tag(study: str) -> str:
    """Return the tag by which a driver says that it has a study."""
    return f"sweeper.has.{study}"


def living_drivers(store: Store) -> list[RunRecord]:
    """Return the records of the drivers that may be alive, oldest first."""
    return [record for record in _open_drivers(store) if not is_dead(record)]


def is_dead(driver: RunRecord) -> bool:
    """Whether a driver surely works no more."""
    if driver.status.is_over:
        return True
    try:
        process = Process.from_json(driver.tags[Tag.PROCESS])
        beat = float(driver.tags[Tag.BEAT])
    except (KeyError, TypeError, ValueError):
        return True  # whatever wrote this was not a driver
    if process.is_local:
        return process.is_gone()
    return time.time() - beat > SILENCE_SECONDS


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
            store.end_run(record.run_id, RunStatus.KILLED)
    for run_id in dead:
        store.end_run(run_id, RunStatus.KILLED)
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


def first_claim(store: Store, key: str) -> RunRecord | None:
    """Return the run that may go on with a key: the earliest ``(start_time, run_id)`` of those of living drivers."""
    for record in store.runs_with(Tag.CLAIM, key, status=RunStatus.RUNNING):
        driver = record.tags.get(Tag.DRIVER)
        if driver and not is_dead(store.run(driver)):
            return record
    return None


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
    spool = spool_path(record.artifact_uri)
    store.log(record.run_id, tags={Tag.REASON: reason, **keep_log(store, record, spool)})
    store.end_run(record.run_id, status)


def keep_log(store: Store, run: OpenRun | RunRecord, log: Path | None) -> dict[str, str]:
    """Make a task's log an artifact of its run, if anything is in it; return the tag that says so."""
    if log is None or not log.exists():
        return {}
    if log.stat().st_size == 0:
        log.unlink()
        return {}
    home = local_path(run.artifact_uri)
    if home is None:
        store.save_artifact(run, log, LOG_ARTIFACT)
    else:
        home.mkdir(parents=True, exist_ok=True)
        log.replace(home / LOG_ARTIFACT)
    return {Tag.LOG: LOG_ARTIFACT}


def _open_drivers(store: Store) -> list[RunRecord]:
    return store.runs_with(Tag.KIND, Kind.DRIVER, status=RunStatus.RUNNING)


def _is_over(store: Store, driver: str | None) -> bool:
    """Whether the driver that a run names has ended in order, and so can own nothing that runs."""
    if driver is None:
        return False
    try:
        return store.run(driver).status.is_over
    except StoreError:
        return True
