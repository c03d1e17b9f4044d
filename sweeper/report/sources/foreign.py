"""The runs of an MLflow experiment, whoever made them, as points of a table."""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.points import Point
from sweeper.report.sources.cells import Cell, CellState, cell_of, said, unfinished
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import PARENT_TAG, Kind, Tag

_TRUTH = {"True": True, "False": False, "true": True, "false": False}


@dataclass(frozen=True, slots=True)
class ExperimentRuns:
    """An experiment and all its runs, oldest first."""

    name: str
    runs: tuple[RunRecord, ...]

    @property
    def logged(self) -> frozenset[str]:
        """The metrics that the runs have logged."""
        return frozenset(name for run in self.runs for name in run.metrics)

    def cells(self, metrics: Sequence[str]) -> Iterator[Cell]:
        """Yield a cell for each run that sweeper did not make, and for each piece of work of those that it made.

        What sweeper keeps for itself is left out, and runs that only hold others together.
        """
        parents = {run.tags[PARENT_TAG] for run in self.runs if PARENT_TAG in run.tags}
        attempts: defaultdict[str, list[RunRecord]] = defaultdict(list)
        for run in self.runs:
            match run.tags.get(Tag.KIND):
                case None:
                    if run.run_id not in parents or run.metrics:
                        yield _of_foreign(run, metrics)
                case Kind.TASK:
                    attempts[run.tags.get(Tag.CLAIM, run.run_id)].append(run)
                case _:
                    pass
        for runs in attempts.values():
            yield cell_of(_point(runs[-1]), runs, None, (), metrics)


@functools.lru_cache(maxsize=65_536)  # runs share most of their values
def typed(text: str) -> Any:
    """Return the value that MLflow's text of a parameter was made from, as far as that can be told.

    That is a truth value, a number, a date, a list, a table, or None; else a string. Numbers with zeros in front, such
    as ``007``, are names.
    """
    if text in _TRUTH:
        return _TRUTH[text]
    if text in ("", "None"):
        return None
    for form, read in _FORMS:
        if form.fullmatch(text):
            try:
                return read(text)
            except (ValueError, RecursionError):
                return text
    return text


def parameters(params: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of a run's parameters; one that is None is not set."""
    values = {name: typed(text) for name, text in params.items()}
    return {name: value for name, value in values.items() if value is not None}


def _of_foreign(run: RunRecord, metrics: Sequence[str]) -> Cell:
    if run.status is RunStatus.FINISHED:
        return Cell(_point(run), CellState.FINISHED, run=run, values=said(run, metrics))
    if not run.status.is_over:
        return Cell(_point(run), CellState.RUNNING, run=run)
    return unfinished(_point(run), run)


def _point(run: RunRecord) -> Point:
    return Point.of(dict(sorted(parameters(run.params).items())))


def _read_real(text: str) -> float:
    """Return a number; raises ``ValueError`` for one that a float does not hold: ``1e999`` is a name."""
    number = float(text)
    if math.isinf(number) and "inf" not in text:
        raise ValueError(text)
    return number


_FORMS: tuple[tuple[re.Pattern[str], Callable[[str], Any]], ...] = (
    (re.compile(r"[-+]?0[0-9]+"), str),
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?inf"), _read_real),
    (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), dt.date.fromisoformat),
    (re.compile(r"\[.*\]|\{.*\}", re.DOTALL), json.loads),
)
