"""Make the search that a spec asks for, with whatever the record has of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeper.binding import Binding
from sweeper.errors import SpecError
from sweeper.points import Point
from sweeper.search.components import component_problems, notices
from sweeper.search.continuation import Past, changes_of
from sweeper.search.ledger import Beginnings, Ledger, basis_of
from sweeper.search.rebuild import rebuild
from sweeper.search.study import StudySearch
from sweeper.search.warm import known_results
from sweeper.spec import Spec
from sweeper.store.base import OpenRun, RunRecord

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
    slots: int,
    labels: Mapping[str, str],
    notice: Callable[[str], None],
) -> StudySearch:
    """Return the search of a study, new or going on; it is on the record before this returns.

    ``run`` is the sweep's own; ``old`` the document of the spec that the study ran by before.
    """
    spec = binding.spec
    study = spec.study
    assert study is not None
    replicates = [Point.of(assignment) for assignment in binding.replicates()]

    def points_of(values: Mapping[str, Any]) -> list[Point]:
        own = binding.point(values)
        return [Point((*own.values, *replicate.values)) for replicate in replicates]

    beginnings = _beginnings(store, run, binding, past, old, slots)
    ledger = Ledger(store, run, spec, beginnings, labels)
    if beginnings != past.beginnings:
        ledger.begin()
    for trial in past.trials:
        if trial.number in past.revised:
            ledger.revise(trial)
    held_back = {
        trial.number: trial.told
        for trial in past.trials
        if study.reproducible
        and trial.told
        and trial.number not in past.reopened
        and trial.number > past.next_number - beginnings.lag
    }
    memory, differs = rebuild(spec, past.trials, beginnings.known, past.reopened, held_back)
    for words in _news(spec, past, beginnings, differs):
        notice(words)
    return StudySearch(ledger, memory, past.trials, past.reopened, held_back, points_of, slots, notice)


def _beginnings(
    store: ApiStore, run: OpenRun | RunRecord, binding: Binding, past: Past, old: Mapping[str, Any], slots: int
) -> Beginnings:
    """Return what the study starts from; of one that goes on, with what has changed."""
    spec, number = binding.spec, past.next_number
    study = spec.study
    assert study is not None
    before = past.beginnings
    if before is None or not past.trials:
        before = Beginnings(f"{run.run_id}.{past.studies + 1}", LAG * slots, basis_of(spec))
    else:
        changes = tuple((number, what) for what in changes_of(past, old, spec))
        before = replace(before, changes=(*before.changes, *changes), basis=basis_of(spec))
    new = [name for name in study.warm_start if name not in before.warm_start]
    if new:
        known = known_results(store, binding, new, number)
        had = [one.values for one in before.known] + [trial.values for trial in past.trials]
        fresh = tuple(one for one in known if one.values not in had)
        before = replace(before, known=(*before.known, *fresh), warm_start=(*before.warm_start, *new))
    return before


def _news(spec: Spec, past: Past, beginnings: Beginnings, differs: int | None) -> Iterator[str]:
    """Yield what a user should know before the study goes on."""
    study, before = spec.study, past.beginnings
    assert study is not None
    yield from notices(study)
    if past.trials:
        ended = sum(trial.told is not None for trial in past.trials)
        yield f"going on from {ended} of {max(study.trials, len(past.trials))} trials"
    for number, what in beginnings.changes[len(before.changes) if before else 0 :]:
        yield _about_change(number, what, len(past.reopened))
    if known := len(beginnings.known) - (len(before.known) if before else 0):
        yield f"{known} assignments are known from earlier sweeps"
    if past.changed:
        yield (
            f"{past.changed} results of its trials were made by other code than {spec.task} has now; "
            "--rerun-changed makes them again"
        )
    if differs is not None:
        yield f"{study.sampler.name} would now propose something else for trial {differs}; the record stands"


def _about_change(number: int, what: str, reopened: int) -> str:
    if what in ("replicates", "constraints"):
        return f"other {what}: what {reopened} trials came to is made anew first"
    return f"another {what} from trial {number} on"
