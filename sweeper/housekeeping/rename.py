"""Give a sweep another name, wherever the record has it.

The runs of its points get the new name beside the old one; then one tag on the sweep's own run says which name holds;
then its trials and drivers follow, and the old one is taken off. At every instant the sweep is there under one name,
with all its points, and while both names are in use no sweeper starts on either. Doing it again goes on where it was
cut short.
"""

from __future__ import annotations

from sweeper.errors import InputError
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
from sweeper.spec.checks import Invalid, sweep_name
from sweeper.store.api import ApiStore
from sweeper.store.records import DOCUMENT_ARTIFACT, RunRecord
from sweeper.store.tags import PARENT_TAG, Kind, Tag, sweep_tag

RUN_NAME = "mlflow.runName"


def rename(store: ApiStore, old: str, new: str) -> int:
    """Rename a sweep; return how many runs stand for its points.

    Raises ``InputError`` for a sweep that is not there, a name that is taken or none, and while a sweeper is at it.
    """
    run = _renamed(store, old, new)
    announce(store, run, old, new)
    if run.tags[Tag.NAME] == old:
        _give(store, old, new)
        store.log(run.run_id, tags={Tag.NAME: new})
    document = read_document(store, run, DOCUMENT_ARTIFACT)
    if document is not None:
        write_document(store, run, DOCUMENT_ARTIFACT, {**document, "name": new})
    store.log(run.run_id, tags={RUN_NAME: f"sweep {new}"})
    _rename_trials(store, run, old, new)
    for driver in store.runs_with(Tag.AT, old):
        store.log(driver.run_id, tags={Tag.AT: new})
    take_off(store, old)
    settle(store, run)
    return len(store.runs_with(sweep_tag(new)))


def _renamed(store: ApiStore, old: str, new: str) -> RunRecord:
    """Return the run of the sweep that is renamed: one that is there, or whose renaming was cut short."""
    try:
        sweep_name(new)
    except Invalid as error:
        raise InputError(f"{new!r}: {error.reason}") from None
    if old == new:
        raise InputError(f"{old} is its name already")
    cut = unfinished(store, old)
    if cut is not None and cut.tags[Tag.RENAMING].split() == [old, new]:
        return cut
    refuse_unfinished(store, old)
    refuse_unfinished(store, new)
    run = known_run(store, old)
    if store.sweep_run(new) is not None:
        raise InputError(f"there is a sweep {new} already; choose another name, or: sweeper remove {new}")
    return run


def _give(store: ApiStore, old: str, new: str) -> None:
    """Give the new name to the runs that have the old one."""
    for run in store.runs_with(sweep_tag(old)):
        suffixes = {tag.removeprefix(sweep_tag(old)): value for tag, value in name_tags(run, old).items()}
        store.log(run.run_id, tags={f"{sweep_tag(new)}{suffix}": value for suffix, value in suffixes.items()})


def _rename_trials(store: ApiStore, run: RunRecord, old: str, new: str) -> None:
    for trial in store.runs_with(Tag.NAME, old):
        if trial.tags.get(Tag.KIND) == Kind.TRIAL and trial.tags.get(PARENT_TAG) == run.run_id:
            title = f"{new}{trial.name.removeprefix(old)}"
            store.log(trial.run_id, tags={Tag.NAME: new, RUN_NAME: title})
