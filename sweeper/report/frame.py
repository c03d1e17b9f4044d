"""The tidy table: one row a point, for pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from sweeper.report.cells import Cell
    from sweeper.report.outcomes import SweepOutcomes

OWN_COLUMNS = ("state", "reason", "run_id", "seconds", "log")


def frame(outcomes: SweepOutcomes) -> pd.DataFrame:
    """Return one row a point, missing ones included, in the order of the spec.

    Of a sweep whose outcomes are partial, only the points that left a trace have a row.

    The columns are the swept parameters, every metric that the points' results logged (the reported ones first), and
    ``state``, ``reason``, ``run_id``, ``seconds`` and ``log``; what a run logged that is no result is left out. A
    study has ``trial``, the number of the first that tried the point, in front. Parameters keep the types that they
    have in the spec. A parameter that is called like one of these columns is ``params.<name>``, and a metric that is
    called like any other column ``metrics.<name>``.
    """
    cells = outcomes.cells
    own = OWN_COLUMNS if outcomes.study is None else ("trial", *OWN_COLUMNS)
    parameters = distinct("params", outcomes.spec.swept, taken=own)
    logged = [_logged(cell) for cell in cells]
    names = dict.fromkeys((*outcomes.metrics, *sorted({name for metrics in logged for name in metrics})))
    metrics = distinct("metrics", names, taken={*own, *parameters})
    columns: dict[str, list[Any]] = {
        **({} if outcomes.study is None else {"trial": _first_trials(outcomes)}),
        **{column: [cell.point.get(name) for cell in cells] for column, name in parameters.items()},
        **{column: [of.get(name) for of in logged] for column, name in metrics.items()},
        "state": [cell.state.value for cell in cells],
        "reason": [cell.reason for cell in cells],
        "run_id": [cell.run_id for cell in cells],
        "seconds": [cell.run and cell.run.seconds for cell in cells],
        "log": [cell.log for cell in cells],
    }
    numbers = {*metrics, "seconds"}
    return pd.DataFrame({column: series(values, is_number=column in numbers) for column, values in columns.items()})


def distinct(prefix: str, names: Iterable[str], *, taken: Container[str]) -> dict[str, str]:
    """Return the name behind each column: a column is called as its name is, but for the prefix if that is taken."""
    return {f"{prefix}.{name}" if name in taken else name: name for name in names}


def series(values: Sequence[Any], *, is_number: bool = False) -> pd.Series[Any]:
    """Return a column: numbers as float64, other values as they are, in the type that all of them share."""
    if is_number:
        return pd.Series(values, dtype="float64")
    column = pd.Series(values, dtype=object)
    return column if any(value is None for value in values) else column.infer_objects()  # None would become NaN


def _first_trials(outcomes: SweepOutcomes) -> list[int]:
    """Return for each cell the number of the first trial that tried its point."""
    numbers = {trial.point: trial.number for trial in reversed(outcomes.trials)}
    return [numbers[cell.point.configuration(outcomes.spec.replicate_names)] for cell in outcomes.cells]


def _logged(cell: Cell) -> Mapping[str, float]:
    """Return the metrics of a point's result."""
    return cell.run.metrics if cell.run and cell.run.key else {}
