"""The table that answers a question: which rows, in which order, compared with what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import filterfalse
from typing import Any

from sweeper.errors import InputError, did_you_mean
from sweeper.report.conditions import is_number
from sweeper.report.escape import shown
from sweeper.report.question import Order, Question
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.observations import SWEEP, Observations
from sweeper.report.sources.values import identity, is_nan
from sweeper.report.tables import contrasts
from sweeper.report.tables.rows import Row, grouping, is_front, rows, varying
from sweeper.spec import Direction


@dataclass(frozen=True, slots=True)
class Table:
    """Rows, and what they were made of.

    ``names`` are the parameters whose values the results in a row share, ``averaged`` those in which they differ.
    ``varying`` are the parameters that have several values among the observations, or are not set by all of them.
    ``rows`` are all of them, in order; how many a reader is shown is for the reader's format. ``left_out`` is how many
    rows ``--top`` leaves out, and ``tests`` how many comparisons with a baseline were tested, theirs too.
    """

    question: Question
    observations: Observations
    names: tuple[str, ...]
    averaged: tuple[str, ...]
    varying: frozenset[str]
    rows: tuple[Row, ...]
    left_out: int = 0
    tests: int = 0

    @property
    def metrics(self) -> tuple[str, ...]:
        """What the rows are compared by."""
        return self.observations.metrics

    @property
    def directions(self) -> tuple[Direction | None, ...]:
        """Which values of each metric are better; None where it is not known."""
        return self.observations.directions

    @property
    def has_repeats(self) -> bool:
        """Whether a row may stand for several results."""
        return bool(self.averaged) or any(row.n > 1 for row in self.rows)

    @property
    def is_of_trials(self) -> bool:
        """Whether the rows are the configurations that one study tried."""
        sweep = self.observations.only_sweep
        return sweep is not None and sweep.spec.study is not None and not self.question.grouping

    @property
    def shown_parameters(self) -> tuple[str, ...]:
        """The parameters that are columns: those that vary, are searched, or were asked for."""
        sweep = self.observations.only_sweep
        searched = sweep.spec.study.names if sweep and sweep.spec.study else ()
        asked = {*searched, *self.question.columns, *self.question.grouping}
        names = dict.fromkeys([*searched, *self.names])
        return tuple(name for name in names if name in self.names and (name in asked or name in self.varying))

    @property
    def fixed(self) -> Mapping[str, Any]:
        """The parameters that all observations share, with their values, but for those that are columns."""
        known = {*self.shown_parameters, *self.averaged, SWEEP}
        first = self.observations.every[0].values if self.observations.every else {}
        return {
            name: first[name]
            for name in self.observations.parameters
            if name in first and name not in known and name not in self.varying
        }

    @property
    def is_front(self) -> bool:
        """Whether the best rows are a Pareto front."""
        return is_front(self.observations)


def answer(question: Question, observations: Observations) -> Table:
    """Return the table that a question asks for.

    Raises ``InputError`` for a baseline that is no row, and for a best row where it is not known what is better.
    """
    if not observations.metrics:
        logged = sorted({name for source in observations.sources for name in source.logged})
        raise InputError(f"name what to compare by --metric; logged were: {', '.join(logged) or 'none'}")
    if question.best_per:
        observations = _best_per(question, observations)
    names = grouping(observations, question)
    found = rows(observations, question, names)
    averaged = _averaged(observations, found) if question.grouping else observations.replicates
    if not is_front(observations):
        found = contrasts.mark_alike(found, observations.metrics, averaged, question.test)
    if question.baseline:
        found = contrasts.against_baseline(found, observations.metrics, averaged, question)
    if question.order:
        found = _in_order(found, question.order, (*names, *observations.metrics))
    kept = found[: question.top]
    differing = varying((SWEEP, *observations.parameters), observations.every)
    tests = sum(one.is_tested for row in found for one in row.comparisons.values())
    return Table(question, observations, names, averaged, differing, kept, len(found) - len(kept), tests)


def _best_per(question: Question, observations: Observations) -> Observations:
    """Return what the best configuration for each combination of the values of some parameters is made of."""
    if observations.directions[0] is None:
        metric = observations.metrics[0]
        raise InputError(f"the best {metric} is not known; say which it is by --maximize or --minimize {metric}")
    plain = replace(question, group_by=(), pivot=None, columns=())
    names = grouping(observations, plain)
    for name in question.best_per:
        if name not in (*names, SWEEP):
            raise InputError(f"--best-per {name}: configurations are means over it")
    best: dict[tuple[Any, ...], Row] = {}
    for row in rows(observations, plain, names):
        best.setdefault(tuple(identity(row.values.get(name)) for name in question.best_per), row)
    return replace(observations, every=tuple(one for row in best.values() for one in row.observations))


def _in_order(found: Sequence[Row], order: Order, known: Sequence[str]) -> tuple[Row, ...]:
    """Return rows in the order of a parameter or a metric; those that have none of it come last."""
    if order.name not in known:
        raise InputError(f"--sort {order.name}: the table has no such column; {did_you_mean(order.name, known)}")

    def value(row: Row) -> Any:
        return row.measurements[order.name].mean if order.name in row.measurements else row.values.get(order.name)

    def is_absent(row: Row) -> bool:
        return value(row) is None or is_nan(value(row))

    has = sorted(filterfalse(is_absent, found), key=lambda row: natural(value(row)), reverse=order.is_descending)
    return (*has, *filter(is_absent, found))


def natural(value: Any) -> tuple[int, float, str]:
    """Return what puts values into an order that readers expect: numbers by size, then words."""
    if is_number(value) and not is_nan(value):
        return 0, value, ""
    return 1, 0.0, value.isoformat() if hasattr(value, "isoformat") else shown(value)


def _averaged(observations: Observations, found: Sequence[Row]) -> tuple[str, ...]:
    """Return the parameters in which the results of one row differ; the replicates come last."""
    names = [name for name in observations.parameters if name not in observations.replicates]
    differing = frozenset[str]().union(*(varying(observations.parameters, row.observations) for row in found))
    if any(_is_pooled(row) for row in found):
        differing |= {SWEEP}
    return tuple(name for name in dict.fromkeys((SWEEP, *names, *observations.replicates)) if name in differing)


def _is_pooled(row: Row) -> bool:
    """Whether the results of a row are of several sweeps, none of which has all of them."""
    found = {(one.source, one.cell.run_id) for one in row.observations if one.cell.state is CellState.FINISHED}
    return row.n > max(Counter(source for source, _ in found).values(), default=0)
