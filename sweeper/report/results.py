"""Results for programs and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweeper.report.conditions import Condition
from sweeper.report.question import Question
from sweeper.report.sources import open_store, read

if TYPE_CHECKING:
    import pandas as pd


def results(
    *sweeps: str,
    metrics: Sequence[str] = (),
    where: Sequence[str] = (),
    experiments: Sequence[str] = (),
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return the tidy frame of some sweeps and experiments, of the newest sweep by default: one row a point or run.

    Its columns are those of ``sweeper.report.frame.frame``: the sweep, parameters, metrics, state, reason, run, key,
    time, code and log. ``metrics`` come first among the metrics; ``where`` are conditions as the command line has them,
    such as ``"learning_rate < 0.1"``. The store is that of ``tracking_uri``, else of ``MLFLOW_TRACKING_URI``, else of
    the nearest ``results/`` folder.

    Raises ``InputError`` for a name that the store does not have, and ``StoreError`` if it cannot be reached.
    """
    from sweeper.report.frame import frame

    question = Question(metrics=tuple(metrics), where=tuple(map(Condition.parse, where)))
    return frame(read(open_store(tracking_uri), sweeps, experiments, question))
