"""The space that a study searches: parameters, the values they may take, and when they are set at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Self

from sweeper.identity import canonical, canonical_json
from sweeper.spec.restore import restore


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from ``low`` to ``high``, both included: of floats all, or those ``step`` apart; ints if whole.

    With ``is_log`` each decade is as likely as any other.
    """

    low: int | float
    high: int | float
    is_whole: bool
    step: int | float | None = None
    is_log: bool = False

    def __contains__(self, value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return self.low <= value <= self.high and self.level(value) == value

    def level(self, number: int | float) -> int | float:
        """Return the level nearest to a number: a step counts from ``low``, and is exact in decimals, as 0.3 is."""
        if not self.is_whole and self.step is None:
            return float(number)
        low, step = Decimal(repr(self.low)), Decimal(repr(self.step or 1))
        level = low + round((Decimal(repr(number)) - low) / step) * step
        return int(level) if self.is_whole else float(level)

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """The least and the greatest number."""
        return self.level(self.low), self.level(self.high)

    def to_document(self) -> dict[str, Any]:
        """Return the interval as plain JSON."""
        return {
            "int" if self.is_whole else "float": canonical([self.low, self.high]),
            "step": self.step,
            "log": self.is_log,
        }


@dataclass(frozen=True, slots=True)
class Choice:
    """A few values without an order; they are distinct by their canonical form."""

    values: tuple[Any, ...]

    def __contains__(self, value: object) -> bool:
        form = canonical_json(value)
        return any(canonical_json(own) == form for own in self.values)

    def to_document(self) -> dict[str, Any]:
        """Return the choice as plain JSON."""
        return {"choice": canonical(self.values)}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A parameter of the space and the values it may take.

    ``when`` maps other parameters of the space to the values that they must have for this one to be set at all.
    """

    name: str
    domain: Interval | Choice
    when: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)

    def is_active(self, values: Mapping[str, Any]) -> bool:
        """Whether an assignment of the parameters before this one lets it be set."""
        return all(name in values and values[name] in Choice(wanted) for name, wanted in self.when.items())

    def map(self, convert: Callable[[str, Any], Any]) -> Dimension:
        """Return the dimension with each value replaced by ``convert(name, value)``.

        Of an interval both ends are converted and must stay numbers; raises ``ValueError`` if they do not.
        """
        when = {name: tuple(convert(name, value) for value in values) for name, values in self.when.items()}
        if isinstance(self.domain, Choice):
            values = {canonical_json(new): new for new in (convert(self.name, value) for value in self.domain.values)}
            return replace(self, domain=Choice(tuple(values.values())), when=when)
        for end in self.domain.ends:
            converted = convert(self.name, end)
            if isinstance(converted, bool) or converted != end:
                raise ValueError("it cannot be searched as a range; list its values as a choice")
        return replace(self, when=when)

    def to_document(self) -> dict[str, Any]:
        """Return the dimension as plain JSON."""
        when = {name: canonical(values) for name, values in self.when.items()}
        return {"name": self.name, **self.domain.to_document(), "when": when}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the dimension that ``to_document`` gave."""
        when = {name: tuple(restore(values)) for name, values in document["when"].items()}
        if "choice" in document:
            return cls(document["name"], Choice(tuple(restore(document["choice"]))), when)
        low, high = restore(document["int"] if "int" in document else document["float"])
        interval = Interval(low, high, "int" in document, document["step"], document["log"])
        return cls(document["name"], interval, when)


def ordered(dimensions: Sequence[Dimension]) -> tuple[Dimension, ...]:
    """Return the dimensions, each after those that its ``when`` names, else in the order given.

    Raises ``ValueError`` with the names of those that wait for each other.
    """
    left = list(dimensions)
    placed: list[Dimension] = []
    while left:
        waiting = {dimension.name for dimension in left}
        ready = next((dimension for dimension in left if not waiting & dimension.when.keys()), None)
        if ready is None:
            raise ValueError(", ".join(sorted(waiting)))
        left.remove(ready)
        placed.append(ready)
    return tuple(placed)


def words(when: Mapping[str, Sequence[Any]]) -> str:
    """Return a condition as words: ``optimizer is sgd and depth is 2 or 3``."""
    return " and ".join(f"{name} is {' or '.join(map(str, values))}" for name, values in when.items())
