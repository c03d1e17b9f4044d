"""Whether a study goes on from its record, with which trials; and why it cannot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sweeper.binding import Binding
from sweeper.errors import InputError, StoreError
from sweeper.identity import canonical_json, digest
from sweeper.policy import Policy
from sweeper.search.ledger import Beginnings, basis_of, read_beginnings
from sweeper.search.misfits import misfits
from sweeper.search.warm import check_sweeps
from sweeper.spec import Spec
from sweeper.store.base import Reader
from sweeper.store.records import SweepRecord
from sweeper.store.tags import Tag
from sweeper.store.trials import Trial, TrialState
from sweeper.task.source import source_digest


@dataclass(frozen=True, slots=True)
class Past:
    """What a study goes on from.

    ``studies`` is how many studies the sweep has had. ``beginnings`` are those of the one that it is at, if that has
    ``trials``. ``reopened`` are trials that have ended and are to end once more: they failed, their results were
    invalidated, or their values are made of something else now. ``revised`` lack parameters on the record that were
    added to the space since. ``changed`` is how many of their results were made by other code than the task has now.
    """

    studies: int = 0
    beginnings: Beginnings | None = None
    trials: tuple[Trial, ...] = ()
    reopened: frozenset[int] = frozenset()
    revised: frozenset[int] = frozenset()
    changed: int = 0

    @property
    def next_number(self) -> int:
        """The number of the next new trial."""
        return 1 + max((trial.number for trial in self.trials), default=-1)


def look_back(reader: Reader, record: SweepRecord | None, binding: Binding, policy: Policy) -> Past:
    """Return what a study goes on from; a fresh one goes on from nothing.

    Raises ``InputError`` if the spec has changed so that the trials on the record mean nothing to it.
    """
    check_sweeps(reader, binding.spec)
    if record is None:
        return Past()
    studies = int(record.run.tags.get(Tag.STUDY, ".0").rpartition(".")[2])
    if policy.fresh or not record.trials:
        return Past(studies)
    beginnings = read_beginnings(reader, record.run)
    if beginnings is None:
        raise StoreError(f"{record.run.artifact_uri} has lost what the study {record.name} started from; use --fresh")
    old = Spec.from_document(record.document)
    trials = tuple(_completed(trial, old, binding) for trial in record.trials)
    if reasons := [*misfits(old, binding, record, trials)]:
        raise InputError(
            f"{binding.spec.path or record.name}: the {len(trials)} trials of {record.name} on the record do not fit: "
            f"{'; '.join(reasons)}. Put it back, give the sweep another name, or start a new study with --fresh "
            "(results that fit are reused)"
        )
    revised = {new.number for new, recorded in zip(trials, record.trials, strict=True) if new != recorded}
    basis = basis_of(binding.spec)
    again = {trial.number for trial in trials if _ends_again(trial, basis, is_new_code_wanted=policy.rerun_changed)}
    changed = 0 if policy.rerun_changed else _made_by_other_code(record, binding)
    return Past(studies, beginnings, trials, frozenset(again), frozenset(revised), changed)


def changes_of(past: Past, old: Mapping[str, Any], spec: Spec) -> Iterator[str]:
    """Yield what is different from here on, given the document of the spec that the study ran by before."""
    assert spec.study is not None
    before, now = old.get("study") or {}, spec.study.to_document()
    for part in ("space", "sampler", "pruner", "seed"):
        if before and canonical_json(before.get(part)) != canonical_json(now[part]):
            yield part
    if past.beginnings is not None and past.beginnings.basis != basis_of(spec):
        grids = [axis.to_document() for grid in spec.grids for axis in grid.axes]
        is_same = canonical_json([axis for axes in old["grids"] for axis in axes]) == canonical_json(grids)
        yield "constraints" if is_same else "replicates"


def _made_by_other_code(record: SweepRecord, binding: Binding) -> int:
    """Return how many results of a sweep were made by other code than its task has now."""
    source = source_digest(binding.task)
    return sum(run.key is not None and run.tags.get(Tag.SOURCE) != source for run in record.runs)


def _ends_again(trial: Trial, basis: str, *, is_new_code_wanted: bool) -> bool:
    """Whether a trial that has ended is to end once more: the store answers what it can of it."""
    told = trial.told
    if told is None:
        return False
    if trial.invalidated:
        return True
    if told.state is TrialState.PRUNED:
        return False
    return told.state is TrialState.FAILED or told.basis != basis or is_new_code_wanted


def _completed(trial: Trial, old: Spec, binding: Binding) -> Trial:
    """Return a trial with the values that parameters added to the space had then: fixed, or the default.

    What came of such a trial has no basis any more: its results are to stand for other points.
    """
    assert binding.spec.study is not None
    values: dict[str, Any] = {}
    for dimension in binding.spec.study.space:
        if dimension.name in trial.values:
            values[dimension.name] = trial.values[dimension.name]
        elif dimension.is_active(values):
            name = dimension.name
            values |= {name: old.fixed[name]} if name in old.fixed else binding.defaults([name])
    if values.keys() <= trial.values.keys():
        return trial
    return replace(trial, values={**values, **trial.values}, told=trial.told and replace(trial.told, basis=""))


def rows_left(rows: Sequence[Mapping[str, Any]], trials: Iterable[Trial]) -> Iterator[Mapping[str, Any]]:
    """Yield the enqueued rows that were not tried yet; one that stands there twice is tried twice."""
    times = Counter(trial.row for trial in trials)
    for row in rows:
        mark = digest(row)
        if times[mark]:
            times[mark] -= 1
        else:
            yield row
