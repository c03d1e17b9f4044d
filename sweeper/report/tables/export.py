"""Tables for programs: every number in full, every parameter, names that do not change."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sweeper.identity import canonical
from sweeper.report.escape import spreadsheet
from sweeper.report.lineage.notes import notes
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.foreign import ExperimentRuns
from sweeper.report.sources.frame import distinct, frame, series
from sweeper.report.sources.observations import Observations, Source
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.study import StudyOutcomes
from sweeper.report.sources.trials import TrialOutcome
from sweeper.report.statistics.measurement import Measurement
from sweeper.report.statistics.significance import Comparison
from sweeper.report.tables.columns import quantile_name
from sweeper.report.tables.rows import Row
from sweeper.report.tables.table import Table

_UNFINISHED = tuple(state for state in CellState if state is not CellState.FINISHED)


def to_csv(table: Table) -> str:
    """Return one line a row of the table, safe to open in a spreadsheet.

    The columns are the parameters of the rows; of each metric ``<metric>_mean``, ``_std``, ``_n``, ``_ci_low``,
    ``_ci_high``, the quantiles that were asked for, ``_best``, ``_alike`` and ``_untold``, and with a baseline
    ``_difference``, ``_difference_low``, ``_difference_high``, ``_effect``, ``_p``, ``_p_holm``, ``_pairs`` and
    ``_untested`` (why there is no p); ``n``, and the numbers of points ``pruned``, ``running``, ``failed``, ``blocked``
    and ``missing``; with a baseline, ``baseline``: whether the row is one. The configurations of a study have
    ``trial``, the first that tried it, in front, and ``state`` and ``feasible`` behind. A parameter that is called like
    one of the others is ``params.<name>``.
    """
    import pandas as pd

    own: dict[str, list[Any]] = {
        **{column: values for metric in table.metrics for column, values in _measured(table, metric).items()},
        "n": [row.n for row in table.rows],
        **{state.value: [row.counts[state] for row in table.rows] for state in _UNFINISHED},
    }
    if table.question.baseline:
        own["baseline"] = [row.is_baseline for row in table.rows]
    first: dict[str, list[Any]] = {}
    if table.is_of_trials:
        first = {"trial": [row.trials[0].number for row in table.rows]}
        trials = [row.trial for row in table.rows if row.trial]
        own |= {"state": [one.standing.value for one in trials], "feasible": [_feasible(one) for one in trials]}
    parameters = {
        column: [spreadsheet(row.values.get(name)) for row in table.rows]
        for column, name in distinct("params", table.names, taken={*first, *own}).items()
    }
    columns = {spreadsheet(column): series(values) for column, values in {**first, **parameters, **own}.items()}
    return str(pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")).rstrip("\n")


def to_long_csv(table: Table) -> str:
    """Return one line a point or run, as ``frame`` has it, safe to open in a spreadsheet."""
    import pandas as pd

    tidy = frame(_of_rows(table))
    words = tidy.select_dtypes(include=["object", "string"]).columns
    tidy = tidy.assign(**{column: pd.Series([*map(spreadsheet, tidy[column])], dtype=object) for column in words})
    return str(tidy.rename(columns=spreadsheet).to_csv(index=False, lineterminator="\n")).rstrip("\n")


def to_json(table: Table) -> str:
    """Return the rows of the table, where they are from, and what their numbers are.

    Parameter values, and numbers that are not finite, are in canonical form.
    """
    observations, question = table.observations, table.question
    document = {
        "sources": [_source(source) for source in observations.sources],
        "metrics": dict(zip(table.metrics, table.directions, strict=True)),
        "parameters": [*table.names],
        "averaged": [*table.averaged],
        "fixed": canonical(dict(table.fixed)),
        "interval": question.interval.value,
        "baseline": [str(one) for one in question.baseline],
        "test": question.test.words,
        "where": [str(one) for one in question.where],
        "rows": [_row(row) for row in table.rows],
        "notes": [*notes(observations.runs, observations.lineage)],
    }
    return _dumped(document)


def to_long_json(table: Table) -> str:
    """Return a list of points and runs, as ``frame`` has them, in canonical form; what is not there is null."""
    tidy = frame(_of_rows(table))
    records = zip(*(tidy[column].tolist() for column in tidy.columns), strict=True)
    return _dumped([dict(zip(tidy.columns, map(_plain, record), strict=True)) for record in records])


def _of_rows(table: Table) -> Observations:
    """Return what the rows of a table are made of, without what ``--top`` leaves out."""
    if not table.left_out:
        return table.observations
    kept = {id(one) for row in table.rows for one in row.observations}
    return replace(table.observations, every=tuple(one for one in table.observations.every if id(one) in kept))


def _dumped(document: Any) -> str:
    return json.dumps(document, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    """Return a value of a frame in canonical form; pandas' words for what is not there become None."""
    import pandas as pd

    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    is_absent = value is pd.NaT or value is pd.NA or (isinstance(value, float) and math.isnan(value))
    return None if is_absent else canonical(value)


