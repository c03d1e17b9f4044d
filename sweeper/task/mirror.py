"""Checkpoints where artifacts are far away: a folder of this machine, copied to the artifacts of the attempt's run.

The files are stored by their digests, so that a new state never overwrites one that is whole. When all are there, so is
a manifest of them, and a tag of the run says so: what is half mirrored is never taken. The next attempt, on whatever
machine, goes on from the newest that is whole.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import SweeperError
from sweeper.store.base import OpenRun, RunRecord, RunStatus, Tag
from sweeper.store.values import one_line
from sweeper.task.log import TASK_LOGGER
from sweeper.task.manifest import Content, Manifest, from_json, to_json

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

FOLDER = "checkpoints"
"""Where they are among a run's artifacts."""

SECONDS_BETWEEN = 30.0
"""How often is looked for what has changed."""

REST = 9.0
"""How long is waited after mirroring that took a while, as a multiple of it: no more than a tenth of the time."""

LINKING_TRIES = 10
"""How often all files are linked anew, if the task was replacing some of them meanwhile."""

_logger = logging.getLogger(f"{TASK_LOGGER}.checkpoints")

Signature = tuple[int, int, int, int]
"""What tells that a file was replaced or written to: device, inode, size and time of change."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A checkpoint among a run's artifacts; ``generation`` counts the states of the work that were mirrored."""

    run: RunRecord
    generation: int


def mirrored_for(store: ApiStore, key: str) -> list[Mirrored]:
    """Return the mirrored checkpoints from which work on a key can go on, the newest first.

    What an attempt before the last result has left belongs to that result.
    """
    found: list[Mirrored] = []
    for run in reversed(store.runs_with(Tag.CLAIM, key)):
        if is_committed(run):
            break
        generation = run.tags.get(Tag.CHECKPOINT, "")
        if generation.isdecimal():
            found.append(Mirrored(run, int(generation)))
    return found


def is_committed(run: RunRecord) -> bool:
    """Whether an attempt became a result, be it one that does not count any more."""
    return run.status is RunStatus.FINISHED and Tag.KEY in run.tags


def fetch(store: ApiStore, mirrored: Mirrored, into: Path) -> None:
    """Fetch a checkpoint into an empty folder; raises ``ValueError`` if it is not what its manifest says."""
    with tempfile.TemporaryDirectory(dir=into.parent, prefix="fetching-") as aside:
        listed = store.fetch_artifact(mirrored.run, f"{FOLDER}/{mirrored.generation}.json", Path(aside))
        manifest = from_json(listed.read_text(encoding="utf-8"))
        copies: dict[str, Path] = {}
        for name, content in manifest.items():
            place = into / name
            place.parent.mkdir(parents=True, exist_ok=True)
            if content.sha256 in copies:
                shutil.copyfile(copies[content.sha256], place)
            else:
                copies[content.sha256] = _fetch_file(store, mirrored.run, content, Path(aside)).rename(place)


def _fetch_file(store: ApiStore, run: RunRecord, content: Content, into: Path) -> Path:
    copy = store.fetch_artifact(run, f"{FOLDER}/{content.sha256}", into)
    if Content.of(copy) != content:
        raise ValueError(f"{FOLDER}/{content.sha256} of run {run.run_id} is not what was saved")
    return copy


def remove_mirrored(store: ApiStore, run: RunRecord | OpenRun) -> None:
    """Delete the checkpoints among a run's artifacts; raises ``StoreError`` where that cannot be."""
    store.log(run.run_id, tags={Tag.CHECKPOINT: ""})  # first: what is half deleted is not to be taken
    store.remove_artifact(run, FOLDER)


