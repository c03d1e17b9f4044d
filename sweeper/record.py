"""A sweep's own run: the record by which it is reported on, resumed, and refused to another task."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from sweeper.binding import Binding
from sweeper.naming import refuse_other_use, refuse_unfinished
from sweeper.points import Point
from sweeper.provenance import environment, source_tags
from sweeper.store.api import ApiStore
from sweeper.store.assignments import encode
from sweeper.store.records import (
    BLOCKED_ARTIFACT,
    DOCUMENT_ARTIFACT,
    ENVIRONMENT_ARTIFACT,
    Blocked,
    OpenRun,
    Result,
    RunRecord,
    RunStatus,
    Standing,
)
from sweeper.store.scratch import make_scratch
from sweeper.store.tags import PARENT_TAG, Kind, Tag
from sweeper.task import meta_of

FLUSH_SECONDS = 2.0

MAX_BLOCKED = 10_000
"""How many blocked points are kept one by one."""


class SweepRun:
    """The run that stands for a sweep, open while the sweep runs; ``run`` is MLflow's."""

    def __init__(self, store: ApiStore, binding: Binding, driver: str) -> None:
        self._store = store
        self._name = binding.spec.name
        self._driver = driver
        folder = binding.spec.path.parent if binding.spec.path else Path.cwd()
        self._tags = source_tags(folder, str(binding.spec.path or binding.spec.task))
        self._beginning: dict[str, str] = {Tag.DRIVER: driver, Tag.BEGUN: str(time.time_ns() // 1_000_000)}
        refuse_unfinished(store, self._name)
        known = store.sweep_run(self._name)
        if known is not None:
            refuse_other_use(known, binding.spec)
        self.run = self._reopen(known) if known else self._create(binding)
        self._document = binding.spec.to_document()
        self._blocked: list[Blocked] = []
        self._standing = _by_form(store.standing(self._name))

    def begin(self) -> None:
        """Write down the spec: from now on the sweep goes by it, and not by the one before."""
        self._write(DOCUMENT_ARTIFACT, self._document)
        self._write(ENVIRONMENT_ARTIFACT, environment())
        self._write_blocked()

    def labels(self, points: Iterable[Point]) -> dict[str, str]:
        """Return the tags of a run that stands for points of the sweep."""
        return {
            **self.upstream_labels(),
            PARENT_TAG: self.run.run_id,
            **encode(self._name, {point.to_record() for point in points}),
        }

    def upstream_labels(self) -> dict[str, str]:
        """Return the tags of a run that the sweep's points only require."""
        return {**self._tags, Tag.DRIVER: self._driver}

    def claim(self, point: Point, key: str) -> None:
        """Take a point off results with another key: what is fixed, or a task's version, has changed since."""
        form = point.to_record()
        for standing in self._standing.get(form, ()):
            if standing.key != key:
                self._let_stand(standing, tuple(other for other in standing.forms if other != form))

    def add(self, result: Result, points: Iterable[Point]) -> None:
        """Let a result stand for points, besides those that it stands for already."""
        forms = {point.to_record() for point in points}
        known = (one for form in forms for one in self._standing.get(form, ()) if one.run_id == result.run_id)
        standing = next(known, None) or Standing(result.run_id, result.key, ())
        new = forms.difference(standing.forms)
        if new:
            self._let_stand(standing, (*standing.forms, *new))

    def note(self, point: Point, reason: str, run_id: str, *, is_failure: bool) -> None:
        """Take note of a point that could not run, or failed without a run that says so."""
        if len(self._blocked) < MAX_BLOCKED:
            self._blocked.append(Blocked(json.loads(point.to_record()), reason, run_id, is_failure))

    def flush(self) -> None:
        """Write down what was noted, if there is more of it than some seconds ago."""
        is_due = time.monotonic() - self._last_flush > FLUSH_SECONDS
        if is_due and len(self._blocked) != self._flushed:
            self._write_blocked()

    def close(self, status: RunStatus) -> None:
        """Write down what was blocked, and end the run."""
        self._write_blocked()
        self._store.end_run(self.run.run_id, status)

    def _create(self, binding: Binding) -> OpenRun | RunRecord:
        experiment = meta_of(binding.task).mlflow_experiment_name
        tags = {
            **self._tags,
            **self._beginning,
            Tag.KIND: Kind.SWEEP,
            Tag.NAME: self._name,
            Tag.TASK: binding.spec.task,
        }
        return self._store.start_run(experiment, f"sweep {self._name}", tags=tags)

    def _reopen(self, known: RunRecord) -> RunRecord:
        self._store.log(known.run_id, tags={**self._tags, **self._beginning})
        self._store.reopen_run(known.run_id)
        return known

    def _write_blocked(self) -> None:
        self._write(BLOCKED_ARTIFACT, [asdict(blocked) for blocked in self._blocked])
        self._flushed, self._last_flush = len(self._blocked), time.monotonic()

    def _let_stand(self, before: Standing, forms: tuple[str, ...]) -> None:
        """Let a result stand for these points, and for no others."""
        after = replace(before, forms=forms)
        for form in {*before.forms, *forms}:
            others = (one for one in self._standing.get(form, ()) if one.run_id != after.run_id)
            self._standing[form] = (*others, after) if form in forms else (*others,)
        self._store.log(after.run_id, tags=encode(self._name, forms, replaces=True))

    def _write(self, name: str, content: Any) -> None:
        with make_scratch(self.run.run_id) as folder:
            path = Path(folder) / name
            path.write_text(json.dumps(content, indent=1), encoding="utf-8")
            self._store.save_artifact(self.run, path, name)


def _by_form(standing: Iterable[Standing]) -> dict[str, tuple[Standing, ...]]:
    """Return the results that stand for each point."""
    found: dict[str, tuple[Standing, ...]] = {}
    for one in standing:
        for form in one.forms:
            found[form] = (*found.get(form, ()), one)
    return found
