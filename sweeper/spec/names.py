"""The names in a spec: what may be set where, whatever the values are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sweeper.errors import Problem, did_you_mean
from sweeper.spec.toml import to_key

if TYPE_CHECKING:
    from collections.abc import Iterator

Items = Sequence[tuple[str, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Names:
    """The names that each part of a spec sets.

    A grid's axis is its key in the file and the names in it; ``space`` are the names that a study searches, and
    ``enqueue`` those of its rows. ``also_swept`` are names that may turn out to be swept.
    """

    fixed: Sequence[str] = ()
    grids: Sequence[Items] = ()
    rows: Sequence[Sequence[str]] = ()
    exclude: Sequence[Sequence[str]] = ()
    replicates: str | None = None
    space: Sequence[str] = ()
    enqueue: Sequence[Sequence[str]] = ()
    also_swept: frozenset[str] = frozenset()
    is_union: bool = False

    @property
    def swept(self) -> set[str]:
        """Every name that a grid or a row sets; what a study searches is no replicate and cannot be excluded."""
        in_grids = {name for grid in self.grids for _, names in grid for name in names}
        return in_grids | {name for row in self.rows for name in row}

    def axes(self) -> Iterator[tuple[str, Sequence[str]]]:
        """Iterate over the axes of all grids: the key of each, and its names."""
        for table, items in self._tables():
            if table[0] == "grid":
                yield from ((to_key(*table, key), names) for key, names in items)

    def problems(self, source: str) -> list[Problem]:
        """Return what is wrong with the names, in the order of the file."""
        return [*self._repeated(source), *self._fixed_and_swept(source), *self._unswept(source)]

    def _tables(self) -> Iterator[tuple[tuple[str | int, ...], Items]]:
        """Iterate over every table that sets parameters: where it is, and its keys with the names in each."""
        is_union = self.is_union or len(self.grids) > 1
        yield ("study", "space"), [(name, [name]) for name in self.space]
        for index, row in enumerate(self.enqueue):
            yield ("study", "enqueue", index), [(name, [name]) for name in row]
        for index, items in enumerate(self.grids):
            yield ("grid", index) if is_union else ("grid",), items
        for part, rows in (("points", self.rows), ("exclude", self.exclude)):
            for index, row in enumerate(rows):
                yield (part, index), [(name, [name]) for name in row]
        yield ("fixed",), [(name, [name]) for name in self.fixed]

    def _repeated(self, source: str) -> Iterator[Problem]:
        for table, items in self._tables():
            seen: dict[str, str] = {}
            for key, names in items:
                for name in dict.fromkeys(names):
                    if name in seen:
                        place = "twice" if seen[name] == key else f"here and in {to_key(*table, seen[name])}"
                        yield Problem(source, to_key(*table, key), f"sets {name} {place}", remedy="keep one of them")
                    seen.setdefault(name, key)

    def _fixed_and_swept(self, source: str) -> Iterator[Problem]:
        places: dict[str, str] = {}
        for table, items in self._tables():
            for key, names in items:
                for name in names:
                    if table[0] == "grid" and name in self.space:
                        reason = f"is also searched, by {places[name]}"
                        yield Problem(source, to_key(*table, key), reason, remedy="keep one of them")
                    if table[:2] == ("study", "space") or table[0] in ("grid", "points"):
                        places.setdefault(name, to_key(*table, key))
        for name in dict.fromkeys(self.fixed):
            if name in places:
                remedy = "keep one of them"
                yield Problem(source, to_key("fixed", name), f"is also swept, by {places[name]}", remedy=remedy)

    def _unswept(self, source: str) -> Iterator[Problem]:
        swept = self.swept | self.also_swept
        for i, names in enumerate(self.enqueue):
            for name in names:
                if name not in self.space:
                    remedy = did_you_mean(name, set(self.space))
                    yield Problem(source, to_key("study", "enqueue", i, name), "is not searched", remedy=remedy)
        for i, names in enumerate(() if self.space else self.exclude):
            for name in names:
                if name not in swept:
                    reason = "excludes by a parameter that is not swept"
                    yield Problem(source, to_key("exclude", i, name), reason, remedy=did_you_mean(name, swept))
        if self.replicates is None or self.replicates in swept:
            return
        reason, remedy = "is searched by the study", "keep one of them"
        if self.replicates not in self.space:
            reason = "is not swept"
            remedy = did_you_mean(self.replicates, swept) or f"sweep it, as in {self.replicates} = [0, 1, 2]"
        yield Problem(source, "replicates", reason, f'"{self.replicates}"', remedy)
