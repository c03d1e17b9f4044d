"""What figures are drawn from: configurations and their means, trials and runs over time, learning curves.

All of it is plain data, whose words are still as the user wrote them: who draws it, escapes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeper.spec import Direction


@dataclass(frozen=True, slots=True)
class Axis:
    """A parameter or a metric: its name, and what readers see in its place.

    ``is_log``: its scale is logarithmic. ``direction`` says which values of a metric are better, where that is known.
    """

    name: str
    label: str
    is_number: bool
    is_log: bool = False
    unit: str = ""
    direction: Direction | None = None

    @property
    def title(self) -> str:
        """The label with unit and scale, as in ``Accuracy (%)`` and ``rate (1/s, log scale)``."""
        notes = ", ".join([*filter(None, [self.unit]), *["log scale"] * self.is_log])
        return f"{self.label} ({notes})" if notes else self.label


@dataclass(frozen=True, slots=True)
class Mark:
    """A configuration with what its ``n`` replicates came to.

    ``values`` are those of the parameters that are set; a conditional one may be absent. ``means`` has each metric with
    a result, ``lows`` and ``highs`` the ends of its interval where that is known. ``words`` say the configuration. One
    that is not feasible breaks a constraint: it is drawn, and never the best.
    """

    values: Mapping[str, Any]
    means: Mapping[str, float]
    lows: Mapping[str, float] = field(default_factory=dict)
    highs: Mapping[str, float] = field(default_factory=dict)
    n: int = 1
    is_best: bool = False
    words: str = ""
    trial: int | None = None
    is_feasible: bool = True


@dataclass(frozen=True, slots=True)
class Step:
    """A trial, or a run of a grid, over time.

    ``start`` and ``end`` are milliseconds since the epoch; one that runs has no end. ``told`` counts what has ended, in
    that order; None before. ``values`` are those of a trial's objectives, () for a run of a grid.
    """

    number: int
    told: int | None
    start: int
    end: int | None
    state: str
    values: tuple[float, ...] = ()
    is_feasible: bool = True
    words: str = ""


@dataclass(frozen=True, slots=True)
class Curve:
    """How a metric of a configuration went, step by step: a series for each replicate."""

    words: str
    series: tuple[Mapping[int, float], ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """All that is to be drawn of some results.

    ``parameters`` are those that vary, ``replicates`` those in which repeated measurements differ. ``marks`` and
    ``curves`` have the best first, where it is known which is better. ``interval`` says what the ends of ``lows`` and
    ``highs`` are, as in ``95 % t interval``. ``importances`` are shares by parameter, found by ``importance_method``.
    """

    title: str
    parameters: tuple[Axis, ...]
    metrics: tuple[Axis, ...]
    marks: tuple[Mark, ...]
    replicates: tuple[str, ...] = ()
    interval: str = ""
    steps: tuple[Step, ...] = ()
    curves: tuple[Curve, ...] = ()
    curve_metric: str = ""
    importances: Mapping[str, float] = field(default_factory=dict)
    importance_method: str = ""

    @property
    def objectives(self) -> tuple[Axis, ...]:
        """The metrics of which it is known what is better."""
        return tuple(metric for metric in self.metrics if metric.direction is not None)