def _measured(table: Table, metric: str) -> Mapping[str, list[Any]]:
    measurements = [row.measurements[metric] for row in table.rows]
    columns: dict[str, list[Any]] = {
        "mean": [one.mean for one in measurements],
        "std": [one.std for one in measurements],
        "n": [one.n for one in measurements],
        "ci_low": [one.interval and one.interval.low for one in measurements],
        "ci_high": [one.interval and one.interval.high for one in measurements],
    }
    for share in table.question.quantiles:
        columns[quantile_name(share)] = [one.quantiles.get(share) for one in measurements]
    columns["best"] = [metric in row.best for row in table.rows]
    columns["alike"] = [metric in row.alike for row in table.rows]
    columns["untold"] = [metric in row.untold for row in table.rows]
    if table.question.baseline:
        columns |= _compared([row.comparisons.get(metric) for row in table.rows])
    return {f"{metric}_{name}": values for name, values in columns.items()}


def _compared(found: Sequence[Comparison | None]) -> dict[str, list[Any]]:
    return {
        "difference": [one and one.difference for one in found],
        "difference_low": [one and one.interval and one.interval.low for one in found],
        "difference_high": [one and one.interval and one.interval.high for one in found],
        "effect": [one and one.effect for one in found],
        "p": [one and one.p for one in found],
        "p_holm": [one and one.adjusted for one in found],
        "pairs": [one and one.pairs for one in found],
        "untested": [one and (one.reason or "") for one in found],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "parameters": {name: canonical(value) for name, value in row.values.items()},
        "metrics": {metric: dict(_measurement(row, metric)) for metric in row.measurements},
        "n": row.n,
        **{state.value: row.counts[state] for state in _UNFINISHED},
        "best": row.is_best,
        "baseline": row.is_baseline,
        **(_tried(row, row.trial) if row.trial else {}),
    }


def _measurement(row: Row, metric: str) -> Iterator[tuple[str, Any]]:
    measurement: Measurement = row.measurements[metric]
    yield "mean", canonical(measurement.mean)
    yield "std", canonical(measurement.std)
    yield "n", measurement.n
    yield "interval", measurement.interval and [measurement.interval.low, measurement.interval.high]
    if measurement.quantiles:
        yield "quantiles", {quantile_name(share): canonical(value) for share, value in measurement.quantiles.items()}
    yield "best", metric in row.best
    yield "alike", metric in row.alike
    yield "untold", metric in row.untold
    comparison = row.comparisons.get(metric)
    if comparison:
        yield "comparison", {name: values[0] for name, values in _compared([comparison]).items()}


def _tried(row: Row, trial: TrialOutcome) -> dict[str, Any]:
    return {
        "trial": row.trials[0].number,
        "trials": [one.number for one in row.trials],
        "state": trial.standing.value,
        "feasible": _feasible(trial),
    }


def _source(source: Source) -> dict[str, Any]:
    if isinstance(source, ExperimentRuns):
        return {"experiment": source.name, "runs": len(source.runs)}
    counts = {state.value: count for state, count in source.counts().items()}
    return {
        "sweep": source.name,
        "points": {"total": source.total.number, "is_exact": source.total.is_exact, **counts},
        "outside": source.outside,
        **({"study": _study(source, source.study)} if source.study else {}),
    }


def _study(outcomes: SweepOutcomes, study: StudyOutcomes) -> dict[str, Any]:
    """Return what a study has come to by its own objectives, whatever metric is reported."""
    from sweeper.search.importance import importances

    return {
        "trials": {"total": study.design.trials, **study.counts},
        "best": study.best and study.best.number,
        "front": [trial.number for trial in study.front],
        "improvements": [{"trial": trial.number, "value": canonical(trial.values[0])} for trial in study.improvements],
        "importances": dict(importances(outcomes.spec, [one.record for one in outcomes.trials])),
    }


def _feasible(trial: TrialOutcome) -> bool | None:
    """Return whether a complete trial keeps every constraint; None of any other."""
    return trial.is_feasible if trial.values else None
