"""What a change of a sweep's name takes: the runs that stand for its points, and the documents on its own run."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from sweeper.errors import InputError, did_you_mean
from sweeper.housekeeping.drivers import refuse_at_work
from sweeper.store.api import ApiStore
from sweeper.store.base import Reader, Store
from sweeper.store.locate import shown_uri
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag, sweep_tag


def known_run(store: ApiStore, name: str) -> RunRecord:
    """Return the run that stands for a sweep; raises ``InputError`` if there is no such sweep."""
    run = store.sweep_run(name)
    if run is None:
        remedy = did_you_mean(name, store.sweep_names()) or "it has none yet"
        raise InputError(f"{shown_uri(store.uri)} has no sweep {name}; {remedy}")
    return run


def announce(store: ApiStore, run: RunRecord, *names: str) -> None:
    """Write down on a sweep's run that it changes from one name to another, or to none.

    Raises ``InputError`` if a sweeper is at either. One that starts sees what is written, and one that has started is
    seen here: of two at the same instant at least one sees the other.
    """
    store.log(run.run_id, tags={Tag.RENAMING: " ".join(names)})
    try:
        refuse_at_work(store, *names)
    except InputError:
        if Tag.RENAMING not in run.tags:
            settle(store, run)
        raise


def settle(store: Store, run: RunRecord) -> None:
    """Write down that the names of a sweep are in order."""
    store.untag(run.run_id, [Tag.RENAMING])


def name_tags(run: RunRecord, name: str) -> dict[str, str]:
    """Return the tags by which a run stands for points of a sweep, the last part of a long list first."""
    whole = sweep_tag(name)
    parts = {tag: tag.removeprefix(f"{whole}/") for tag in run.tags if tag == whole or tag.startswith(f"{whole}/")}
    numbers = {tag: int(part) if part.isdecimal() else 0 for tag, part in parts.items()}
    return {tag: run.tags[tag] for tag in sorted(numbers, key=numbers.__getitem__, reverse=True)}


def take_off(store: Store, name: str) -> int:
    """Take a sweep's name off all runs that stand for its points; return how many there were.

    A run is found by the first part of its list, which is taken off last.
    """
    runs = store.runs_with(sweep_tag(name))
    for run in runs:
        store.untag(run.run_id, name_tags(run, name))
    return len(runs)


def write_document(store: Store, run: RunRecord, name: str, content: Any) -> None:
    """Keep JSON as an artifact of a run, in the place of what it has by that name."""
    with tempfile.TemporaryDirectory(prefix="sweeper-") as folder:
        path = Path(folder) / name
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")
        store.save_artifact(run, path, name)


def read_document(reader: Reader, run: RunRecord, name: str) -> Any:
    """Return the JSON that a run keeps as an artifact, None if there is none."""
    path = reader.artifact(run, name)
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
