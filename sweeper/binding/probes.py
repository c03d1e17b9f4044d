"""The few assignments by which a spec is looked at before any of its points runs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, cycle, islice
from typing import Any

from sweeper.identity import canonical_json
from sweeper.points import Point, Points
from sweeper.spec import Grid, Spec, Study
from sweeper.spec.space import Choice, Dimension, demands

Assignment = dict[str, Any]
Pick = Callable[[Sequence[Any]], Any]

PROBED_LEVELS = 64
"""Levels of each axis, values of each choice, and rows, that are looked at."""

PROBED_BASES = 8
"""Points, besides the first, from which a parameter is varied before it is said to change nothing."""


def probes(spec: Spec) -> Iterator[Assignment]:
    """Yield assignments that show each level of each axis once, the other axes at their first.

    The levels of a range are its ends. What is set only on a condition is shown where that is met.
    """
    for assignment in _shown(spec):
        yield {**spec.fixed, **assignment}


def levels(spec: Spec, name: str) -> list[Any]:
    """Return the different values that a spec gives a parameter, of a long axis the first, of a range the ends."""
    axes = (axis for grid in spec.grids for axis in grid.axes if name in axis.names)
    values = [level[axis.names.index(name)] for axis in axes for level in islice(axis.levels, PROBED_LEVELS)]
    values += [row[name] for row in spec.rows[:PROBED_LEVELS] if name in row]
    dimension = spec.study and spec.study.dimension(name)
    values += _levels(dimension) if dimension else []
    return list({canonical_json(value): value for value in values}.values())


def bases(spec: Spec, points: Points, name: str) -> Iterator[Assignment]:
    """Yield some assignments of everywhere from which a parameter may be varied; the first point's comes first.

    Beside a study the points are the replicates. What a searched parameter's value may leave unset is unset.
    """
    of_points = chain(islice(points, 1), _sample(points))
    if spec.study is None:
        yield from (point.as_dict() for point in of_points)
        return
    generator = random.Random(0)  # noqa: S311 (nothing secret is drawn)
    picks = chain([_first], [generator.choice] * PROBED_BASES)
    for pick, replicate in zip(picks, cycle(of_points), strict=False):
        yield {**_trial(spec.study, name, pick), **replicate.as_dict()}


def _shown(spec: Spec) -> Iterator[Mapping[str, Any]]:
    if spec.study is not None:
        trials = [*_of_study(spec.study)]
        replicates = [assignment for grid in spec.grids for assignment in _of_grid(grid)] or [{}]
        yield from ({**trial, **replicates[0]} for trial in trials)
        yield from ({**trials[0], **replicate} for replicate in replicates)
        return
    for grid in spec.grids:
        yield from _of_grid(grid)
    yield from spec.rows[:PROBED_LEVELS]
    if not spec.grids and not spec.rows:
        yield {}


def _of_grid(grid: Grid) -> Iterator[Assignment]:
    first = {name: value for axis in grid.axes for name, value in zip(axis.names, axis.levels[0], strict=True)}
    yield first
    for axis in grid.axes:
        for level in islice(axis.levels, 1, PROBED_LEVELS):
            yield {**first, **dict(zip(axis.names, level, strict=True))}


def _of_study(study: Study) -> Iterator[Assignment]:
    yield _assignment(study, {}, _first)
    for dimension in study.space:
        met = _met(study, dimension, _first)
        for level in _levels(dimension):
            yield _assignment(study, {**met, dimension.name: level}, _first)


def _trial(study: Study, name: str, pick: Pick) -> Assignment:
    """Return an assignment of the space in which a parameter is set, if it is searched, and nothing depends on it."""
    dimension = study.dimension(name)
    values = _assignment(study, _met(study, dimension, pick) if dimension else {}, pick)
    dependent = {name}
    for other in study.space:
        if not dependent.isdisjoint(other.when):
            dependent.add(other.name)
            values.pop(other.name, None)
    return values


def _assignment(study: Study, given: Mapping[str, Any], pick: Pick) -> Assignment:
    """Return an assignment of the space: what is given, and else what is picked of the levels."""
    values: Assignment = {}
    for dimension in study.space:
        if dimension.is_active(values):
            name = dimension.name
            values[name] = given[name] if name in given else pick(_levels(dimension))
    return values


def _met(study: Study, dimension: Dimension, pick: Pick) -> Assignment:
    """Return values under which a dimension is set."""
    return {name: pick(values) for name, values in demands(dimension, study.space).items()}


def _levels(dimension: Dimension) -> Sequence[Any]:
    domain = dimension.domain
    return domain.values[:PROBED_LEVELS] if isinstance(domain, Choice) else domain.ends


def _first(values: Sequence[Any]) -> Any:
    return values[0]


def _sample(points: Points) -> Iterator[Point]:
    """Yield some points of everywhere; nothing is drawn before the first is asked for."""
    yield from points.sample(PROBED_BASES)
