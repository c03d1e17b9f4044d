"""What earlier sweeps have measured of a study's space: known before the first trial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sweeper.binding import Binding
from sweeper.errors import Problem, SpecError, did_you_mean
from sweeper.identity import canonical_json
from sweeper.points.space import trial_points
from sweeper.search.base import Outcome, PointState
from sweeper.search.evaluation import Evaluation
from sweeper.search.frozen import Known
from sweeper.spec import Spec
from sweeper.spec.restore import restore
from sweeper.spec.study import EVERY_SWEEP
from sweeper.store.assignments import decode
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag, sweep_tag
from sweeper.store.trials import Trial
from sweeper.task import find_result, meta_of
from sweeper.task.attempt import is_number
from sweeper.task.source import qualified_name

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

_SWEEP_TAG = sweep_tag("")


def known_results(store: ApiStore, binding: Binding, sweeps: Sequence[str], before: int) -> list[Known]:
    """Return what the results of earlier sweeps say of the space: assignments measured at every replicate.

    A result says something if the study would take it for its own: it has the identity of one of the study's points.
    """
    candidates: dict[str, Mapping[str, Any]] = {}
    for assignment in _assignments(store, binding, sweeps):
        values = _values(binding, assignment)
        if values is not None:
            candidates.setdefault(canonical_json(values), values)
    found = (_measured(binding, values, before) for values in candidates.values())
    return [known for known in found if known is not None]


def check_sweeps(reader: Reader, spec: Spec) -> None:
    """Raise ``SpecError`` for sweeps that a study is to know the results of, and that the store does not have."""
    assert spec.study is not None
    names = [name for name in spec.study.warm_start if name not in (EVERY_SWEEP, spec.name)]
    known = {*reader.sweep_names()} - {spec.name} if names else set()
    source, reason = str(spec.path or spec.name), "the store has no such sweep"
    if strange := [name for name in names if name not in known]:
        raise SpecError(
            Problem(source, "study.warm_start", reason, f'"{name}"', did_you_mean(name, known)) for name in strange
        )


def _assignments(store: ApiStore, binding: Binding, sweeps: Sequence[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the assignments that results of the study's task stand for: in each sweep, and by their own parameters."""
    for run in _runs(store, binding, sweeps):
        own = _own_parameters(binding, run)
        names = {tag.removeprefix(_SWEEP_TAG).partition("/")[0] for tag in run.tags if tag.startswith(_SWEEP_TAG)}
        for name in sorted(names):
            for form in decode(name, run.tags):
                yield own | {key: restore(value) for key, value in form.items()}
        if not names:
            yield own


def _runs(store: ApiStore, binding: Binding, sweeps: Sequence[str]) -> Iterator[RunRecord]:
    """Yield the results that sweeps have, or those of the study's task in all of the store."""
    if EVERY_SWEEP in sweeps:
        names = (qualified_name(binding.task), *meta_of(binding.task).formerly)
        found = [run for name in names for run in store.runs_with(Tag.TASK, name)]
    else:
        found = [run for name in sweeps for run in store.runs_with(sweep_tag(name))]
    yield from (run for run in found if run.key)


def _own_parameters(binding: Binding, run: RunRecord) -> dict[str, Any]:
    """Return the parameters of the final task as its run has them."""
    found = {}
    for name, parameter in binding.task.get_params():
        if name in run.params:
            try:
                found[name] = parameter.parse(run.params[name])
            except Exception:  # noqa: BLE001, S112 (what an older version of the task wrote)
                continue
    return found


def _values(binding: Binding, assignment: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the part of an assignment that the study searches, or None if it does not lie in the space."""
    study = binding.spec.study
    assert study is not None
    values: dict[str, Any] = {}
    for dimension in study.space:
        if dimension.is_active(values):
            name = dimension.name
            values |= {name: assignment[name]} if name in assignment else binding.defaults([name])
    try:
        values = binding.point(values).as_dict()
    except ValueError:
        return None
    return None if study.fits(values) else values


def _measured(binding: Binding, values: Mapping[str, Any], before: int) -> Known | None:
    """Return what the results of an assignment come to, or None unless there is one for each replicate."""
    study = binding.spec.study
    assert study is not None
    points = trial_points(binding.spec, values)
    evaluation = Evaluation(Trial(0, values, 0), points)
    for place, point in enumerate(points):
        try:
            result = find_result(binding.instance(point))
        except Exception:  # noqa: BLE001 (requires() is the user's)
            return None
        if result is None or not all(is_number(result.metrics.get(metric)) for metric in binding.spec.metrics):
            return None
        evaluation.outcomes[place] = Outcome(point, PointState.REUSED, metrics=result.metrics)
    means = evaluation.means(binding.spec.metrics)
    if any(map(math.isnan, means.values())):
        return None
    return Known(
        values,
        tuple(means[objective.metric] for objective in binding.spec.objectives),
        tuple(one.violation(means[one.metric]) for one in study.constraints),
        before,
    )
