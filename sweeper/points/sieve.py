"""A grid with boxes cut out of it: how a point that is excluded, or that an earlier grid has, is left out.

A box is itself a product of axes: an exclusion has one level on each, an earlier grid all of its own. Each level of an
axis carries a mask, whose bit ``k`` is set if the level lies in box ``k``. A point lies in the boxes whose bits survive
in the masks of all of its levels, so one ``&`` a level sifts it, and counting needs only how many levels share a mask.
"""

from __future__ import annotations

import functools
import itertools
import operator
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from sweeper.identity import canonical_json
from sweeper.points.point import Values
from sweeper.spec import Axis, Grid
from sweeper.spec.levels import LISTED_LEVELS, Level, Progression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

COUNTED_STATES = 100_000

Cell = tuple[Values, int]
Box = tuple[Axis, ...]


@dataclass(frozen=True, slots=True)
class Sieve:
    """A grid's axes and the boxes that are cut out of it."""

    axes: tuple[SievedAxis, ...]
    boxes: int

    @property
    def size(self) -> int:
        """The number of the grid's points, those in boxes included."""
        size = 1
        for axis in self.axes:
            size *= len(axis)
        return size

    def __iter__(self) -> Iterator[Values]:
        """Iterate over the points that lie in no box, the last axis varying fastest."""
        return (values for values, _ in self._walk(len(self.axes)))

    def at(self, index: int) -> Values | None:
        """Return the grid's point at an index, or None if it lies in a box."""
        found: Values = ()
        state = self.boxes
        for axis in reversed(self.axes):
            index, position = divmod(index, len(axis))
            values, mask = axis[position]
            found = values + found
            state &= mask
        return None if state else found

    def count(self) -> int | None:
        """Return how many points lie in no box; None if that takes a walk through them."""
        states = Counter({self.boxes: 1})
        for depth, axis in enumerate(self.axes):
            masks = axis.histogram()
            if masks is None or len(masks) * len(states) > COUNTED_STATES:
                return None
            following: Counter[int] = Counter()
            settled = self._settled(depth + 1)
            for (state, points), (mask, levels) in itertools.product(states.items(), masks.items()):
                if not state & mask & settled:
                    following[state & mask] += points * levels
            states = following
        return sum(points for state, points in states.items() if not state)

    def _walk(self, depth: int) -> Iterator[Cell]:
        """Iterate over the beginnings of points, ``depth`` axes long, that do not yet lie in a box for certain."""
        settled = self._settled(depth)
        if depth == 0:
            if not self.boxes & settled:
                yield (), self.boxes
            return
        axis = self.axes[depth - 1]
        for head, state in self._walk(depth - 1):
            for values, mask in axis:
                if not state & mask & settled:
                    yield head + values, state & mask

    def _settled(self, depth: int) -> int:
        """Return the boxes that put no condition on the axes from ``depth`` on."""
        settled = self.boxes
        for axis in self.axes[depth:]:
            settled &= axis.free
        return settled


