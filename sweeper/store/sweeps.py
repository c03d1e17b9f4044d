"""A sweep's record, put together from what any reader of the store answers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sweeper.errors import StoreError
from sweeper.files import read_plain
from sweeper.store.base import Reader
from sweeper.store.records import BLOCKED_ARTIFACT, DOCUMENT_ARTIFACT, Blocked, RunRecord, SweepRecord
from sweeper.store.tags import Kind, Tag, sweep_tag
from sweeper.store.trials import Trial, read_trials


def sweep_names(reader: Reader) -> list[str]:
    """Return the names of all sweeps, the most recently started first; running one again starts it, too."""
    records = sorted(reader.runs_with(Tag.KIND, Kind.SWEEP), key=_begun)
    return list(dict.fromkeys(record.tags[Tag.NAME] for record in reversed(records)))


def _begun(run: RunRecord) -> int:
    """Return when a sweep was last started; records of older versions know only when it was first."""
    try:
        return int(run.tags[Tag.BEGUN])
    except (KeyError, ValueError):
        return run.start_time


def own_run(reader: Reader, name: str) -> RunRecord | None:
    """Return the run that stands for a sweep, or None if there is no such sweep.

    It is looked for among the sweeps: a study's trials carry its name too, and may be thousands.
    """
    found = (run for run in reader.runs_with(Tag.KIND, Kind.SWEEP) if run.tags.get(Tag.NAME) == name)
    return next(found, None)


def earliest(runs: Iterable[RunRecord]) -> dict[str, RunRecord]:
    """Return the results among runs by their keys, of several with one key the earliest."""
    results = sorted((run for run in runs if run.key), key=lambda run: (run.end_time or 0, run.run_id), reverse=True)
    return {run.key: run for run in results if run.key}


def read_sweep(reader: Reader, name: str) -> SweepRecord | None:
    """Return what the store remembers of a sweep, or None if there is no such sweep."""
    run = own_run(reader, name)
    if run is None:
        return None
    document = _read_json(reader.artifact(run, DOCUMENT_ARTIFACT)) or {}
    blocked = _read_json(reader.artifact(run, BLOCKED_ARTIFACT)) or ()
    return SweepRecord(
        name=name,
        run=run,
        document=document,
        runs=tuple(reader.runs_with(sweep_tag(name))),
        blocked=tuple(Blocked(**entry) for entry in blocked),
        trials=_trials(reader, run, document),
    )


def _trials(reader: Reader, run: RunRecord, document: Mapping[str, Any]) -> Sequence[Trial]:
    """Return the trials of the study that a sweep is at: of one that was begun afresh, not those before."""
    study = run.tags.get(Tag.STUDY)
    if not study or not document.get("study"):
        return ()
    return read_trials([run for run in reader.runs_with(Tag.STUDY, study) if run.tags.get(Tag.KIND) == Kind.TRIAL])


def _read_json(path: Path) -> Any:
    try:
        return json.loads(read_plain(path)) if path.exists() else None
    except (OSError, ValueError) as error:
        raise StoreError(f"{path} is damaged: {error}") from None
