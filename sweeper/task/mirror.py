"""Checkpoints where artifacts are far away: a folder of this machine, copied to the artifacts of the attempt's run.

The files are stored by their digests, so that a new state never overwrites one that is whole. When all are there, so is
a manifest of them, and a tag of the run says so: what is half mirrored is never taken. The next attempt, on whatever
machine, goes on from the newest that is whole.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import SweeperError
from sweeper.store.records import OpenRun, RunRecord, RunStatus
from sweeper.store.scratch import make_scratch
from sweeper.store.tags import Tag
from sweeper.store.values import one_line
from sweeper.task.log import TASK_LOGGER
from sweeper.task.manifest import Content, Manifest, from_json, to_json
from sweeper.task.snapshot import Signature, linked, signature, signatures

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

FOLDER = "checkpoints"
"""Where they are among a run's artifacts."""

SECONDS_BETWEEN = 30.0
"""How often is looked for what has changed."""

REST = 9.0
"""How long is waited after mirroring that took a while, as a multiple of it: no more than a tenth of the time."""

_logger = logging.getLogger(f"{TASK_LOGGER}.checkpoints")


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
        self._seen: Mapping[str, Signature] = signatures(folder) if is_in_step else {}
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
        seen = signatures(self._folder)
        if seen == self._seen:
            return
        with linked(self._folder) as links:
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
        before = signature(link)
        content = self._contents.get(before) or Content.of(link)
        if content.sha256 not in self._stored:
            copy = link.rename(link.with_name(content.sha256))
            self._store.save_artifact(self._run, copy, f"{FOLDER}/{content.sha256}")
            link = copy
        if signature(link) != before:
            return None
        self._stored.add(content.sha256)
        self._contents[before] = content
        return content

    def _publish(self, manifest: Manifest) -> None:
        """Let a state count of which all files are stored, and delete what was there for the last one alone."""
        generation = self._generation + 1
        with make_scratch(self._run.run_id) as folder:
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
