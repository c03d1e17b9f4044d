"""The tidy frame: one row a point or run, what every table is made of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from sweeper.report.lineage.origins import COMMIT, DIRTY
from sweeper.report.sources.cells import CellState
from sweeper.store.tags import Tag

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from sweeper.report.sources.observations import Observation, Observations
    from sweeper.store.records import RunRecord

_TRUTH = {"true": True, "false": False}

OWN_COLUMNS = ("sweep", "state", "reason", "run_id", "key", "started", "duration", "code", "commit", "dirty", "log")


def frame(observations: Observations) -> pd.DataFrame:
    """Return one row a point of a sweep, missing ones included, or a run of an experiment, in their order.

    The columns, in this order:

    ============  ===============  ==================================================================================
    ``sweep``     str              the sweep, or the experiment
    ``trial``     Int64            the first trial that tried the point; only if there is a study
    parameters    as in the spec   each by its name; None where it is not set
    metrics       float64          each that a result logged, the reported ones first; its last value
    ``state``     str              finished, pruned, running, failed, blocked, or missing
    ``reason``    str              why there is no result
    ``run_id``    str              the MLflow run that explains the state, '' if there is none
    ``key``       str              the identity of the work, '' if it is not known
    ``started``   datetime64, UTC  when the run started
    ``duration``  float64          how long it took, in seconds
    ``code``      str              digest of the task's source
    ``commit``    str              the git commit that it ran on
    ``dirty``     bool, or None    whether tracked files differed from the commit
    ``log``       str              where the task's log is
    ============  ===============  ==================================================================================

    What a run logged that is no result is left out. Of a sweep that is too large to list, only the points that left a
    trace have a row. A parameter that is called like one of these columns is ``params.<name>``, and a metric that is
    called like any other column ``metrics.<name>``.
    """
    every = observations.every
    own = ("trial", *OWN_COLUMNS) if any(one.trials for one in every) else OWN_COLUMNS
    parameters = distinct("params", observations.parameters, taken=own)
    logged = [_logged(one) for one in every]
    names = dict.fromkeys((*observations.metrics, *sorted({name for metrics in logged for name in metrics})))
    metrics = distinct("metrics", names, taken={*own, *parameters})
    columns = {
        "sweep": _words([one.source for one in every]),
        **({"trial": pd.Series([_first_trial(one) for one in every], dtype="Int64")} if "trial" in own else {}),
        **{column: series([one.values.get(name) for one in every]) for column, name in parameters.items()},
        **{column: _numbers([of.get(name) for of in logged]) for column, name in metrics.items()},
        **_of_runs(every),
    }
    return pd.DataFrame(columns)


def distinct(prefix: str, names: Iterable[str], *, taken: Container[str]) -> dict[str, str]:
    """Return the name behind each column: a column is called as its name is, but for the prefix if that is taken."""
    return {f"{prefix}.{name}" if name in taken else name: name for name in names}


def series(values: Sequence[Any]) -> pd.Series[Any]:
    """Return a column of values as they are, in the type that all of them share."""
    column = pd.Series(values, dtype=object)
    return column if any(value is None for value in values) else column.infer_objects()  # None would become NaN


def _of_runs(every: Sequence[Observation]) -> dict[str, pd.Series[Any]]:
    """Return the columns that say what became of each observation, and in which run."""

    def of_run(say: Callable[[RunRecord], Any], absent: Any = "") -> list[Any]:
        return [absent if one.cell.run is None else say(one.cell.run) for one in every]

    def tagged(tag: str) -> pd.Series[Any]:
        return _words(of_run(lambda run: run.tags.get(tag, "")))

    started = of_run(lambda run: run.start_time, None)
    dirty = of_run(lambda run: _TRUTH.get(run.tags.get(DIRTY, "")), None)
    return {
        "state": _words([one.cell.state.value for one in every]),
        "reason": _words([one.cell.reason for one in every]),
        "run_id": _words([one.cell.run_id for one in every]),
        "key": _words(of_run(lambda run: run.tags.get(Tag.CLAIM) or run.tags.get(Tag.KEY, ""))),
        "started": pd.to_datetime(pd.Series(started, dtype="float64"), unit="ms", utc=True).dt.as_unit("ms"),
        "duration": _numbers(of_run(lambda run: run.seconds, None)),
        "code": tagged(Tag.SOURCE),
        "commit": tagged(COMMIT),
        "dirty": series(dirty),
        "log": _words([one.cell.log for one in every]),
    }


def _first_trial(one: Observation) -> int | None:
    return min((trial.number for trial in one.trials), default=None)


def _words(values: Sequence[str]) -> pd.Series[Any]:
    return pd.Series(values, dtype=object)


def _numbers(values: Sequence[float | None]) -> pd.Series[Any]:
    return pd.Series(values, dtype="float64")


def _logged(one: Observation) -> Mapping[str, float]:
    """Return the metrics of a result, also of one that lacks the sweep's own."""
    run = one.cell.run
    return run.metrics if run and (run.key or one.cell.state is CellState.FINISHED) else {}
