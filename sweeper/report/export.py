"""Tables for programs: every number in full, every parameter, names that do not change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from sweeper.identity import canonical
from sweeper.report.cells import CellState
from sweeper.report.escape import spreadsheet
from sweeper.report.frame import distinct, series
from sweeper.report.outcomes import SweepOutcomes
from sweeper.report.replicates import Configuration, configurations
from sweeper.report.study import StudyOutcomes
from sweeper.report.trials import TrialOutcome

_UNFINISHED = tuple(state for state in CellState if state is not CellState.FINISHED)


def to_csv(outcomes: SweepOutcomes) -> str:
    """Return one line a configuration, the best first, safe to open in a spreadsheet.

    The columns are the swept parameters but for the replicates, ``<metric>_mean`` and ``<metric>_std`` of each metric,
    ``n``, the numbers of points ``pruned``, ``running``, ``failed``, ``blocked`` and ``missing``, and ``best``. A study
    has ``trial``, the first that tried the configuration, in front, and ``state`` and ``feasible`` behind them. A
    parameter that is called like one of the others is ``params.<name>``.
    """
    rows = configurations(outcomes)
    own: dict[str, list[Any]] = {
        **{column: values for metric in outcomes.metrics for column, values in _measured(metric, rows).items()},
        "n": [row.n for row in rows],
        **{state.value: [row.counts[state] for row in rows] for state in _UNFINISHED},
        "best": [row.is_best for row in rows],
    }
    first: dict[str, list[Any]] = {}
    if outcomes.study:
        first = {"trial": [row.trials[0].number for row in rows]}
        trials = [row.trial for row in rows if row.trial]
        own |= {"state": [one.standing.value for one in trials], "feasible": [_feasible(one) for one in trials]}
    names = [name for name in outcomes.spec.swept if name not in outcomes.spec.replicate_names]
    parameters = {
        column: [spreadsheet(row.point.get(name)) for row in rows]
        for column, name in distinct("params", names, taken={*first, *own}).items()
    }
    columns = {spreadsheet(column): series(values) for column, values in {**first, **parameters, **own}.items()}
    return str(pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")).rstrip("\n")


def to_json(outcomes: SweepOutcomes) -> str:
    """Return the sweep, its configurations with the best first, and how many of its points are in each state.

    Parameter values, and means that are not finite, are in canonical form.
    """
    counts = {state.value: count for state, count in outcomes.counts().items()}
    document = {
        "sweep": outcomes.sweep,
        "metrics": dict(zip(outcomes.metrics, outcomes.directions, strict=True)),
        "replicates": [*outcomes.spec.replicate_names],
        "fixed": canonical(dict(outcomes.spec.fixed)),
        "configurations": [_configuration(row) for row in configurations(outcomes)],
        "points": {"total": outcomes.total.number, "is_exact": outcomes.total.is_exact, **counts},
        **({"study": _study(outcomes, outcomes.study)} if outcomes.study else {}),
        "outside": outcomes.outside,
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _measured(metric: str, rows: Sequence[Configuration]) -> dict[str, list[float | None]]:
    measurements = [row.measurements[metric] for row in rows]
    return {f"{metric}_mean": [one.mean for one in measurements], f"{metric}_std": [one.std for one in measurements]}


def _configuration(row: Configuration) -> dict[str, Any]:
    return {
        "parameters": {name: canonical(value) for name, value in row.point.values},
        "metrics": {
            metric: {"mean": canonical(measurement.mean), "std": canonical(measurement.std)}
            for metric, measurement in row.measurements.items()
        },
        "n": row.n,
        **{state.value: row.counts[state] for state in _UNFINISHED},
        "best": row.is_best,
        **(_tried(row, row.trial) if row.trial else {}),
    }


def _tried(row: Configuration, trial: TrialOutcome) -> dict[str, Any]:
    return {
        "trial": row.trials[0].number,
        "trials": [one.number for one in row.trials],
        "state": trial.standing.value,
        "feasible": _feasible(trial),
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
