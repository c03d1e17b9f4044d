"""Whether a study goes on from its record, with which trials; and why it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeper.binding import Binding
from sweeper.errors import InputError, StoreError
from sweeper.identity import canonical_json
from sweeper.search.ledger import Beginnings, basis_of, read_beginnings
from sweeper.spec import Spec
from sweeper.spec.restore import restore
from sweeper.store.assignments import decode
from sweeper.store.base import SweepRecord, Tag
from sweeper.store.trials import Trial, TrialState
from sweeper.task import key_of

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

PROBED_RESULTS = 2
"""Results, the first and the last, that are held against what the spec means now."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a study goes on from.

    ``studies`` is how many studies the sweep has had. ``reopened`` are trials that have ended and are to end once more:
    they failed, or their values are made of something else now. ``revised`` lack parameters on the record that were
    added to the space since.
    """

    studies: int = 0
    beginnings: Beginnings | None = None
    trials: tuple[Trial, ...] = ()
    reopened: frozenset[int] = frozenset()
    revised: frozenset[int] = frozenset()

    @property
    def next_number(self) -> int:
        """The number of the next new trial."""
        return 1 + max((trial.number for trial in self.trials), default=-1)


def look_back(store: ApiStore, record: SweepRecord | None, binding: Binding, *, fresh: bool = False) -> Past:
    """Return what a study goes on from; a ``fresh`` one goes on from nothing.

    Raises ``InputError`` if the spec has changed so that the trials on the record mean nothing to it.
    """
    if record is None:
        return Past()
    studies = int(record.run.tags.get(Tag.STUDY, ".0").rpartition(".")[2])
    if fresh:
        return Past(studies)
    beginnings = read_beginnings(store, record.run)
    if not record.trials:
        return Past(studies, beginnings)
    if beginnings is None:
        raise StoreError(f"{record.run.artifact_uri} has lost what the study {record.name} started from; use --fresh")
    old = Spec.from_document(record.document)
    trials = tuple(replace(trial, values=_completed(trial, old, binding)) for trial in record.trials)
    reasons = [*_reasons(old, binding, record, trials)]
    if reasons:
        raise InputError(
            f"{binding.spec.path or record.name}: the {len(trials)} trials of {record.name} on the record do not fit: "
            f"{'; '.join(reasons)}. Put it back, give the sweep another name, or start a new study with --fresh "
            "(results that fit are reused)"
        )
    basis = basis_of(binding.spec)
    revised = (new.number for new, recorded in zip(trials, record.trials, strict=True) if new != recorded)
    return Past(
        studies,
        beginnings,
        trials,
        reopened=frozenset(trial.number for trial in trials if _ends_again(trial, basis)),
        revised=frozenset(revised),
    )


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


def _ends_again(trial: Trial, basis: str) -> bool:
    told = trial.told
    if told is None:
        return False
    return told.state is TrialState.FAILED or (told.state is TrialState.COMPLETE and told.basis != basis)


def _completed(trial: Trial, old: Spec, binding: Binding) -> Mapping[str, Any]:
    """Return a trial's values with those that parameters added to the space had then: fixed, or the default."""
    assert binding.spec.study is not None
    values: dict[str, Any] = {}
    for dimension in binding.spec.study.space:
        if dimension.name in trial.values:
            values[dimension.name] = trial.values[dimension.name]
        elif dimension.is_active(values):
            name = dimension.name
            values |= {name: old.fixed[name]} if name in old.fixed else binding.defaults([name])
    return {**values, **trial.values}


def _reasons(old: Spec, binding: Binding, record: SweepRecord, trials: Sequence[Trial]) -> Iterator[str]:
    new = binding.spec
    assert new.study is not None
    if old.objectives != new.objectives:
        words = ", ".join(f"{one.metric} ({one.direction})" for one in old.objectives)
        yield f"they were compared by {words}"
        return
    misfits = [(trial, reason) for trial in trials if (reason := _misfit(new, trial))]
    if misfits:
        trial, reason = misfits[0]
        more = f", and {len(misfits) - 1} more" if len(misfits) > 1 else ""
        yield f"in trial {trial.number} {reason}{more}"
        return
    if any(not matches for matches in _probed(old, binding, record, trials)):
        yield from _why_other_work(old, new)


def _misfit(spec: Spec, trial: Trial) -> str:
    assert spec.study is not None
    if reason := spec.study.fits(trial.values):
        return reason
    lacking = (one.name for one in spec.study.space if one.is_active(trial.values) and one.name not in trial.values)
    return next((f"{name} had no value" for name in lacking), "")


def _probed(old: Spec, binding: Binding, record: SweepRecord, trials: Sequence[Trial]) -> Iterator[bool]:
    """Yield, for some results of the trials, whether the spec means the same work by their points."""
    by_values = {
        canonical_json({name: trial.values[name] for name in old.swept if name in trial.values}): trial
        for trial in trials
    }
    found = []
    for run in record.runs:
        for form in decode(record.name, run.tags) if run.key else ():
            assignment = {name: restore(value) for name, value in form.items()}
            searched = {name: value for name, value in assignment.items() if name not in old.replicate_names}
            trial = by_values.get(canonical_json(searched))
            replicates = {name: value for name, value in assignment.items() if name in old.replicate_names}
            if trial is not None and replicates.keys() <= set(binding.spec.replicate_names):
                found.append((run.key, {**trial.values, **replicates}))
    for key, values in [*found[:1], *found[1:][-1:]][:PROBED_RESULTS]:
        instance, _ = binding.build(values.items())
        yield key_of(instance) == key


def _why_other_work(old: Spec, new: Spec) -> Iterator[str]:
    names = [name for name in {**old.fixed, **new.fixed} if name not in new.swept]
    changed = [
        f"fixed.{name} was {old.fixed.get(name, 'not set')!r} and is {new.fixed.get(name, 'not set')!r}"
        for name in names
        if canonical_json(old.fixed.get(name)) != canonical_json(new.fixed.get(name))
    ]
    yield " and ".join(changed) or "the pipeline's tasks have another identity now (a version, a default, a parameter)"
