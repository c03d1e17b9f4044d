"""What a task's run is still to be told: written as it comes, held back while the store is away, and not lost.

A task goes on while the store does not answer; what it saves and logs is held here, and written as soon as the store
answers, at the latest by the commit. What cannot be written even then is kept on this machine for a later run to
record.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sweeper.errors import StoreAway, StoreError
from sweeper.store.logs import keep_log
from sweeper.store.records import LOG_ARTIFACT, MetricPoint, OpenRun, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.unrecorded import ResultKept, Unrecorded, keep
from sweeper.task.context import Context

SECONDS_BETWEEN_TRIES = 30.0
"""How long nothing is tried after a write has failed: a store that hangs would stop the task each time for long."""


class Delivery:
    """Writes to one run; ``make_folder`` returns a folder in which artifacts are held back."""

    def __init__(self, context: Context, run: OpenRun, make_folder: Callable[[], Path]) -> None:
        self._context = context
        self._store = context.store
        self._run = run
        self._make_folder = make_folder
        self._artifacts: dict[str, Path] = {}
        self._metrics: list[MetricPoint] = []
        self._next_try = 0.0
        self._result: Unrecorded

    def save(self, path: Path, name: str) -> None:
        """Store a file or folder as an artifact, and take it away; or hold it back."""
        held = self._make_folder() / name
        held.parent.mkdir(parents=True, exist_ok=True)
        _remove(held)
        self._artifacts[name] = path.rename(held)
        self._write_if_it_is_time()

    def log(self, metrics: Sequence[MetricPoint]) -> None:
        """Write metrics, with all that was held back before; or hold them back too."""
        self._metrics += metrics
        self._write_if_it_is_time()

    def end(self, metrics: Sequence[MetricPoint], tags: Mapping[str, str], log: Path, status: RunStatus) -> None:
        """End the run without a result."""
        self._metrics += metrics
        self._write_held({**self._keep_log(log), **tags})
        self._store.end_run(self._run.run_id, status)

    def deliver(self, key: str, metrics: Sequence[MetricPoint], tags: Mapping[str, str], log: Path) -> None:
        """Write all that is left of a result, its key last. Raises ``ResultKept`` as ``finish`` does."""
        self._metrics += metrics
        tags = {**self._keep_log(log), **tags, Tag.KEY: key}
        done = int(time.time() * 1000)
        self._result = Unrecorded(self._run, key, done, tags=tags, replaces=self._context.replaces)
        with self._kept_if_away():
            self._write_held(tags)

    def finish(self) -> int:
        """Make the run FINISHED, after ``deliver``; return when it ended.

        Raises ``ResultKept`` if the store does not answer: then what it has not got is kept on this machine.
        """
        with self._kept_if_away():
            return self._store.end_run(self._run.run_id, RunStatus.FINISHED)

    @contextlib.contextmanager
    def _kept_if_away(self) -> Iterator[None]:
        try:
            yield
        except StoreAway as error:
            whole = replace(self._result, metrics=tuple(self._metrics), artifacts=tuple(self._artifacts))
            try:
                place = keep(self._store.uri, whole, self._artifacts)
            except OSError as failure:
                raise StoreError(f"{error}; and the result could not be kept here: {failure}") from failure
            raise ResultKept(f"{error}; the result is kept in {place}", self._run.run_id) from error

    def _keep_log(self, log: Path) -> dict[str, str]:
        try:
            return keep_log(self._store, self._run, log)
        except (StoreAway, OSError):
            self._artifacts[LOG_ARTIFACT] = log
            return {Tag.LOG: LOG_ARTIFACT}

    def _write_held(self, tags: Mapping[str, str]) -> None:
        try:
            for name, path in [*self._artifacts.items()]:
                self._store.save_artifact(self._run, path, name)
                del self._artifacts[name]
                _remove(path)
            if self._metrics or tags:
                metrics, self._metrics = self._metrics, []
                try:
                    self._store.log(self._run.run_id, metrics=metrics, tags=tags)
                except StoreAway:
                    self._metrics = metrics
                    raise
        except StoreAway:
            self._next_try = time.monotonic() + SECONDS_BETWEEN_TRIES
            raise

    def _write_if_it_is_time(self) -> None:
        if time.monotonic() >= self._next_try:
            with contextlib.suppress(StoreAway):
                self._write_held({})


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
