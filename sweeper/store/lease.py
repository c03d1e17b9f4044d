"""The lease: which runs are being worked on by somebody alive, and which were left behind.

A driver (one ``sweeper run``, or one process that calls ``luigi.build``) has a run of its own in the experiment
``sweeper.drivers``, and beats there. The runs that it starts name it. A driver is dead at once if its process is gone
on this host, else after five minutes of silence. A RUNNING run of a dead driver is marked KILLED with the reason; one
of a living driver is a claim on its key.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from sweeper.errors import StoreError
from sweeper.store.base import DRIVERS_EXPERIMENT, LOG_ARTIFACT, Kind, RunRecord, RunStatus, Store, Tag

BEAT_SECONDS = 30
SILENCE_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from any other of any host at any time."""

    host: str
    boot: str
    pid: int
    started: float

    @classmethod
    def current(cls) -> Process:
        """Return this process."""
        return cls(platform.node(), _boot_id(), os.getpid(), psutil.Process().create_time())

    def is_gone(self) -> bool:
        """Whether the process surely no longer runs; False also where that cannot be known, on another host."""
        if self.host != platform.node():
            return False
        if self.boot != _boot_id():
            return True
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) > 1 or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


class Driver:
    """This process's entry in the store; beats until it is closed."""

    def __init__(self, store: Store) -> None:
        self._store = store
        process = Process.current()
        self.run_id = store.start_run(
            DRIVERS_EXPERIMENT,
            f"{process.host} {process.pid}",
            tags={
                Tag.KIND: Kind.DRIVER,
                Tag.BEAT: repr(time.time()),
                "sweeper.process": json.dumps([process.host, process.boot, process.pid, process.started]),
                "sweeper.command": " ".join(sys.argv),
            },
        ).run_id
        self._stopped = threading.Event()
        self._pid = os.getpid()
        self._thread = threading.Thread(target=self._beat, name="sweeper-driver-beat", daemon=True)
        self._thread.start()

    def close(self, status: RunStatus = RunStatus.FINISHED) -> None:
        """End the beat and the driver's run."""
        if os.getpid() != self._pid or self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join()
        self._store.end_run(self.run_id, status)

    def _beat(self) -> None:
        while not self._stopped.wait(BEAT_SECONDS):
            try:
                self._store.log(self.run_id, tags={Tag.BEAT: repr(time.time())})
            except StoreError:
                continue  # a store that is away for a moment; the next beat tells


def living_drivers(store: Store) -> list[RunRecord]:
    """Return the records of the drivers that may be alive, oldest first."""
    return [record for record in _open_drivers(store) if not is_dead(record)]


def is_dead(driver: RunRecord) -> bool:
    """Whether a driver surely works no more."""
    if driver.status.is_over:
        return True
    try:
        process = Process(*json.loads(driver.tags["sweeper.process"]))
        beat = float(driver.tags[Tag.BEAT])
    except (KeyError, TypeError, ValueError):
        return True  # whatever wrote this was not a driver
    if process.host == platform.node():
        return process.is_gone()
    return time.time() - beat > SILENCE_SECONDS


def bury_the_dead(store: Store) -> int:
    """Mark the RUNNING runs of dead drivers KILLED, and the drivers' own; return how many tasks were left behind."""
    dead = {record.run_id for record in _open_drivers(store) if is_dead(record)}
    abandoned = [
        record
        for record in store.runs_with(Tag.CLAIM, status=RunStatus.RUNNING)
        if (driver := record.tags.get(Tag.DRIVER)) in dead or _is_over(store, driver)
    ]
    for record in abandoned:
        close_abandoned(store, record, "the sweeper process that ran this ended before the task did", RunStatus.KILLED)
    for record in store.runs_with(Tag.KIND, Kind.SWEEP, status=RunStatus.RUNNING):
        if record.tags.get(Tag.DRIVER) in dead:
            store.end_run(record.run_id, RunStatus.KILLED)
    for run_id in dead:
        store.end_run(run_id, RunStatus.KILLED)
    return len(abandoned)


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
    log: dict[str, str] = {Tag.LOG: LOG_ARTIFACT} if store.artifact(record, LOG_ARTIFACT).exists() else {}
    store.log(record.run_id, tags={Tag.REASON: reason, **log})
    store.end_run(record.run_id, status)


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


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))
