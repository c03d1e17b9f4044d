"""The lease: which runs are being worked on by somebody alive, and which were left behind.

A driver (one ``sweeper run``, or one process that calls ``luigi.build``) has a run of its own in the experiment
``sweeper.drivers``, and beats there. The runs that it starts name it. A driver is dead at once if its process is gone
on this host, else after five minutes of silence (``pulse``). A RUNNING run of a dead driver is marked KILLED with the
reason; one of a living driver is a claim on its key.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.masking import mask_command, mask_file
from sweeper.store.artifacts import remove_half_written
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
from sweeper.store.logs import shorten
from sweeper.store.pulse import BEAT_SECONDS, give_up, is_silent, seems_silent
from sweeper.store.unrecorded import remove_half_kept

ABANDONED = "the sweeper process that ran this ended before the task did"
LEFT_OPEN = "nobody works on this run any more"
LOOK_SECONDS = 2.0
MEETING_SECONDS = 60.0
ANSWER_SECONDS = 20.0
"""How long one that seems silent is given to answer, because its clock may be wrong: drivers look every two seconds."""
MEETING_POLL_SECONDS = 0.1


class Driver:
    """This process's entry in the store: it beats, and gets to know the others that work on the store.

    While it knows of none, its tasks claim their keys without looking for rivals. It keeps up in a thread of its own,
    unless it is told that somebody calls ``keep_up``: a thread must not be there when Luigi forks.
    """

    def __init__(self, store: Store, *, at: str = "", by_itself: bool = True) -> None:
        self._store = store
        process = Process.current()
        self.run_id = store.start_run(
            DRIVERS_EXPERIMENT,
            f"{process.host} {process.pid}",
            tags={
                Tag.KIND: Kind.DRIVER,
                Tag.BEAT: repr(time.time()),
                Tag.PROCESS: process.to_json(),
                Tag.COMMAND: mask_command(sys.argv),
                **({Tag.AT: at} if at else {}),
            },
        ).run_id
        self._last_beat = time.monotonic()
        self._known: frozenset[str] = frozenset()
        self._greeted: frozenset[str] = frozenset()
        self._on_their_way: set[str] = set()
        self._unseen: set[str] = set()
        self._deciding = threading.Lock()
        self._looking = threading.Lock()
        self._obeying = threading.Lock()
        self._stop: Callable[[str, bool], None] | None = None
        self._obeyed: set[str] = set()
        self._pid = os.getpid()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep_up_by_itself, name="sweeper-driver", daemon=True)
        if by_itself:
            self._thread.start()

    @property
    def is_contended(self) -> bool:
        """Whether another driver may want the keys that this one wants."""
        return bool(self._known)

    def enter(self, key: str) -> bool:
        """Take note that work with a key is on its way to where it is claimed; return ``is_contended`` for it."""
        with self._deciding:
            self._on_their_way.add(key)
            return self.is_contended

    def leave(self, key: str) -> None:
        """Take note that work with a key has ended."""
        with self._deciding:
            self._on_their_way.discard(key)

    def meet_others(self, notice: Callable[[str], None]) -> None:
        """Wait until every other living driver knows of this one; from then on each looks before it claims.

        Gives up on one that does not answer in a minute: two results with one key are both valid, and one is read.
        """
        began = time.monotonic()
        has_said = False
        while time.monotonic() - began < MEETING_SECONDS:
            strangers = [other for other in self._look_around() if knows_tag(self.run_id) not in other.tags]
            if time.monotonic() - began > ANSWER_SECONDS:
                strangers = self._without_the_silent(strangers)
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
        until = time.monotonic() + ANSWER_SECONDS
        while True:
            others = (other for other in living_drivers(self._store) if other.run_id != self.run_id)
            other = next((other for other in others if has_tag(study) in other.tags), None)
            if other is None or not _seems_silent(other) or knows_tag(self.run_id) in other.tags:
                return other
            if time.monotonic() > until:
                self._without_the_silent([other])
            time.sleep(MEETING_POLL_SECONDS)

    def _without_the_silent(self, strangers: list[RunRecord]) -> list[RunRecord]:
        """Return the drivers but for those that neither beat nor answer: these are dead, and buried."""
        silent = [other for other in strangers if _seems_silent(other)]
        for other in silent:
            give_up(other.run_id, _beat_of(other))
        if silent:
            bury_the_dead(self._store)
        return [other for other in strangers if other not in silent]

    def heed(self, stop: Callable[[str, bool], None] | None) -> None:
        """Have ``stop`` called, in the driver's thread, when somebody asks this driver to end; None to have it no more.

        It is told who asks, and whether the driver is to end now or once what it runs has ended.
        """
        with self._obeying:
            self._stop = stop

    def close(self) -> None:
        """End the beat and the driver's run."""
        if os.getpid() != self._pid or self._stopped.is_set():
            return
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()
        _signed_off.add(self.run_id)
        for step in (self._close_strays, self._sign_off):
            with contextlib.suppress(StoreError):  # the next driver closes what this one leaves
                step()

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
            living = {record.run_id: record for record in living_drivers(self._store)}
            own = living.pop(self.run_id, None)
            if own is not None:
                self._obey(own)
            others = [*living.values()]
            names = frozenset(record.run_id for record in others)
            with self._deciding:
                if names - self._known:
                    self._unseen |= self._on_their_way
                self._known = names
            self._greet(names)
            return others

    def _greet(self, names: frozenset[str]) -> None:
        """Tell new drivers that they are known: once all that was sent off without a look for rivals is to be seen."""
        new = names - self._greeted
        if not new:
            return
        if self._unseen:
            seen = {record.tags[Tag.CLAIM] for record in self._own_claims()}
            with self._deciding:
                self._unseen &= self._on_their_way - seen
            if self._unseen:
                return
        self._store.log(self.run_id, tags={knows_tag(name): "yes" for name in new})
        self._greeted |= new

    def _own_claims(self) -> list[RunRecord]:
        found = self._store.runs_with(Tag.CLAIM, status=RunStatus.RUNNING)
        return [record for record in found if record.tags.get(Tag.DRIVER) == self.run_id]

    def _sign_off(self) -> None:
        self._store.end_run(self.run_id, RunStatus.FINISHED)

    def _close_strays(self) -> None:
        """End what still runs in this driver's name, as a run that was made twice because an answer was lost."""
        for record in self._own_claims():
            close_abandoned(self._store, record, LEFT_OPEN, RunStatus.KILLED)

    def _obey(self, own: RunRecord) -> None:
        """Pass on what this driver is asked for and was not before."""
        with self._obeying:
            for tag in (Tag.STOP, Tag.STOP_NOW):
                if self._stop is not None and tag in own.tags and tag not in self._obeyed:
                    self._obeyed.add(tag)
                    self._stop(own.tags[tag], tag is Tag.STOP_NOW)


