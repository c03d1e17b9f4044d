"""What a sweep's name belongs to: one task, and one study if it is that of a study."""

from __future__ import annotations

from sweeper.errors import InputError
from sweeper.spec import Spec
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

_REMEDY = 'give this sweep another one: name = "..." in its spec'


def refuse_other_use(known: RunRecord, spec: Spec) -> None:
    """Raise ``InputError`` if the sweep that a run stands for cannot go on as a spec has it."""
    task = known.tags.get(Tag.TASK, "")
    if task != spec.task:
        raise InputError(f"the name {spec.name} belongs to a sweep of {task} in this store, not {spec.task}; {_REMEDY}")
    if Tag.STUDY in known.tags and spec.study is None:  # the study could not go on after it
        raise InputError(f"the name {spec.name} belongs to a study in this store; {_REMEDY}")


def unfinished(reader: Reader, name: str) -> RunRecord | None:
    """Return the run of the sweep whose change from, or to, a name was cut short; None if the name is in order."""
    cut = reader.runs_with(Tag.RENAMING)
    return next((run for run in cut if name in run.tags[Tag.RENAMING].split()), None)


def refuse_unfinished(reader: Reader, name: str) -> None:
    """Raise ``InputError`` if a change from, or to, a name was cut short: tags of runs have it that should not."""
    cut = unfinished(reader, name)
    if cut is None:
        return
    old, *new = cut.tags[Tag.RENAMING].split()
    what, command = ("renaming", "rename") if new else ("removal", "remove")
    again = " ".join(("sweeper", command, old, *new))
    raise InputError(f"the {what} of sweep {old} was cut short; finish it first: {again}")
