"""The names in a spec: what may be set where, whatever the values are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeper.errors import Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Names:
    """The names that each part of a spec sets.

    A grid's axis is its key in the file and the names in it. ``also_swept`` are names that may turn out to be swept.
    """

    fixed: Sequence[str] = ()
    grids: Sequence[Sequence[tuple[str, Sequence[str]]]] = ()
    rows: Sequence[Sequence[str]] = ()
    exclude: Sequence[Sequence[str]] = ()
    replicates: str | None = None
    also_swept: frozenset[str] = frozenset()
    is_union: bool = False

    @property
    def swept(self) -> set[str]:
        """Every name that a grid or a row sets."""
        in_grids = {name for grid in self.grids for _, names in grid for name in names}
        return in_grids | {name for row in self.rows for name in row}

    def grid_key(self, index: int) -> str:
        """Return how the file calls a grid: ``grid``, or ``grid[1]`` where there are several."""
        return f"grid[{index}]" if self.is_union or len(self.grids) > 1 else "grid"

    def problems(self, source: str) -> list[Problem]:
        """Return what is wrong with the names, in the order of the file."""
        return [*self._repeated(source), *self._fixed_and_swept(source), *self._unswept(source)]

    def _repeated(self, source: str) -> Iterator[Problem]:
        tables = [(self.grid_key(i), axes) for i, axes in enumerate(self.grids)]
        tables += [(f"points[{i}]", [(name, [name]) for name in row]) for i, row in enumerate(self.rows)]
        tables += [(f"exclude[{i}]", [(name, [name]) for name in row]) for i, row in enumerate(self.exclude)]
        tables += [("fixed", [(name, [name]) for name in self.fixed])]
        for table, items in tables:
            seen: dict[str, str] = {}
            for key, names in items:
                for name in names:
                    if name in seen:
                        reason = f"{name} is set here and in {table}.{seen[name]}"
                        yield Problem(source, f"{table}.{key}", reason, remedy="keep one of them")
                    seen.setdefault(name, key)

    def _fixed_and_swept(self, source: str) -> Iterator[Problem]:
        places = {name: f"points[{i}].{name}" for i, row in reversed([*enumerate(self.rows)]) for name in row}
        for i, axes in reversed([*enumerate(self.grids)]):
            places.update({name: f"{self.grid_key(i)}.{key}" for key, names in axes for name in names})
        for name in dict.fromkeys(self.fixed):
            if name in places:
                yield Problem(source, f"fixed.{name}", f"is also swept, by {places[name]}", remedy="keep one of them")

    def _unswept(self, source: str) -> Iterator[Problem]:
        swept = self.swept | self.also_swept
        for i, names in enumerate(self.exclude):
            for name in names:
                if name not in swept:
                    reason = "excludes by a parameter that is not swept"
                    yield Problem(source, f"exclude[{i}].{name}", reason, remedy=did_you_mean(name, swept))
        if self.replicates is not None and self.replicates not in swept:
            remedy = did_you_mean(self.replicates, swept) or f"sweep it, as in {self.replicates} = [0, 1, 2]"
            yield Problem(source, "replicates", "is not swept", f'"{self.replicates}"', remedy)
