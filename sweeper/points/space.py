"""Points of a study's space: those of a trial, and others at random."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from typing import Any

from sweeper.points.point import Point
from sweeper.points.points import Points
from sweeper.spec import Spec, Study
from sweeper.spec.space import Choice, Interval


def trial_points(spec: Spec, values: Mapping[str, Any]) -> list[Point]:
    """Return the points at which an assignment of a study's parameters is evaluated: one a replicate, in their order.

    Parameters come in the order of the space, and replicates behind them.
    """
    assert spec.study is not None
    searched = tuple((name, values[name]) for name in spec.study.names if name in values)
    return [Point(searched + replicate.values) for replicate in Points.of(spec)]


def draw(study: Study, generator: Random, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return an assignment from the space: what a row, which may be empty, sets of it, and the rest at random.

    Each parameter is uniform over its domain, or over the domain's logarithm; one whose condition is not met is not
    set.
    """
    values: dict[str, Any] = {}
    for dimension in study.space:
        if dimension.is_active(values):
            name = dimension.name
            values[name] = row[name] if name in row else _drawn(dimension.domain, generator)
    return values


def _drawn(domain: Interval | Choice, generator: Random) -> Any:
    if isinstance(domain, Choice):
        return generator.choice(domain.values)
    if domain.is_log:
        half = 0.5 if domain.is_whole else 0.0  # so that the ends are as likely as what lies between
        low, high = math.log(domain.low - half), math.log(domain.high + half)
        return _within(domain, math.exp(generator.uniform(low, high)))
    if domain.step is None:
        share = generator.random()
        return _within(domain, domain.low * (1 - share) + domain.high * share)
    return domain.at(generator.randint(0, domain.steps))


def _within(domain: Interval, number: float) -> int | float:
    """Return the level nearest to a number, which may lie outside by the error of its arithmetic."""
    return domain.level(min(max(number, domain.low), domain.high))
