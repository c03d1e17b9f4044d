"""Why the trials on a study's record mean nothing to its spec as it is now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sweeper.binding import Binding
from sweeper.identity import canonical_json
from sweeper.spec import Spec
from sweeper.spec.restore import restore
from sweeper.store.assignments import decode
from sweeper.store.records import SweepRecord
from sweeper.store.trials import Trial
from sweeper.task import key_of


def misfits(old: Spec, binding: Binding, record: SweepRecord, trials: Sequence[Trial]) -> Iterator[str]:
    """Yield why the trials on the record mean nothing to a spec, given the one that they were made by.

    ``trials`` have values for the parameters that were added to the space since.
    """
    new = binding.spec
    assert new.study is not None
    if old.objectives != new.objectives:
        words = ", ".join(f"{one.metric} ({one.direction})" for one in old.objectives)
        yield f"they were compared by {words}"
        return
    outside = [(trial, reason) for trial in trials if (reason := _misfit(new, trial))]
    if outside:
        trial, reason = outside[0]
        more = f", and {len(outside) - 1} more" if len(outside) > 1 else ""
        yield f"in trial {trial.number} {reason}{more}"
        return
    yield from _unmeasured(old, new, record)
    if not all(_probed(old, binding, record, trials)):
        yield from _why_other_work(old, new)


def _misfit(spec: Spec, trial: Trial) -> str:
    """Return why a trial's values are none of the space's, or ''."""
    assert spec.study is not None
    fixed = next((name for name in trial.values if name in spec.fixed), None)
    if fixed is not None:
        return f"{fixed} was {trial.values[fixed]!r}, and it is fixed now"
    if reason := spec.study.fits(trial.values):
        return reason
    lacking = (one.name for one in spec.study.space if one.is_active(trial.values) and one.name not in trial.values)
    return next((f"{name} had no value" for name in lacking), "")


def _unmeasured(old: Spec, new: Spec, record: SweepRecord) -> Iterator[str]:
    """Yield the metrics that constraints ask for now, and that no result has."""
    results = [run for run in record.runs if run.key]
    for metric in new.metrics:
        if metric not in old.metrics and results and not any(metric in run.metrics for run in results):
            yield f"none of their results has logged {metric}"


def _probed(old: Spec, binding: Binding, record: SweepRecord, trials: Sequence[Trial]) -> Iterator[bool]:
    """Yield, for the first and the last result of the trials, whether the spec means the same work by their points."""
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
    for key, values in [*found[:1], *found[1:][-1:]]:
        try:
            instance, _ = binding.build(values.items())
            yield key_of(instance) == key
        except Exception:  # noqa: BLE001 (requires() and to_mlflow_tags() are the user's)
            yield False


def _why_other_work(old: Spec, new: Spec) -> Iterator[str]:
    names = [name for name in {**old.fixed, **new.fixed} if name not in new.swept]
    changed = [
        f"fixed.{name} was {old.fixed.get(name, 'not set')!r} and is {new.fixed.get(name, 'not set')!r}"
        for name in names
        if canonical_json(old.fixed.get(name)) != canonical_json(new.fixed.get(name))
    ]
    yield " and ".join(changed) or "the pipeline's tasks have another identity now (a version, a default, a parameter)"
