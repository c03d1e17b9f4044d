"""Tables for programs: every number in full, every parameter, names that do not change."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from sweeper.identity import canonical
from sweeper.report.escape import spreadsheet
from sweeper.report.frame import distinct, series
from sweeper.report.outcomes import Outcomes, PointState
from sweeper.report.replicates import Configuration, configurations

_UNFINISHED = tuple(state for state in PointState if state is not PointState.FINISHED)


def to_csv(outcomes: Outcomes) -> str:
    """Return one line a configuration, the best first, safe to open in a spreadsheet.

    The columns are the swept parameters but for the replicate, ``<metric>_mean``, ``<metric>_std``, ``n``, the numbers
    of points ``running``, ``failed``, ``blocked`` and ``missing``, and ``best``. A parameter that is called like one of
    the others is ``params.<name>``.
    """
    rows = configurations(outcomes)
    own: dict[str, list[Any]] = {
        f"{outcomes.metric}_mean": [row.measurement.mean for row in rows],
        f"{outcomes.metric}_std": [row.measurement.std for row in rows],
        "n": [row.measurement.n for row in rows],
        **{state.value: [row.counts[state] for row in rows] for state in _UNFINISHED},
        "best": [row.is_best for row in rows],
    }
    names = [name for name in outcomes.spec.swept if name != outcomes.spec.replicates]
    parameters = {
        column: [spreadsheet(row.point.get(name)) for row in rows]
        for column, name in distinct("params", names, taken=own).items()
    }
    columns = {spreadsheet(column): series(values) for column, values in {**parameters, **own}.items()}
    return str(pd.DataFrame(columns).to_csv(index=False, lineterminator="\n")).rstrip("\n")


def to_json(outcomes: Outcomes) -> str:
    """Return the sweep, its configurations with the best first, and how many of its points are in each state.

    Parameter values, and means that are not finite, are in canonical form.
    """
    counts = {state.value: count for state, count in outcomes.counts().items()}
    document = {
        "sweep": outcomes.sweep,
        "metric": outcomes.metric,
        "direction": outcomes.direction and outcomes.direction.value,
        "replicates": outcomes.spec.replicates,
        "fixed": canonical(dict(outcomes.spec.fixed)),
        "configurations": [_configuration(row) for row in configurations(outcomes)],
        "points": {"total": outcomes.total.number, "is_exact": outcomes.total.is_exact, **counts},
        "outside": outcomes.outside,
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _configuration(row: Configuration) -> dict[str, Any]:
    return {
        "parameters": {name: canonical(value) for name, value in row.point.values},
        "mean": canonical(row.measurement.mean),
        "std": canonical(row.measurement.std),
        "n": row.measurement.n,
        **{state.value: row.counts[state] for state in _UNFINISHED},
        "best": row.is_best,
    }