_signed_off: set[str] = set()
"""Drivers of this process that have ended, also if the store could not be told."""


def knows_tag(driver: str) -> str:
    """Return the tag by which a driver says that it knows of another."""
    return f"sweeper.knows.{driver}"


def has_tag(study: str) -> str:
    """Return the tag by which a driver says that it has a study."""
    return f"sweeper.has.{study}"


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
    spool = spool_path(record.artifact_uri)
    remove_half_written(local_path(record.artifact_uri))
    store.log(record.run_id, tags={Tag.REASON: reason, **keep_log(store, record, spool)})
    store.end_run(record.run_id, status)


def keep_log(store: Store, run: OpenRun | RunRecord, log: Path | None) -> dict[str, str]:
    """Make a task's log an artifact of its run, secrets masked, if anything is in it; return the tag that says so.

    What somebody else has put in its place is left where it is.
    """
    if log is None or log.is_symlink() or not log.is_file():
        return {}
    if log.stat().st_size == 0:
        log.unlink()
        return {}
    shorten(log)
    mask_file(log)
    home = local_path(run.artifact_uri)
    if home is None:
        store.save_artifact(run, log, LOG_ARTIFACT)
    else:
        home.mkdir(parents=True, exist_ok=True)
        log.replace(home / LOG_ARTIFACT)
    return {Tag.LOG: LOG_ARTIFACT}


def _beat_of(driver: RunRecord) -> float:
    return float(driver.tags[Tag.BEAT])


def _seems_silent(driver: RunRecord) -> bool:
    return not Process.from_json(driver.tags[Tag.PROCESS]).is_local and seems_silent(_beat_of(driver))


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