class Mirror:
    """Keeps a copy of a folder among a run's artifacts, in a thread of its own, until it is stopped.

    ``generation`` is the last state that was mirrored before, and ``is_in_step`` says that the folder is in it. What
    fails is logged, tried again later, and never the task's concern. After each state that was mirrored, ``note`` is
    called with its generation.
    """

    def __init__(
        self,
        store: ApiStore,
        run: OpenRun,
        folder: Path,
        generation: int,
        note: Callable[[int], None],
        *,
        is_in_step: bool,
    ) -> None:
        self._store = store
        self._run = run
        self._folder = folder
        self._generation = generation
        self._note = note
        self._seen: Mapping[str, Signature] = _signatures(folder) if is_in_step else {}
        self._manifest: Manifest = {}
        self._contents: dict[Signature, Content] = {}
        self._stored: set[str] = set()
        self._stopped = threading.Event()
        self._is_in_vain = False
        self._thread = threading.Thread(target=self._keep_up, name="sweeper-checkpoints", daemon=True)
        self._thread.start()

    def stop(self, *, is_final: bool) -> None:
        """End the thread; with ``is_final`` mirror once more what has changed."""
        self._is_in_vain = not is_final
        self._stopped.set()
        self._thread.join()
        if is_final:
            self._update_or_log()

    def _keep_up(self) -> None:
        pause = SECONDS_BETWEEN
        while not self._stopped.wait(pause):
            began = time.monotonic()
            self._update_or_log()
            pause = max(SECONDS_BETWEEN, REST * (time.monotonic() - began))

    def _update_or_log(self) -> None:
        try:
            self._update()
        except Exception as error:  # noqa: BLE001 (whatever the place of artifacts raises)
            _logger.warning("the checkpoint was not copied to the store: %s", one_line(str(error)))

    def _update(self) -> None:
        seen = _signatures(self._folder)
        if seen == self._seen:
            return
        with _linked(self._folder) as links:
            manifest: dict[str, Content] = {}
            is_steady = True
            for name, link in links.items():
                if self._is_in_vain:
                    return
                content = self._store_content(link)
                if content is not None:
                    manifest[name] = content
                    continue
                is_steady = False  # it is being written to, in place: what it was before is still there
                if name in self._manifest:
                    manifest[name] = self._manifest[name]
            if manifest != self._manifest:
                self._publish(manifest)
        self._seen = seen if is_steady else {}

    def _store_content(self, link: Path) -> Content | None:
        """Store a file by its digest, unless it is there; return its content, or None if it changed meanwhile."""
        before = _signature(link)
        content = self._contents.get(before) or Content.of(link)
        if content.sha256 not in self._stored:
            copy = link.rename(link.with_name(content.sha256))
            self._store.save_artifact(self._run, copy, f"{FOLDER}/{content.sha256}")
            link = copy
        if _signature(link) != before:
            return None
        self._stored.add(content.sha256)
        self._contents[before] = content
        return content

    def _publish(self, manifest: Manifest) -> None:
        """Let a state count of which all files are stored, and delete what was there for the last one alone."""
        generation = self._generation + 1
        with tempfile.TemporaryDirectory(prefix="sweeper-") as folder:
            listed = Path(folder) / f"{generation}.json"
            listed.write_text(to_json(manifest), encoding="ascii")
            self._store.save_artifact(self._run, listed, f"{FOLDER}/{listed.name}")
        self._store.log(self._run.run_id, tags={Tag.CHECKPOINT: str(generation)})
        self._note(generation)
        needed = {content.sha256 for content in manifest.values()}
        outdated = [*(self._stored - needed)] + [f"{self._generation}.json"] * bool(self._manifest)
        self._generation, self._manifest, self._stored = generation, manifest, needed
        self._contents = {signature: known for signature, known in self._contents.items() if known.sha256 in needed}
        with contextlib.suppress(SweeperError):  # it only takes space, until there is a result
            for name in outdated:
                self._store.remove_artifact(self._run, f"{FOLDER}/{name}")


@contextlib.contextmanager
def _linked(folder: Path) -> Iterator[dict[str, Path]]:
    """Link the files of a folder aside, as they are at one moment; yield the links by the files' names.

    A file that is replaced later leaves its link as it was, so the task need not wait while it is copied.
    """
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix="outgoing-"))
    try:
        for _ in range(LINKING_TRIES):
            shutil.rmtree(aside)
            aside.mkdir(mode=0o700)
            before = _signatures(folder)
            links = {name: aside / f"{number}.link" for number, name in enumerate(before)}
            with contextlib.suppress(FileNotFoundError):  # it is gone again
                for name, link in links.items():
                    _link((folder / name).resolve(), link)
                if _signatures(folder) == before:
                    break
        yield {name: link for name, link in links.items() if link.exists()}
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _link(path: Path, link: Path) -> None:
    try:
        os.link(path, link)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copy2(path, link)


def _signatures(folder: Path) -> dict[str, Signature]:
    """Return the files of a folder, by relative POSIX path; a link to one of them counts as the file."""
    home = folder.resolve()
    found: dict[str, Signature] = {}
    for parent, _, names in os.walk(home):
        for name in names:
            path = Path(parent) / name
            with contextlib.suppress(FileNotFoundError):  # it is gone again
                if stat.S_ISREG(path.stat().st_mode) and path.resolve().is_relative_to(home):
                    found[path.relative_to(home).as_posix()] = _signature(path)
    return found


def _signature(path: Path) -> Signature:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
