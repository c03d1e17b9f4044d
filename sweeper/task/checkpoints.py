"""Checkpoints: what a task saves to go on from, the same folder for every attempt at its key until there is a result.

The folder lies beside the runs of its experiment, so whoever sees their artifacts sees it. Where artifacts are not on
this machine it lies in the user's cache, and is mirrored to the artifacts of the attempt's own run.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import StoreAway, StoreError
from sweeper.store.locate import local_path
from sweeper.store.records import OpenRun, RunRecord
from sweeper.store.scratch import make_scratch
from sweeper.store.tags import Tag
from sweeper.store.values import one_line
from sweeper.task.checkpoint_place import Place, acquire, discard, home_of
from sweeper.task.log import TASK_LOGGER
from sweeper.task.mirror import Mirror, fetch, is_committed, mirrored_for, remove_mirrored

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

LOCK_SECONDS = 10.0
"""How long is waited for an attempt that is just being killed to let go of the folder."""

_logger = logging.getLogger(f"{TASK_LOGGER}.checkpoints")


class Checkpoints:
    """The checkpoints of one attempt, taken up when they are first asked for."""

    def __init__(self, store: ApiStore, run: OpenRun, key: str, source: str) -> None:
        self._store = store
        self._run = run
        self._key = key
        self._source = source
        self._place = Place(home_of(store.uri, run.artifact_uri) / key)
        self._folder: Path | None = None
        self._own: tempfile.TemporaryDirectory[str] | None = None
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
        if self._own is not None:
            self._own.cleanup()
        elif has_result:
            discard(self._place.folder, held=self._lock)
            if self._folder is not None and _is_far(self._run.artifact_uri):
                _remove_mirrored(self._store, self._key)
        if self._lock is not None:
            os.close(self._lock)
        self._folder = self._own = self._lock = None

    def _take_up(self) -> Path:
        try:
            self._place.make()
            self._lock = acquire(self._place.folder, LOCK_SECONDS)
            if self._lock is not None:
                self._place.make()  # whoever had the lock before may have removed it all
        except PermissionError as error:
            _logger.warning("checkpoints cannot be kept: %s", error)
        if self._lock is None:
            _logger.warning("another process is at the checkpoints of this work; these are of this attempt alone")
            self._own = make_scratch(self._run.run_id)
            return Path(self._own.name)
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


def remove_checkpoints(store: ApiStore, run: OpenRun, key: str) -> None:
    """Remove the checkpoints of a key that has a result, unless an attempt is at them; ``run`` is one of its runs."""
    discard(home_of(store.uri, run.artifact_uri) / key)
    if _is_far(run.artifact_uri):
        with contextlib.suppress(StoreError):
            _remove_mirrored(store, key)


def _remove_mirrored(store: ApiStore, key: str) -> None:
    """Delete what the attempts have mirrored; where that cannot be, it takes space and no more."""
    for run in store.runs_with(Tag.CLAIM, key):
        if run.tags.get(Tag.CHECKPOINT):
            with contextlib.suppress(StoreError):
                remove_mirrored(store, run)


def _is_far(artifact_uri: str) -> bool:
    return local_path(artifact_uri) is None


def _run(store: ApiStore, run_id: str) -> RunRecord | None:
    if not run_id:
        return None
    try:
        return store.run(run_id)
    except StoreError:
        return None
