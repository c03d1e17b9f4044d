"""What a table's figures are drawn from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sweeper.report.conditions import is_number
from sweeper.report.escape import shown
from sweeper.report.figures.importance import importances_of
from sweeper.report.figures.subject import Axis, Curve, Mark, Step, Subject
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.trials import TrialStanding
from sweeper.report.statistics.interval import CONFIDENCE, IntervalMethod
from sweeper.report.tables.rows import Row, finished
from sweeper.report.tables.table import Table
from sweeper.spec.space import Interval
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.trials import Trial

MOST_CURVES = 10
"""How many configurations' learning curves are read, the best first."""

MOST_CURVED = 8
"""How many metrics are tried until one is found that was logged at more than one step."""


def depict(table: Table, reader: Reader) -> Subject:
    """Return what the figures of a table are drawn from; only learning curves are read from the store."""
    from sweeper.search.importance import importances
    from sweeper.search.pictures import METHOD

    sweep = table.observations.only_sweep if table.is_of_trials else None
    curve_metric, curves = _curves(table, reader)
    subject = Subject(
        title=", ".join(source.name for source in table.observations.sources),
        parameters=tuple(_parameters(table)),
        metrics=tuple(_metrics(table)),
        marks=tuple(_mark(table, row) for row in table.rows if _is_measured(row)),
        replicates=table.averaged,
        interval=_interval_words(table.question.interval),
        steps=tuple(_trials(sweep) if sweep else _runs(table)),
        curves=curves,
        curve_metric=table.question.label(curve_metric),
    )
    tried = [one.record for one in sweep.trials] if sweep else []
    is_alone = len(table.observations.sources) == 1  # parameters of several go together as the sources do
    shares = importances(sweep.spec, tried) if sweep else importances_of(subject) if is_alone else {}
    return replace(subject, importances=shares, importance_method=METHOD if shares else "")


def _parameters(table: Table) -> Iterator[Axis]:
    logarithmic = {
        one.name
        for sweep in table.observations.sweeps
        if sweep.spec.study
        for one in sweep.spec.study.space
        if isinstance(one.domain, Interval) and one.domain.is_log
    }
    best_per = [name for name in table.question.best_per if name in table.names]
    for name in best_per or table.shown_parameters:  # the best has one value of each of the others
        values = [row.values[name] for row in table.rows if name in row.values]
        yield Axis(name, table.question.label(name), all(map(is_number, values)), is_log=name in logarithmic)


def _metrics(table: Table) -> Iterator[Axis]:
    for metric, direction in zip(table.metrics, table.directions, strict=True):
        yield Axis(metric, table.question.label(metric), is_number=True, direction=direction)


def _is_measured(row: Row) -> bool:
    """Whether a row's mean is of all that was to be measured: that of a pruned trial is not."""
    return row.trial is None or row.trial.standing is TrialStanding.COMPLETE


def _mark(table: Table, row: Row) -> Mark:
    intervals = {name: one.interval for name, one in row.measurements.items() if one.interval}
    return Mark(
        values={name: table.question.worded(value) for name, value in row.values.items()},
        means={name: one.mean for name, one in row.measurements.items() if one.mean is not None},
        lows={name: interval.low for name, interval in intervals.items()},
        highs={name: interval.high for name, interval in intervals.items()},
        n=row.n,
        is_best=row.is_best,
        words=_words(table, row),
        trial=row.trials[0].number if row.trials else None,
        is_feasible=row.is_eligible,
    )


def _words(table: Table, row: Row) -> str:
    return ", ".join(
        f"{table.question.label(name)}={shown(table.question.worded(row.values[name]))}"
        for name in table.shown_parameters
        if name in row.values
    )


def _interval_words(method: IntervalMethod) -> str:
    return "" if method is IntervalMethod.NONE else f"{CONFIDENCE:.0%} {method} interval".replace("%", " %")


def _trials(sweep: SweepOutcomes) -> Iterator[Step]:
    for trial in sweep.trials:
        told = trial.told
        yield Step(
            number=trial.number,
            told=told.order if told else None,
            start=trial.record.start_time,
            end=_end(trial.record) if told else None,
            state=trial.standing.value,
            values=trial.values,
            is_feasible=trial.is_feasible,
            words=", ".join(f"{name}={shown(value)}" for name, value in trial.point.values),
        )


def _end(record: RunRecord | Trial) -> int | None:
    """Return when a run ended: not before it began, though the clock may have been set back meanwhile."""
    return None if record.end_time is None else max(record.start_time, record.end_time)


def _runs(table: Table) -> Iterator[Step]:
    runs = [one for one in table.observations.every if one.cell.run]
    runs.sort(key=lambda one: one.cell.run.start_time if one.cell.run else 0)
    for number, one in enumerate(runs):
        run = one.cell.run
        assert run is not None
        words = ", ".join(f"{name}={shown(value)}" for name, value in one.cell.point.values)
        yield Step(number, None, run.start_time, _end(run), one.cell.state.value, words=words)


def _curves(table: Table, reader: Reader) -> tuple[str, tuple[Curve, ...]]:
    """Return the first metric that was logged at several steps, and its course for the best configurations."""
    best = [row for row in table.rows if row.n][:MOST_CURVES]
    runs = {row_place: [one.cell.run_id for one in finished(row.observations)] for row_place, row in enumerate(best)}
    wanted = [run_id for ids in runs.values() for run_id in ids]
    for metric in _candidates(table, best):
        found = reader.curves(wanted, metric)
        if any(len(series) > 1 for series in found.values()):
            return metric, tuple(_drawn(table, best, runs, found))
    return "", ()


def _candidates(table: Table, best: Sequence[Row]) -> list[str]:
    logged = {name for row in best for one in row.observations if one.cell.run for name in one.cell.run.metrics}
    return [*table.metrics, *sorted(logged - {*table.metrics})][:MOST_CURVED]


def _drawn(
    table: Table, best: Sequence[Row], runs: Mapping[int, Sequence[str]], found: Mapping[str, Mapping[int, float]]
) -> Iterator[Curve]:
    for place, row in enumerate(best):
        series = tuple(found[run_id] for run_id in runs[place] if run_id in found)
        if series:
            yield Curve(_words(table, row), series)
