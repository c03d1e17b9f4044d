"""What a reader wants to know of some results: which table to make of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeper.errors import InputError
from sweeper.report.conditions import Condition
from sweeper.report.statistics.interval import IntervalMethod
from sweeper.report.statistics.significance import PairedTest
from sweeper.spec import Direction


@dataclass(frozen=True, slots=True)
class Order:
    """By which parameter or metric the rows stand in order."""

    name: str
    is_descending: bool = False

    @classmethod
    def parse(cls, text: str) -> Order:
        """Return the order that a name means, descending after a ``-``."""
        return cls(text.removeprefix("-"), text.startswith("-"))


@dataclass(frozen=True, slots=True)
class Pivot:
    """A table of two ways: the parameters whose values are the rows, and those whose values are the columns."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, those of the rows first."""
        return (*self.rows, *self.columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Which table is wanted.

    ``metrics`` are the sweeps' own objectives if there are none; ``directions`` say which values of one are better,
    where the sweeps do not. A row is a configuration, or all that share the values of the parameters in ``group_by``
    or of the ``pivot``. ``best_per`` keeps the best row for each value of those parameters, ``top`` the first rows.
    ``columns`` are parameters to show though they do not vary. ``replicates`` are parameters in which repeated
    measurements differ, besides those that the sweeps name. Rows are compared, by ``test``, with those for which
    ``baseline`` holds. ``labels`` are what readers see in the place of names, and of
    values that are words.
    """

    metrics: tuple[str, ...] = ()
    directions: Mapping[str, Direction] = field(default_factory=dict)
    where: tuple[Condition, ...] = ()
    group_by: tuple[str, ...] = ()
    pivot: Pivot | None = None
    best_per: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    replicates: tuple[str, ...] = ()
    order: Order | None = None
    top: int | None = None
    baseline: tuple[Condition, ...] = ()
    test: PairedTest = PairedTest.T
    interval: IntervalMethod = IntervalMethod.T
    quantiles: tuple[float, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pivot:
            self._check_pivot(self.pivot)
        if any(one.relation != "=" for one in self.baseline):
            raise InputError("a baseline is named by what its parameters are: NAME=VALUE")
        if not all(0 <= share <= 1 for share in self.quantiles):
            raise InputError("a quantile is of a share from 0 to 1")

    def _check_pivot(self, pivot: Pivot) -> None:
        if not (pivot.rows and pivot.columns) or {*pivot.rows} & {*pivot.columns}:
            raise InputError("a pivot has some parameters for its rows, and others for its columns")
        if self.group_by:
            raise InputError("a table is grouped or pivoted, not both: the pivot's parameters are its groups")
        if self.baseline:
            raise InputError("a pivot has no room for a comparison with a baseline; take --group-by")
        if self.order or self.top or self.columns:
            raise InputError("a pivot shows all of its own parameters, in the order of their values; take --group-by")

    @property
    def grouping(self) -> tuple[str, ...]:
        """The parameters by which results are put together; none if a row is a configuration."""
        return self.pivot.names if self.pivot else self.group_by

    def parameters(self) -> Iterator[str]:
        """Yield every name that must be a parameter."""
        yield from self.grouping
        yield from self.best_per
        yield from self.columns
        yield from self.replicates
        yield from (one.name for one in self.baseline)

    def names(self) -> Iterator[str]:
        """Yield every name that must be a parameter, or something else that is known of a result."""
        yield from self.parameters()
        yield from (one.name for one in self.where)
        if self.order:
            yield self.order.name

    def label(self, name: str) -> str:
        """Return what readers see in the place of a name."""
        return self.labels.get(name, name)

    def worded(self, value: Any) -> Any:
        """Return what readers see in the place of a parameter's value: its label, if it is a word that has one."""
        return self.label(value) if isinstance(value, str) else value


STANDARD = Question()
"""The table that is made of a sweep if nothing else is asked for."""
