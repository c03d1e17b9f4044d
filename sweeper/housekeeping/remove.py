"""Take a sweep's name off the record, and nothing else: every result stays.

What the name stood for is kept on the sweep's own run, which is no sweep from then on; so a removal can be undone as
long as no other sweep has taken the name. Doing either again goes on where it was cut short.
"""

from __future__ import annotations

from sweeper.errors import InputError, StoreAway, StoreError
from sweeper.housekeeping.name_change import (
    announce,
    known_run,
    name_tags,
    read_document,
    settle,
    take_off,
    write_document,
)
from sweeper.naming import refuse_unfinished, unfinished
from sweeper.store.api import ApiStore
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag, sweep_tag

REMOVED_ARTIFACT = "removed.json"


def remove(store: ApiStore, name: str) -> int:
    """Remove a sweep; return how many runs stood for its points.

    Raises ``InputError`` for a sweep that is not there, and while a sweeper is at it.
    """
    run = _cut_short(store, name) or known_run(store, name)
    announce(store, run, name)
    if run.tags[Tag.KIND] == Kind.SWEEP:
        standing = {one.run_id: name_tags(one, name) for one in store.runs_with(sweep_tag(name))}
        write_document(store, run, REMOVED_ARTIFACT, standing)
        store.log(run.run_id, tags={Tag.KIND: Kind.REMOVED})
    take_off(store, name)
    settle(store, run)
    return len(read_document(store, run, REMOVED_ARTIFACT) or ())


def restore(store: ApiStore, name: str) -> int:
    """Undo the removal of a sweep, of several of that name the last; return how many runs stand for its points.

    Raises ``InputError`` if none was removed, or there is another sweep of that name.
    """
    run = _cut_short(store, name) or _removed(store, name)
    announce(store, run, name)
    if run.tags[Tag.KIND] == Kind.REMOVED:
        standing = read_document(store, run, REMOVED_ARTIFACT) or {}
        for run_id, tags in standing.items():
            _give_back(store, run_id, tags)
        store.log(run.run_id, tags={Tag.KIND: Kind.SWEEP})
    settle(store, run)
    return len(store.runs_with(sweep_tag(name)))


def is_cut_short(store: ApiStore, name: str) -> bool:
    """Whether a removal of a sweep is to be gone on with."""
    return _cut_short(store, name) is not None


def _cut_short(store: ApiStore, name: str) -> RunRecord | None:
    """Return the run of the sweep whose removal, or its undoing, was cut short."""
    cut = unfinished(store, name)
    if cut is not None and cut.tags[Tag.RENAMING] != name:
        refuse_unfinished(store, name)
    return cut


def _removed(store: ApiStore, name: str) -> RunRecord:
    found = [run for run in removed_runs(store) if run.tags.get(Tag.NAME) == name]
    if not found:
        raise InputError(f"no sweep {name} was removed here")
    if store.sweep_run(name) is not None:
        raise InputError(f"there is another sweep {name} by now; rename that one first: sweeper rename {name} NEW")
    return found[-1]


def removed_runs(reader: Reader) -> list[RunRecord]:
    """Return the runs of the sweeps that were removed, those that were started first being the first."""
    return reader.runs_with(Tag.KIND, Kind.REMOVED)


def _give_back(store: ApiStore, run_id: str, tags: dict[str, str]) -> None:
    try:
        store.log(run_id, tags=tags)
    except StoreAway:
        raise
    except StoreError:  # somebody has deleted the run since
        return
