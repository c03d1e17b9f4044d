"""Checkpoints: what a task saves to go on from, the same folder for every attempt at its key until there is a result.

The folder lies beside the runs of its experiment, so whoever sees their artifacts sees it. Where artifacts are not on
this machine it lies in the user's cache, and is mirrored to the artifacts of the attempt's own run.

    <experiment>/.checkpoints/<key>/files/      what the task sees
                                    state.json  which attempt had it last, and which mirrored state it goes on from
                                    lock        held by the attempt that is at it
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import StoreAway, StoreError, TaskError
from sweeper.store.base import OpenRun, RunRecord, Tag
from sweeper.store.locate import CHECKPOINTS, checkpoint_home, local_path, user_cache
from sweeper.store.values import one_line
from sweeper.task.log import TASK_LOGGER
from sweeper.task.mirror import Mirror, fetch, is_committed, mirrored_for, remove_mirrored

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

LOCK_SECONDS = 10.0
"""How long is waited for an attempt that is just being killed to let go of the folder."""

_logger = logging.getLogger(f"{TASK_LOGGER}.checkpoints")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the checkpoints of a key are."""

    folder: Path

    @property
    def files(self) -> Path:
        """The folder that the task sees."""
        return self.folder / "files"

    def state(self) -> tuple[str, int]:
        """Return the run that was at it last, and the mirrored state that it goes on from; '' and 0 where unknown."""
        try:
            run_id, generation = json.loads((self.folder / "state.json").read_text(encoding="ascii"))
            return str(run_id), int(generation)
        except (OSError, ValueError, TypeError):
            return "", 0

    def note(self, run_id: str, generation: int) -> None:
        """Write down the state, whole or not at all."""
        aside = self.folder / f"state.{run_id}"
        aside.unlink(missing_ok=True)
        with aside.open("x", encoding="ascii") as file:
            json.dump([run_id, generation], file)
        aside.replace(self.folder / "state.json")

    def make(self) -> None:
        """Make the folders that are missing; raises ``TaskError`` if one of them is a link.

        Raises ``PermissionError`` if the key's is another user's: what is read from it may run as code.
        """
        self.folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder.parent, self.folder, self.files):
            if folder.is_symlink():
                raise TaskError(f"{folder} is a link, and checkpoints are kept in folders only; remove it")
            folder.mkdir(exist_ok=True)
        if self.folder.stat().st_uid != os.geteuid() or self.files.stat().st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "The folder belongs to another user", str(self.folder))


class Checkpoints:
    """The checkpoints of one attempt, taken up when they are first asked for."""

    def __init__(self, store: ApiStore, run: OpenRun, key: str, source: str) -> None:
        self._store = store
        self._run = run
        self._key = key
        self._source = source
        self._place = Place(_home(store.uri, run.artifact_uri) / key)
        self._folder: Path | None = None
        self._lock: int | None = None
        self._mirror: Mirror | None = None

    @property
    def folder(self) -> Path:
        """The folder with what earlier attempts saved.

        Raises ``StoreAway`` if it has to be fetched and the store is away: better than to begin from the start.
        """
        if self._folder is None:
            self._folder = self._take_up()
        return self._folder

    def settle(self, *, is_done: bool) -> None:
        """Write no more, at the end of the work: with ``is_done`` nothing is wanted of it, else all that there is."""
        if self._mirror is not None:
            self._mirror.stop(is_final=not is_done)
            self._mirror = None

    def close(self, *, has_result: bool) -> None:
        """Let go of the folder; with ``has_result`` remove it, and what was mirrored."""
        if self._folder is not None and self._folder != self._place.files:
            shutil.rmtree(self._folder, ignore_errors=True)
        elif has_result:
            discard(self._place.folder, held=self._lock)
            if self._folder is not None and _is_far(self._run.artifact_uri):
                self._remove_mirrored()
        if self._lock is not None:
            os.close(self._lock)
        self._folder = self._lock = None

    def _take_up(self) -> Path:
        try:
            self._place.make()
            self._lock = _acquire(self._place.folder, LOCK_SECONDS)
            if self._lock is not None:
                self._place.make()  # whoever had the lock before may have removed it all
        except PermissionError as error:
            _logger.warning("checkpoints cannot be kept: %s", error)
        if self._lock is None:
            _logger.warning("another process is at the checkpoints of this work; these are of this attempt alone")
            return Path(tempfile.mkdtemp(prefix="sweeper-"))
        for pattern in ("fetching-*", "outgoing-*", "fetched"):
            for leftover in self._place.folder.glob(pattern):
                shutil.rmtree(leftover, ignore_errors=True)
        generation = self._look_back()
        if _is_far(self._run.artifact_uri):
            self._start_mirror(generation)
        else:
            self._place.note(self._run.run_id, generation)
        return self._place.files

    def _look_back(self) -> int:
        """Empty the folder if what is in it became a result; say if it was made by other code; return its state."""
        run_id, generation = self._place.state()
        before = _run(self._store, run_id)
        if before is not None and is_committed(before):
            shutil.rmtree(self._place.files)
            self._place.make()
            return 0
        if before is not None and before.tags.get(Tag.SOURCE) != self._source and any(self._place.files.iterdir()):
            _logger.warning("going on from checkpoints that other code has saved (run %s)", run_id)
        return generation

    def _start_mirror(self, generation: int) -> None:
        fetched = self._fetch_newer(generation)
        self._place.note(self._run.run_id, fetched or generation)
        self._mirror = Mirror(
            self._store,
            self._run,
            self._place.files,
            fetched or generation,
            lambda mirrored: self._place.note(self._run.run_id, mirrored),
            is_in_step=bool(fetched),
        )

    def _fetch_newer(self, generation: int) -> int:
        """Fetch the newest whole checkpoint if the folder is older; return which that is, 0 if there is none."""
        for mirrored in mirrored_for(self._store, self._key):
            if mirrored.generation <= generation:
                continue
            aside = self._place.folder / "fetched"
            aside.mkdir()
            try:
                fetch(self._store, mirrored, aside)
            except StoreAway:
                raise
            except (StoreError, ValueError, OSError) as error:
                _logger.warning(
                    "the checkpoint of run %s cannot be used: %s", mirrored.run.run_id, one_line(str(error))
                )
                shutil.rmtree(aside)
                continue
            shutil.rmtree(self._place.files)
            aside.rename(self._place.files)
            _logger.info("going on from the checkpoint of run %s", mirrored.run.run_id)
            return mirrored.generation
        return 0

    def _remove_mirrored(self) -> None:
        """Delete what the attempts have mirrored; where that cannot be, it takes space and no more."""
        for run in self._store.runs_with(Tag.CLAIM, self._key):
            if run.tags.get(Tag.CHECKPOINT):
                with contextlib.suppress(StoreError):
                    remove_mirrored(self._store, run)


