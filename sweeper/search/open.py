"""Make the search that a spec asks for, with whatever the record has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from sweeper.binding import Binding
from sweeper.errors import SpecError
from sweeper.identity import canonical_json
from sweeper.points import Point
from sweeper.search.components import component_problems, notices
from sweeper.search.continuation import Past, changes_of
from sweeper.search.disclosure import AtOnce, InOrder, held_back
from sweeper.search.ledger import Beginnings, Ledger, basis_of
from sweeper.search.rebuild import rebuild
from sweeper.search.study import StudySearch
from sweeper.search.warm import known_results
from sweeper.spec import Spec
from sweeper.store.records import OpenRun, RunRecord
from sweeper.store.trials import as_known
from sweeper.task import find_result

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

LAG = 2
"""Of a reproducible study: a trial may know of those this many times the number of workers before it, and earlier."""


def check_study(spec: Spec) -> None:
    """Raise ``SpecError`` with all that is wrong with a study's sampler and pruner."""
    if problems := component_problems(spec):
        raise SpecError(problems)


def open_study(
    store: ApiStore,
    run: OpenRun | RunRecord,
    binding: Binding,
    past: Past,
    old: Mapping[str, Any],
    *,
    slots: Callable[[], int],
    labels: Mapping[str, str],
    notice: Callable[[str], None],
) -> StudySearch:
    """Return the search of a study, new or going on; it is on the record before this returns.

    ``run`` is the sweep's own; ``old`` the document of the spec that the study ran by before, which stays on the record
    until then: a trial that lacks a parameter can have its value from there alone.
    """
    spec = binding.spec
    assert spec.study is not None
    beginnings = _with_known(_beginnings(run, spec, past, old, slots()), store, binding, past)
    ledger = Ledger(store, run, spec, beginnings, labels)
    _write_down(ledger, past)
    lag = beginnings.lag
    untold = held_back(past.trials, past.reopened, past.next_number, lag) if spec.study.reproducible else {}
    memory, differs = rebuild(spec, past.trials, beginnings.known, past.reopened, untold)
    disclosure = InOrder(memory, lag, untold) if spec.study.reproducible else AtOnce(memory, past.trials)
    for words in _news(spec, past, beginnings, differs):
        notice(words)
    return StudySearch(
        ledger, memory, disclosure, past, binding.trial_points, partial(_has_result, binding), slots, notice
    )


def _has_result(binding: Binding, point: Point) -> bool:
    try:
        return find_result(binding.instance(point)) is not None
    except Exception:  # noqa: BLE001 (requires() is the user's; such a point fails when it is taken up)
        return False


def _write_down(ledger: Ledger, past: Past) -> None:
    """Put on the record what is different from what it has."""
    if ledger.beginnings != past.beginnings:
        ledger.begin()
    for trial in past.trials:
        if trial.number in past.revised:
            ledger.revise(trial)


def _beginnings(run: OpenRun | RunRecord, spec: Spec, past: Past, old: Mapping[str, Any], slots: int) -> Beginnings:
    """Return what the study starts from; of one that goes on, with what has changed."""
    if past.beginnings is None:
        return Beginnings(f"{run.run_id}.{past.studies + 1}", LAG * slots, basis_of(spec))
    changes = [(past.next_number, what) for what in changes_of(past, old, spec)]
    every = dict.fromkeys([*past.beginnings.changes, *changes])  # one may be there since a run that got no further
    return replace(past.beginnings, changes=tuple(every), basis=basis_of(spec))


def _with_known(beginnings: Beginnings, store: ApiStore, binding: Binding, past: Past) -> Beginnings:
    """Return the beginnings with what the sweeps of ``warm_start`` have measured, those that were not asked yet."""
    study = binding.spec.study
    assert study is not None
    new = [name for name in study.warm_start if name not in beginnings.warm_start]
    if not new:
        return beginnings
    had = {canonical_json(one.values) for one in beginnings.known} | {canonical_json(one.values) for one in past.trials}
    found = known_results(store, binding, new, past.next_number)
    fresh = (one for one in found if canonical_json(one.values) not in had)
    return replace(beginnings, known=(*beginnings.known, *fresh), warm_start=(*beginnings.warm_start, *new))


def _news(spec: Spec, past: Past, beginnings: Beginnings, differs: int | None) -> Iterator[str]:
    """Yield what a user should know before the study goes on."""
    study, before = spec.study, past.beginnings
    assert study is not None
    yield from notices(study)
    if past.trials:
        ended = sum(as_known(trial).told is not None for trial in past.trials)
        yield f"going on from {ended} of {max(study.trials, len(past.trials))} trials"
    if again := sum(bool(trial.invalidated and trial.told) for trial in past.trials):
        trials = "1 trial is" if again == 1 else f"{again} trials are"
        yield f"{trials} evaluated again first: results were invalidated"
    for number, what in beginnings.changes[len(before.changes) if before else 0 :]:
        yield _about_change(number, what, len(past.reopened))
    if known := len(beginnings.known) - (len(before.known) if before else 0):
        yield f"{known} assignments are known from earlier sweeps"
    if past.changed:
        yield (
            f"{past.changed} results of its trials were made by other code than {spec.task} has now; "
            "--rerun-changed makes them again"
        )
    new = {what for number, what in beginnings.changes if number == past.next_number}
    if differs is not None and new.isdisjoint(("sampler", "seed", "space")):
        yield f"{study.sampler.name} would now propose something else for trial {differs}; the record stands"


def _about_change(number: int, what: str, reopened: int) -> str:
    if what in ("replicates", "constraints"):
        return f"other {what}: what {reopened} trials came to is made anew first"
    return f"another {what} from trial {number} on"
