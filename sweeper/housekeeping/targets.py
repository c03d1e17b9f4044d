"""Which runs are meant: one by its id, or those that stand for points of a sweep."""

from __future__ import annotations

from collections.abc import Sequence

from sweeper.errors import InputError
from sweeper.report.accounts.account import state_of
from sweeper.report.accounts.selection import find_run
from sweeper.report.conditions import Condition
from sweeper.report.question import Question
from sweeper.report.sources.reading import read, read_record
from sweeper.store.assignments import forms
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag


def is_counted(run: RunRecord) -> bool:
    """Whether a run counts for something: as a result, or as one that a study pruned."""
    return run.key is not None or (Tag.PRUNED in run.tags and not run.tags.get(Tag.SUPERSEDED))


def key_of_run(run: RunRecord) -> str:
    """Return the key of a task's run, of one that is no result that which it worked on."""
    return run.tags.get(Tag.KEY) or run.tags.get(Tag.CLAIM) or run.run_id


def asked_for(reader: Reader, target: str, where: Sequence[str], *, is_all: bool) -> list[RunRecord]:
    """Return the runs that a target means: a run, or of a sweep those for which conditions hold, or all.

    Raises ``InputError`` for a sweep without a word about which, and for a run with one.
    """
    if target not in reader.sweep_names():
        if where or is_all:
            raise InputError(f"{'--where' if where else '--all'} is about a sweep, and {target} is none")
        return [named_run(reader, target)]
    if bool(where) == is_all:
        raise InputError(f"{target} is a sweep: say which results of it, by --where CONDITION, or else by --all")
    return runs_of_sweep(reader, target, [*map(Condition.parse, where)])


def named_run(reader: Reader, words: str) -> RunRecord:
    """Return the run that an id, or the beginning of one, means, if it counts for something or has done so.

    Raises ``InputError`` for any other.
    """
    run = find_run(reader, words)
    if is_counted(run) or run.invalidated:
        return run
    if run.tags.get(Tag.KIND) != Kind.TASK:
        kind = run.tags.get(Tag.KIND, "")
        what = f"the run of a {kind}" if kind else "not made by sweeper"
        raise InputError(f"run {run.run_id} is {what}; only results of tasks can be invalidated")
    if not run.status.is_over:
        raise InputError(f"run {run.run_id} has no result yet: it is running")
    if superseded := run.tags.get(Tag.SUPERSEDED):
        raise InputError(f"run {run.run_id} counts no more: run {superseded} took its place")
    state, reason = state_of(run)
    raise InputError(f"run {run.run_id} is no result ({state}: {reason}); it is computed again in any case")


def runs_of_sweep(reader: Reader, name: str, conditions: Sequence[Condition] = ()) -> list[RunRecord]:
    """Return the runs that count, or did so before they were invalidated, for points for which conditions hold.

    Without conditions these are all that stand for points of the sweep, also for such as its spec does not have now.
    """
    if conditions:
        found = read(reader, [name], question=Question(where=tuple(conditions)))
        points = {one.cell.point.to_record() for one in found.every}
        record = found.sweeps[0].record
        runs = [run for run in record.runs if not points.isdisjoint(forms(name, run.tags))]
    else:
        record = read_record(reader, name)
        runs = [run for run in record.runs if forms(name, run.tags)]
    return [run for run in runs if is_counted(run) or run.invalidated]
