"""How far configurations are: how many of their replicates have not ended.

What has begun is best ended first: a table has complete rows early.
"""

from __future__ import annotations

import math
from collections.abc import Hashable

from sweeper.points import Point
from sweeper.spec import Spec

MOST_KNOWN = 10_000
"""Configurations of which some replicates have ended, at most; of the oldest it is forgotten."""


class Replicates:
    """The configurations of a sweep of which some replicates have ended, and not all."""

    def __init__(self, spec: Spec) -> None:
        self._names = frozenset(spec.replicate_names)
        self._of_each = _of_each(spec)
        self._ended: dict[Hashable, int] = {}

    def group(self, point: Point) -> Hashable:
        """Return what the replicates of one configuration share; None where there are no replicates."""
        if not self._names:
            return None
        values = tuple([item for item in point.values if item[0] not in self._names])
        try:
            hash(values)
        except TypeError:  # a list, or a table
            return Point(values).to_json()
        return values

    def left(self, group: Hashable) -> int:
        """Return how many replicates of a configuration have not ended, as far as is known."""
        return max(self._of_each - self._ended.get(group, 0), 1)

    def end(self, point: Point) -> None:
        """Take note of a replicate's end."""
        group = self.group(point)
        if group is None:
            return
        ended = self._ended.pop(group, 0) + 1
        if ended < self._of_each:
            self._ended[group] = ended
        if len(self._ended) > MOST_KNOWN:
            del self._ended[next(iter(self._ended))]


def _of_each(spec: Spec) -> int:
    """Return how many replicates a configuration has, where it has all that the spec speaks of."""
    names = frozenset(spec.replicate_names)
    in_grids = (
        math.prod(len(axis.levels) for axis in grid.axes if names.issuperset(axis.names)) for grid in spec.grids
    )
    in_rows = len({Point.of({name: row.get(name) for name in names}) for row in spec.rows})
    return max(*in_grids, in_rows, 1)
