"""Results for programs and notebooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.question import Question
from sweeper.report.sources.reading import open_store, read

if TYPE_CHECKING:
    import pandas as pd


def results(
    *sweeps: str,
    metrics: str | Sequence[str] = (),
    where: str | Sequence[str] = (),
    experiments: str | Sequence[str] = (),
    tracking_uri: str | None = None,
) -> pd.DataFrame:
    """Return the tidy frame of some sweeps and experiments, of the newest sweep by default: one row a point or run.

    Its columns are those of ``sweeper.report.sources.frame.frame``: the sweep, parameters, metrics, state, reason, run,
    key, time, code and log. ``metrics`` come first among the metrics; ``where`` are conditions as the command line has
    them, such as ``"learning_rate < 0.1"``; one of a kind may stand by itself. The store is that of ``tracking_uri``,
    else of ``MLFLOW_TRACKING_URI``, else of the nearest ``results/`` folder.

    Raises ``InputError`` for a name that the store does not have, and ``StoreError`` if it cannot be reached.
    """
    from sweeper.report.sources.frame import frame

    if not all(isinstance(name, str) for name in sweeps):
        raise InputError('name sweeps as strings, one by one: results("bert_lr", "digits")')

    question = Question(metrics=_each(metrics), where=tuple(map(Condition.parse, _each(where))))
    return frame(read(open_store(tracking_uri), sweeps, _each(experiments), question))


def _each(words: str | Sequence[str]) -> tuple[str, ...]:
    return (words,) if isinstance(words, str) else tuple(words)