def checkpoint_folders(store: ApiStore) -> Iterator[tuple[str, Path]]:
    """Yield the key and the folder of all checkpoints that this machine has of a store, leftovers included."""
    homes = [home / CHECKPOINTS for uri in store.artifact_homes().values() if (home := local_path(uri)) is not None]
    for home in [*homes, _cache(store.uri)]:
        if home.is_dir() and not home.is_symlink():
            for folder in sorted(home.iterdir()):
                yield folder.name.partition(".")[0], folder


def mirrored_checkpoints(store: ApiStore) -> list[RunRecord]:
    """Return the runs that have checkpoints among their artifacts; ``mirror.remove_mirrored`` deletes them."""
    return [run for run in store.runs_with(Tag.CHECKPOINT) if run.tags[Tag.CHECKPOINT]]


def discard(folder: Path, *, held: int | None = None) -> bool:
    """Remove the checkpoints of a key, unless an attempt is at them; return whether that was done.

    ``held`` is the lock, where the caller has it.
    """
    if folder.is_symlink() or not folder.is_dir():
        return False
    lock = _acquire(folder, 0) if held is None else held
    if lock is None:
        return False
    try:
        gone = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name.partition('.')[0]}."))
        folder.rename(gone)  # at once, or a kill would leave a part of it to go on from
        shutil.rmtree(gone, ignore_errors=True)
    except OSError:
        return False
    finally:
        if held is None:
            os.close(lock)
    return True


def _home(uri: str, artifact_uri: str) -> Path:
    return checkpoint_home(artifact_uri) or _cache(uri)


def _cache(uri: str) -> Path:
    """Return where the checkpoints of a store with far artifacts are on this machine; stores must not share them."""
    return user_cache() / "checkpoints" / hashlib.sha256(uri.encode()).hexdigest()[:16]


def _is_far(artifact_uri: str) -> bool:
    return local_path(artifact_uri) is None


def _run(store: ApiStore, run_id: str) -> RunRecord | None:
    if not run_id:
        return None
    try:
        return store.run(run_id)
    except StoreError:
        return None


def _acquire(folder: Path, seconds: float) -> int | None:
    """Return a file descriptor that holds the lock of a folder until it is closed, or None if another process does.

    A record lock ends with the process that has it, also if its forked children live on.
    """
    until = time.monotonic() + seconds
    while True:
        path = folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                return descriptor  # a file system without locks: claims are what keeps attempts apart
            os.close(descriptor)
            if time.monotonic() >= until:
                return None
            time.sleep(0.1)
            continue
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # whoever held it has removed the folder meanwhile
        folder.mkdir(parents=True, exist_ok=True)
