"""What a sweep's name belongs to: one task, and one study if it is that of a study."""

from __future__ import annotations

from sweeper.errors import InputError
from sweeper.spec import Spec
from sweeper.store.base import RunRecord, Tag

_REMEDY = 'give this sweep another one: name = "..." in its spec'


def refuse_other_use(known: RunRecord, spec: Spec) -> None:
    """Raise ``InputError`` if the sweep that a run stands for cannot go on as a spec has it."""
    task = known.tags.get(Tag.TASK, "")
    if task != spec.task:
        raise InputError(f"the name {spec.name} belongs to a sweep of {task} in this store, not {spec.task}; {_REMEDY}")
    if Tag.STUDY in known.tags and spec.study is None:  # the study could not go on after it
        raise InputError(f"the name {spec.name} belongs to a study in this store; {_REMEDY}")
