"""The point: one assignment of the swept parameters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

from sweeper.errors import spelled_out
from sweeper.identity import canonical_json, digest

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

Values = tuple[tuple[str, Any], ...]

LONG = 400
"""Assignments of more characters than this are recorded with their long values by digest; a tag holds 5,000."""

LONGEST = 4000
"""Assignments that are longer still are recorded by one digest."""

_LONG_VALUE = 100

_PLAIN = frozenset({str, int, float, bool})


@dataclass(frozen=True, slots=True, eq=False)
class Point:
    """One assignment of the swept parameters, in the order of their axes.

    Points are equal if they assign equal values, by their canonical form, to the same names in whatever order.
    """

    values: Values

    @classmethod
    def of(cls, assignment: Mapping[str, Any]) -> Self:
        """Return the point of a mapping."""
        return cls(tuple(assignment.items()))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the point sets."""
        return tuple(name for name, _ in self.values)

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of a parameter, or ``default`` if the point does not set it."""
        return next((value for own, value in self.values if own == name), default)

    def as_dict(self) -> dict[str, Any]:
        """Return the assignment as a new dict."""
        return dict(self.values)

    def configuration(self, replicates: Collection[str]) -> Point:
        """Return the point without its replicate parameters: what its replicates share."""
        return Point(tuple(item for item in self.values if item[0] not in replicates))

    def to_json(self) -> str:
        """Return the assignment as canonical JSON: equal if and only if the points are."""
        names = _quoted(tuple([name for name, _ in self.values]))
        if names is None:
            return canonical_json(dict(self.values))
        return f"{{{','.join([name + _json(self.values[place][1]) for place, name in names])}}}"

    def to_record(self) -> str:
        """Return the assignment as JSON by which the record and the report know a point: a long value by its digest."""
        text = self.to_json()
        if len(text) <= LONG:
            return text
        shortened = canonical_json({name: _shortened(value) for name, value in self.values})
        return shortened if len(shortened) <= LONGEST else canonical_json({"sha256": digest(dict(self.values))})

    def __getitem__(self, name: str) -> Any:
        for own, value in self.values:
            if own == name:
                return value
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return any(own == name for own, _ in self.values)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Point) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __str__(self) -> str:
        return spelled_out(", ".join(f"{name}={value}" for name, value in self.values))


@lru_cache(maxsize=1024)
def _quoted(names: tuple[str, ...]) -> tuple[tuple[int, str], ...] | None:
    """Return the place and the JSON of each name, in the order in which canonical JSON has them.

    None for names that it writes in a way of its own.
    """
    if any(name.startswith("$") for name in names) or len(set(names)) < len(names):
        return None
    return tuple((names.index(name), f"{canonical_json(name)}:") for name in sorted(names))


def _json(value: Any) -> str:
    """Return a value's canonical JSON; the levels of a grid come up in point after point, so theirs is remembered."""
    return _remembered(value) if type(value) in _PLAIN else canonical_json(value)


@lru_cache(maxsize=65536, typed=True)
def _remembered(value: Any) -> str:
    return canonical_json(value)


def _shortened(value: Any) -> Any:
    return value if len(canonical_json(value)) <= _LONG_VALUE else {"sha256": digest(value)}
