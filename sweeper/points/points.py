"""Everything that a spec spans, one point at a time."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from sweeper.identity import canonical_json
from sweeper.points.point import Point
from sweeper.points.sieve import Sieve, box_of, sift
from sweeper.spec import Grid, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LISTED_POINTS = 100_000
"""Up to so many points are listed where that is needed to count or to sample them."""

DRAWS_A_POINT = 100
"""How often ``sample`` draws for each point that is wanted before it settles for fewer."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many points there are: so many, or at most so many."""

    number: int
    is_exact: bool

    def __str__(self) -> str:
        return f"{self.number:,}" if self.is_exact else f"at most {self.number:,}"

    def of(self, noun: str) -> str:
        """Return the count with what is counted: ``1 point``, ``24 points``, ``at most 1,000 points``."""
        return f"{self} {noun}{'' if self.number == 1 else 's'}"


class Points:
    """The distinct points of a union of grids and rows, without those that agree with all of an exclusion.

    The order is fixed: the grids', the first axis varying slowest, then the rows'. The replicate axis varies fastest,
    so that a configuration's replicates come together, unless other parameters vary together with it. No grid is ever
    listed; the rows are.
    """

    def __init__(
        self,
        grids: Sequence[Grid],
        rows: Sequence[Mapping[str, Any]] = (),
        exclude: Sequence[Mapping[str, Any]] = (),
        replicates: str | None = None,
    ) -> None:
        if not (grids or rows):
            grids = [Grid(())]
        self._grids = [Grid(tuple(sorted(grid.axes, key=lambda axis: axis.names == (replicates,)))) for grid in grids]
        self._excluded: dict[tuple[str, ...], set[str]] = {}
        for assignment in exclude:
            values = canonical_json([*assignment.values()])
            self._excluded.setdefault(tuple(assignment), set()).add(values)
        self._sieves = [self._sift(index, exclude) for index in range(len(self._grids))]
        self._rows = self._rows_beside_grids(rows)

    @classmethod
    def of(cls, spec: Spec) -> Self:
        """Return the points of a spec."""
        return cls(spec.grids, spec.rows, spec.exclude, spec.replicates)

    def __iter__(self) -> Iterator[Point]:
        for sieve in self._sieves:
            yield from map(Point, sieve)
        yield from self._rows.values()

    def __contains__(self, point: Point) -> bool:
        if point.to_json() in self._rows:
            return True
        return any(_spans(grid, point) for grid in self._grids) and not self._is_excluded(point)

    def count(self, exact_up_to: int = LISTED_POINTS) -> Count:
        """Return how many points there are, by formula.

        The formula gives but a bound where long generated axes of two grids overlap, or a great many exclusions. Then
        the points are counted one by one if the bound is at most ``exact_up_to``.
        """
        counts = [sieve.count() for sieve in self._sieves]
        if None not in counts:
            return Count(sum(filter(None, counts)) + len(self._rows), is_exact=True)
        bound = self._bound()
        if bound <= exact_up_to:
            return Count(sum(1 for _ in self), is_exact=True)
        return Count(bound, is_exact=False)

    def sample(self, n: int, seed: int = 0) -> list[Point]:
        """Return ``n`` distinct points, each as likely as any other, in the order drawn; all points if there are fewer.

        Where nearly everything is excluded from more points than can be listed, fewer than ``n`` may be found.
        """
        generator = random.Random(seed)  # noqa: S311 (nothing secret is drawn)
        bound = self._bound()
        if bound <= max(2 * n, LISTED_POINTS):
            everything = list(self)
            return generator.sample(everything, min(n, len(everything)))
        found: dict[str, Point] = {}
        for _ in range(DRAWS_A_POINT * n):
            if len(found) == n:
                break
            point = self._at(generator.randrange(bound))
            if point is not None:
                found.setdefault(point.to_json(), point)
        return list(found.values())

    def _sift(self, index: int, exclude: Sequence[Mapping[str, Any]]) -> Sieve:
        """Return a grid without what is excluded and what earlier grids have."""
        grid = self._grids[index]
        names = set(grid.names)
        earlier = [other.axes for other in self._grids[:index] if set(other.names) == names]
        excluded = [box_of(assignment) for assignment in exclude if assignment.keys() <= names]
        return sift(grid, [*earlier, *excluded])

    def _rows_beside_grids(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, Point]:
        """Return the rows that are points of their own, by their JSON."""
        points = {point.to_json(): point for point in reversed([*map(Point.of, rows)])}
        return {
            text: point
            for text, point in reversed(points.items())
            if not self._is_excluded(point) and not any(_spans(grid, point) for grid in self._grids)
        }

    def _is_excluded(self, point: Point) -> bool:
        assignment = point.as_dict()
        return any(
            assignment.keys() >= set(names) and canonical_json([assignment[name] for name in names]) in values
            for names, values in self._excluded.items()
        )

    def _bound(self) -> int:
        return sum(sieve.size for sieve in self._sieves) + len(self._rows)

    def _at(self, index: int) -> Point | None:
        for sieve in self._sieves:
            if index < sieve.size:
                values = sieve.at(index)
                return None if values is None else Point(values)
            index -= sieve.size
        return list(self._rows.values())[index]


def _spans(grid: Grid, point: Point) -> bool:
    """Tell whether a grid has a point, exclusions aside."""
    assignment = point.as_dict()
    if assignment.keys() != set(grid.names):
        return False
    return all(tuple(assignment[name] for name in axis.names) in axis for axis in grid.axes)