@dataclass(frozen=True, slots=True)
class SievedAxis:
    """An axis, and what tells the boxes in which each of its levels lies.

    ``free`` are the boxes without a condition on it. ``cells`` are its levels as items of a point, each with its mask,
    or None if they are too many to list. ``named`` are the levels that conditions name, or None if one is too long.
    """

    axis: Axis
    free: int
    conditions: tuple[Condition, ...]
    named: tuple[Level, ...] | None
    cells: tuple[Cell, ...] | None

    @classmethod
    def of(cls, axis: Axis, boxes: Sequence[Box]) -> Self:
        """Return the axis with those of the boxes' conditions that are on it."""
        own = [(bit, on) for bit, box in enumerate(boxes) for on in box if set(on.names) <= set(axis.names)]
        own = [(bit, on) for bit, on in own if not _is_same_progression(on, axis)]
        every = (1 << len(boxes)) - 1
        conditions = tuple(_conditions(axis, own, every))
        free = functools.reduce(operator.and_, (condition.others for condition in conditions), every)
        lazy = any(isinstance(on.levels, Progression) for _, on in own)
        named = None if lazy else tuple(level for _, on in own if on.names == axis.names for level in on.levels)
        sieved = cls(axis, free, conditions, named, None)
        if len(axis.levels) > LISTED_LEVELS:
            return sieved
        return replace(sieved, cells=tuple(map(sieved.cell, axis.levels)))

    def __len__(self) -> int:
        return len(self.axis.levels)

    def __iter__(self) -> Iterator[Cell]:
        return map(self.cell, self.axis.levels) if self.cells is None else iter(self.cells)

    def __getitem__(self, position: int) -> Cell:
        return self.cell(self.axis.levels[position]) if self.cells is None else self.cells[position]

    def cell(self, level: Level) -> Cell:
        """Return a level as items of a point, with its mask."""
        mask = -1
        for condition in self.conditions:
            mask &= condition.others | condition.boxes_of(tuple(level[i] for i in condition.positions))
        return tuple(zip(self.axis.names, level, strict=True)), mask

    def histogram(self) -> Counter[int] | None:
        """Return how many levels have each mask; None if only looking at each of too many can tell."""
        if self.cells is not None:
            return Counter(mask for _, mask in self.cells)
        if self.named is None:
            return None
        within = [level for level in Axis(self.axis.names, self.named).levels if level in self.axis]
        counts = Counter(self.cell(level)[1] for level in within)
        counts[self.free] += len(self) - len(within)
        return counts


@dataclass(frozen=True, slots=True)
class Condition:
    """What some boxes demand of the values at some positions of a level; ``others`` are the boxes that do not."""

    positions: tuple[int, ...]
    others: int
    boxes_of: Callable[[Level], int]


def sift(grid: Grid, boxes: Sequence[Box]) -> Sieve:
    """Return a grid with boxes cut out of it; a box sets no other parameters than the grid."""
    cut = [part for box in boxes for part in _aligned(box, grid)]
    return Sieve(tuple(SievedAxis.of(axis, cut) for axis in grid.axes), (1 << len(cut)) - 1)


def box_of(assignment: Mapping[str, Any]) -> Box:
    """Return the box of all points that agree with a partial assignment."""
    return tuple(Axis((name,), [(value,)]) for name, value in assignment.items())


def _aligned(box: Box, grid: Grid) -> Iterator[Box]:
    """Iterate over boxes that make up this one, each of whose conditions is on a single axis of the grid.

    Parameters that vary together in the box, but not in the grid, are taken apart: a box for each of their levels.
    """
    parts: list[list[Box]] = []
    for axis in box:
        if any(set(axis.names) <= set(own.names) for own in grid.axes):
            parts.append([(axis,)])
        else:
            parts.append([box_of(dict(zip(axis.names, level, strict=True))) for level in axis.levels])
    for chosen in itertools.product(*parts):
        yield tuple(itertools.chain.from_iterable(chosen))


def _conditions(axis: Axis, own: Sequence[tuple[int, Axis]], every: int) -> Iterator[Condition]:
    """Iterate over the conditions on an axis, those on the same names in one."""
    tables: dict[tuple[str, ...], dict[str, int]] = {}
    demanding: dict[tuple[str, ...], int] = {}
    for bit, on in own:
        box = 1 << bit
        if isinstance(on.levels, Progression):
            yield Condition(_positions(on.names, axis), every & ~box, functools.partial(_box_if_within, on, box))
            continue
        demanding[on.names] = demanding.get(on.names, 0) | box
        table = tables.setdefault(on.names, {})
        for level in on.levels:
            text = canonical_json(level)
            table[text] = table.get(text, 0) | box
    for names, table in tables.items():
        yield Condition(_positions(names, axis), every & ~demanding[names], functools.partial(_boxes_in_table, table))


def _positions(names: Sequence[str], axis: Axis) -> tuple[int, ...]:
    return tuple(axis.names.index(name) for name in names)


def _boxes_in_table(table: Mapping[str, int], level: Level) -> int:
    return table.get(canonical_json(level), 0)


def _box_if_within(axis: Axis, box: int, level: Level) -> int:
    return box if level in axis else 0


def _is_same_progression(axis: Axis, other: Axis) -> bool:
    return isinstance(axis.levels, Progression) and axis == other
