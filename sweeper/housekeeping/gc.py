"""Find what a store can do without.

A result is never touched, but for the artifacts that its sweep's ``[keep]`` lets go, those of one that counts no more
and was made again, and what no sweep names where that is asked for; nor is a claim of a living driver, nor a run that
sweeper did not make.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.housekeeping.leftovers import Findings, Leftover, LeftoverKind
from sweeper.housekeeping.name_change import known_run
from sweeper.housekeeping.remade import made_again
from sweeper.housekeeping.retention import released
from sweeper.housekeeping.stale import stale_runs
from sweeper.housekeeping.unnamed import TAKEN_BACK, unnamed
from sweeper.store import litter
from sweeper.store.api import ApiStore
from sweeper.store.artifacts import size_on_disk
from sweeper.store.assignments import sweeps_of
from sweeper.store.cache import half_fetched
from sweeper.store.disposal import own_folder
from sweeper.store.lease import living_drivers
from sweeper.store.locate import sqlite_path
from sweeper.store.records import LOG_ARTIFACT, RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.store.unrecorded import kept
from sweeper.task.checkpoint_place import checkpoint_folders

FORSAKEN_SECONDS = 90 * 24 * 3600.0
"""After how long checkpoints that nobody has gone on with are given up."""


def find(store: ApiStore, sweeps: Sequence[str] = (), *, with_unnamed: bool = False) -> Findings:
    """Return what the store, or what some sweeps of it, can do without; changes nothing.

    Raises ``InputError`` for a sweep that is not there.
    """
    for name in sweeps:
        known_run(store, name)
    search = _Search(store, time.time())
    if sweeps:
        leftovers = [*search.attempts(sweeps), *search.let_go(sweeps), *search.made_again(sweeps)]
    else:
        of_runs = (*search.stale(), *search.attempts(), *search.let_go(), *search.made_again())
        leftovers = [*of_runs, *search.files(), *search.checkpoints()]
    if with_unnamed:
        leftovers += search.unnamed()
    return Findings(tuple(leftovers), tuple(search.notes))


class _Search:
    """A look at all of a store; ``now`` in seconds since the epoch."""

    def __init__(self, store: ApiStore, now: float) -> None:
        self._store = store
        self._now = now
        self.notes: list[str] = []

    @cached_property
    def _runs(self) -> Sequence[RunRecord]:
        """The runs of tasks, but for those whose results are still to be recorded."""
        waiting = {place.name for place in kept(self._store.uri)}
        found = self._store.runs_with(Tag.KIND, Kind.TASK)
        return [run for run in found if run.run_id not in waiting]

    def stale(self) -> Iterator[Leftover]:
        """Yield the runs that were left RUNNING."""
        for run in stale_runs(self._store, self._now):
            yield Leftover(LeftoverKind.STALE, run=run)

    def attempts(self, sweeps: Sequence[str] = ()) -> Iterator[Leftover]:
        """Yield the attempts that failed, or were stopped, at work that has a result for the same sweeps."""
        results: dict[str, list[RunRecord]] = {}
        for run in self._runs:
            if run.key is not None:
                results.setdefault(run.key, []).append(run)
        for run in self._runs:
            others = results.get(run.tags.get(Tag.CLAIM, ""), [])
            if run.status not in (RunStatus.FAILED, RunStatus.KILLED) or not others:
                continue
            named = {*sweeps_of(run.tags)}
            served = {name for other in others for name in sweeps_of(other.tags)}
            if named <= served and (not sweeps or named & {*sweeps}):
                why = f"removed by gc: run {others[0].run_id} has the result"
                yield from self._measured(LeftoverKind.ATTEMPT, run, why, keep=())

    def let_go(self, sweeps: Sequence[str] = ()) -> Iterator[Leftover]:
        """Yield the results whose artifacts ``[keep]`` lets go."""
        for run, why in released(self._store, self._runs, self._store.sweep_names(), self._now):
            if not sweeps or {*sweeps_of(run.tags)} & {*sweeps}:
                yield from self._measured(LeftoverKind.LET_GO, run, why, keep=(LOG_ARTIFACT,))

    def made_again(self, sweeps: Sequence[str] = ()) -> Iterator[Leftover]:
        """Yield the results that count no more, and that were made again."""
        for run, why in made_again(self._store, self._runs, self._now):
            if not sweeps or {*sweeps_of(run.tags)} & {*sweeps}:
                yield from self._measured(LeftoverKind.REMADE, run, why, keep=(LOG_ARTIFACT,))

    def unnamed(self) -> Iterator[Leftover]:
        """Yield the results that no sweep names, unless it cannot be known now."""
        if living_drivers(self._store):
            self.notes.append(
                "what no sweep names was not looked for: a sweeper is at work, and may be about to use it"
            )
        elif any(kept(self._store.uri)):
            self.notes.append(
                "what no sweep names was not looked for: there are results that are not recorded yet, and the next "
                "sweeper run records them"
            )
        else:
            for run in unnamed(self._store, self._runs):
                yield from self._measured(LeftoverKind.UNNAMED, run, TAKEN_BACK, keep=())

    def files(self) -> Iterator[Leftover]:
        """Yield what lies in the store's folders, and belongs to nothing."""
        for path in half_fetched():
            if litter.is_settled(path):
                yield _of_path(LeftoverKind.HALF_MADE, path)
        database = sqlite_path(self._store.uri)
        if database is None:
            self.notes.append("files that belong to no run were not looked for: that is only done in a SQLite store")
            return
        for path in litter.half_made(database):
            yield _of_path(LeftoverKind.HALF_MADE, path)
        if others := litter.neighbours(database):
            self.notes.append(
                f"folders of runs that this store does not know were not looked for: {others[0]} is a database too, "
                "and may have its runs in the same place"
            )
            return
        for path in litter.orphans(database):
            yield _of_path(LeftoverKind.ORPHAN, path)
        for path in litter.spools(database):
            yield _of_path(LeftoverKind.SPOOL, path)

    def checkpoints(self) -> Iterator[Leftover]:
        """Yield the checkpoints of work that has a result or is given up."""
        folders = [*checkpoint_folders(self._store)]
        done = self._store.results_by_key({key for key, _ in folders}) if folders else {}
        for key, folder in folders:
            if key in done or litter.is_settled(folder, FORSAKEN_SECONDS):
                yield _of_path(LeftoverKind.CHECKPOINT, folder)

    def _measured(self, kind: LeftoverKind, run: RunRecord, why: str, keep: Sequence[str]) -> Iterator[Leftover]:
        """Yield a run with what it has, unless that is not surely its own."""
        try:
            own_folder(self._store.uri, run)
            sizes = {name: size for name, size in self._store.artifact_sizes(run).items() if name not in keep}
        except StoreError as error:
            self.notes.append(f"left alone: {error}")
            return
        if sizes or kind not in (LeftoverKind.LET_GO, LeftoverKind.REMADE):
            yield Leftover(kind, sum(sizes.values()), run, tuple(sizes), why=why)


def _of_path(kind: LeftoverKind, path: Path) -> Leftover:
    return Leftover(kind, size_on_disk(path), path=path)
