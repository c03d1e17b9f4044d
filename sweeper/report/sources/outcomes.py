"""What became of each point of a sweep, told from the sweep's record alone."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeper.errors import StoreError
from sweeper.points import Count, Point, Points
from sweeper.points.space import trial_points
from sweeper.report.sources.cells import Cell, CellState, cell_of
from sweeper.report.sources.study import StudyOutcomes
from sweeper.report.sources.trials import TrialOutcome
from sweeper.spec import Direction, Spec
from sweeper.spec.restore import restore
from sweeper.store.assignments import forms, to_form
from sweeper.store.records import RunRecord, SweepRecord
from sweeper.store.trials import as_known

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from sweeper.store.trials import Trial

MOST_POINTS = 100_000
"""Up to so many points each has its cell; of a larger sweep only those that left a trace have one."""


@dataclass(frozen=True, slots=True)
class SweepOutcomes:
    """What became of a sweep's points, for one metric or several.

    ``cells`` are all the points in the spec's order; of more than ``MOST_POINTS``, only those that left a trace
    (``is_partial``), and the others are counted as missing. A study has the points of its trials, in their order, and
    its ``trials``. ``outside`` counts the results for points that are none of these: the spec was narrowed since, or
    its study begun afresh.
    """

    record: SweepRecord
    spec: Spec
    metrics: tuple[str, ...]
    cells: tuple[Cell, ...]
    total: Count
    outside: int = 0
    trials: tuple[TrialOutcome, ...] = ()

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.record.name

    @property
    def metric(self) -> str:
        """The first of the metrics."""
        return self.metrics[0]

    @property
    def logged(self) -> frozenset[str]:
        """The metrics that the sweep's runs have logged."""
        return frozenset(name for run in self.record.runs for name in run.metrics)

    @property
    def directions(self) -> tuple[Direction | None, ...]:
        """Which values of each metric are better; None for one of which the spec does not say it."""
        known = {objective.metric: objective.direction for objective in self.spec.objectives}
        return tuple(known.get(metric) for metric in self.metrics)

    @property
    def is_of_objectives(self) -> bool:
        """Whether the metrics are those that the sweep is about, and not another that was asked for."""
        return self.metrics == tuple(objective.metric for objective in self.spec.objectives)

    @property
    def study(self) -> StudyOutcomes | None:
        """What the sweep's study has come to, None for a sweep that is none."""
        study = self.spec.study
        return None if study is None else StudyOutcomes(study, self.spec.objectives, self.trials)

    @property
    def is_partial(self) -> bool:
        """Whether some missing points have no cell."""
        return len(self.cells) < self.total.number

    def counts(self) -> Mapping[CellState, int]:
        """Return how many points are in each state; every state is there."""
        found = Counter(cell.state for cell in self.cells)
        counts = {state: found[state] for state in CellState}
        counts[CellState.MISSING] += self.total.number - len(self.cells)
        return counts


def outcomes(record: SweepRecord, metrics: Sequence[str] = (), *, most: int = MOST_POINTS) -> SweepOutcomes:
    """Return what became of the points of a sweep, by its own objectives or by other metrics that its runs logged."""
    spec = _spec(record)
    asked = tuple(metrics) or tuple(objective.metric for objective in spec.objectives)
    runs = _runs_by_point(record)
    blocked = {to_form(entry.point): entry for entry in record.blocked}
    trials = [as_known(trial) for trial in record.trials]
    tried = {trial.number: _points_of(spec, trial) for trial in trials}
    points, total = _tried_points(tried.values()) if spec.study else _points(spec, (*runs, *blocked), most)
    cells = {
        name: cell_of(point, runs.get(name, ()), blocked.get(name), spec.metrics, asked)
        for name, point in points.items()
    }
    return SweepOutcomes(
        record,
        spec,
        asked,
        tuple(cells.values()),
        total,
        outside=_outside(runs, points),
        trials=tuple(_trial_outcome(spec, trial, tried[trial.number], cells) for trial in trials),
    )


def _spec(record: SweepRecord) -> Spec:
    """Return the spec that is on the record; raises ``StoreError`` if there is none, or none that can be read."""
    if not record.document:
        raise StoreError(
            f"the spec of sweep {record.name} is not at {record.run.artifact_uri}: that folder was left behind or "
            "deleted, or the sweep stopped before its spec was on the record, and is to be run again"
        )
    try:
        return Spec.from_document(record.document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        place = f"the spec of sweep {record.name} at {record.run.artifact_uri}"
        raise StoreError(f"{place} cannot be read: {error!r}") from None


def _outside(runs: Mapping[str, Sequence[RunRecord]], points: Container[str]) -> int:
    """Return how many results stand for no point of the present spec or study."""
    inside = {run.run_id for name, standing in runs.items() if name in points for run in standing}
    results = {run.run_id for standing in runs.values() for run in standing if run.key}
    return len(results - inside)


def _points_of(spec: Spec, trial: Trial) -> Mapping[str, Point]:
    """Return the points of a trial, by their canonical JSON."""
    return {point.to_record(): point for point in trial_points(spec, trial.values)}


def _tried_points(tried: Iterable[Mapping[str, Point]]) -> tuple[Mapping[str, Point], Count]:
    """Return the points of all trials, by their canonical JSON, and how many there are."""
    points: dict[str, Point] = {}
    for of_trial in tried:
        for form, point in of_trial.items():
            points.setdefault(form, point)
    return points, Count(len(points), is_exact=True)


def _trial_outcome(spec: Spec, trial: Trial, tried: Mapping[str, Point], cells: Mapping[str, Cell]) -> TrialOutcome:
    point = next(iter(tried.values())).configuration(spec.replicate_names)
    return TrialOutcome(trial, point, tuple(cells[form] for form in tried))


def _points(spec: Spec, traces: Iterable[str], most: int) -> tuple[Mapping[str, Point], Count]:
    """Return the points that get a cell, by their canonical JSON, and how many there are in all."""
    points = Points.of(spec)
    total = points.count(most)
    if total.number <= most:
        every = {point.to_record(): point for point in points}
        return every, Count(len(every), is_exact=True)
    known = ((trace, _restored(trace, spec.swept)) for trace in traces)
    return {trace: point for trace, point in known if point in points}, total


def _restored(trace: str, order: Sequence[str]) -> Point:
    """Return the point of canonical JSON, its parameters in the given order and unknown ones last."""
    assignment = {name: restore(form) for name, form in json.loads(trace).items()}
    names = dict.fromkeys(name for name in (*order, *assignment) if name in assignment)
    return Point.of({name: assignment[name] for name in names})


def _runs_by_point(record: SweepRecord) -> Mapping[str, Sequence[RunRecord]]:
    """Return the runs that stand for each point, points in canonical JSON."""
    runs: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in record.runs:
        for form in forms(record.name, run.tags):
            runs[form].append(run)
    return runs
