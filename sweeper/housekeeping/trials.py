"""The trials of studies that stand on results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Set

from sweeper.points.space import trial_points
from sweeper.spec import Spec
from sweeper.store.assignments import forms, sweeps_of
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, SweepRecord
from sweeper.store.trials import Trial


def trials_on(reader: Reader, runs: Iterable[RunRecord]) -> tuple[str, ...]:
    """Return the runs of the trials of which something came, and that have one of some runs at a point of theirs."""
    return tuple(
        trial.run_id
        for record, points in _studies(reader, runs)
        for trial, own in _tried(record)
        if trial.told is not None and not trial.invalidated and not own.isdisjoint(points)
    )


def trials_freed(reader: Reader, runs: Iterable[RunRecord]) -> tuple[str, ...]:
    """Return the runs of the trials that were invalidated and stand on nothing that is, once some runs count again."""
    freed = {run.run_id: run for run in runs}
    found: list[str] = []
    for record, points in _studies(reader, freed.values()):
        counted = {form for run in record.runs if run.key for form in forms(record.name, run.tags)}
        gone = {
            form
            for run in record.runs
            if run.invalidated and run.run_id not in freed
            for form in forms(record.name, run.tags)
        }
        left = gone - counted - points
        found += [
            trial.run_id
            for trial, own in _tried(record)
            if trial.invalidated and not own.isdisjoint(points) and own.isdisjoint(left)
        ]
    return tuple(found)


def _studies(reader: Reader, runs: Iterable[RunRecord]) -> Iterator[tuple[SweepRecord, Set[str]]]:
    """Yield the studies that runs stand in, each with the points that they stand for, as ``to_record`` gives them."""
    points: defaultdict[str, set[str]] = defaultdict(set)
    for run in runs:
        for name in sweeps_of(run.tags):
            points[name].update(forms(name, run.tags))
    for name, own in points.items():
        record = reader.sweep(name)
        if record is not None and record.trials:
            yield record, own


def _tried(record: SweepRecord) -> Iterator[tuple[Trial, Set[str]]]:
    """Yield the trials of a study, each with its points."""
    spec = Spec.from_document(record.document)
    for trial in record.trials:
        yield trial, {point.to_record() for point in trial_points(spec, trial.values)}
