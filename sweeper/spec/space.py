"""The space that a study searches: parameters, the values they may take, and when they are set at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeGuard

from sweeper.identity import canonical, canonical_json
from sweeper.spec.levels import exact
from sweeper.spec.restore import restore
from sweeper.spec.toml import to_toml


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers from ``low`` to ``high``, both included: of floats all, or those ``step`` apart; ints if whole.

    With ``is_log`` each decade is as likely as any other. A ``high`` to which no step comes is cut down to the last
    level before it.
    """

    low: int | float
    high: int | float
    is_whole: bool
    step: int | float | None = None
    is_log: bool = False

    def __post_init__(self) -> None:
        number = int if self.is_whole else float
        step = 1 if self.is_whole and self.step is None else self.step
        object.__setattr__(self, "low", number(self.low))
        object.__setattr__(self, "high", number(self.high))
        object.__setattr__(self, "step", None if step is None else number(step))
        if step is not None:
            object.__setattr__(self, "high", self.at(self.steps))

    def __contains__(self, value: object) -> bool:
        return _is_number(value) and self.low <= value <= self.high and self.level(value) == value

    @property
    def steps(self) -> int:
        """How many steps lead from ``low`` to the last level; it has a step."""
        assert self.step is not None
        return int((exact(self.high) - exact(self.low)) // exact(self.step))

    def at(self, index: int) -> int | float:
        """Return the level that lies so many steps above ``low``."""
        assert self.step is not None
        level = exact(self.low) + index * exact(self.step)
        return int(level) if self.is_whole else float(level)

    def level(self, number: int | float) -> int | float:
        """Return the level nearest to a number: a step counts from ``low``, and is exact in decimals, as 0.3 is."""
        if self.step is None:
            return float(number)
        return self.at(round((exact(number) - exact(self.low)) / exact(self.step)))

    @property
    def ends(self) -> tuple[int | float, int | float]:
        """The least and the greatest level."""
        return self.low, self.high

    def to_table(self) -> dict[str, Any]:
        """Return the interval as a spec's file has it, without its options."""
        return {"int" if self.is_whole else "float": [self.low, self.high]}

    def to_document(self) -> dict[str, Any]:
        """Return the interval as plain JSON."""
        return {**self.to_table(), "step": self.step, "log": self.is_log}


@dataclass(frozen=True, slots=True)
class Choice:
    """A few values without an order. They are distinct by their canonical form: of equal ones the first is kept."""

    values: tuple[Any, ...]
    _known: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        distinct: dict[str, Any] = {}
        for value in self.values:
            distinct.setdefault(canonical_json(value), value)
        object.__setattr__(self, "values", tuple(distinct.values()))
        object.__setattr__(self, "_known", frozenset(distinct))

    def __contains__(self, value: object) -> bool:
        return canonical_json(value) in self._known

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
        return all(name in values and is_among(values[name], wanted) for name, wanted in self.when.items())

    def rename(self, rename: Callable[[str], str]) -> Dimension:
        """Return the dimension with its own name, and those that its condition names, changed."""
        return replace(self, name=rename(self.name), when={rename(name): one for name, one in self.when.items()})

    def map(self, convert: Callable[[str, Any], Any]) -> Dimension:
        """Return the dimension with each value replaced by ``convert(name, value)``.

        An interval keeps its numbers: its ends are converted to see whether they come out as equal ones, and raise
        ``ValueError`` if they do not.
        """
        when = {name: tuple(convert(name, value) for value in values) for name, values in self.when.items()}
        if isinstance(self.domain, Choice):
            values = tuple(convert(self.name, value) for value in self.domain.values)
            return replace(self, domain=Choice(values), when=when)
        for end in self.domain.ends:
            converted = convert(self.name, end)
            if not (_is_number(converted) and converted == end):
                raise ValueError(f"turns {end} into {converted}")
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


def ordered(dimensions: Iterable[Dimension]) -> tuple[Dimension, ...]:
    """Return the dimensions, each after those that its ``when`` names, else in the order given.

    Raises ``ValueError`` with the way round if the conditions of some go in a circle.
    """
    left = {dimension.name: dimension for dimension in dimensions}
    placed: list[Dimension] = []
    while left:
        ready = next((dimension for dimension in left.values() if left.keys().isdisjoint(dimension.when)), None)
        if ready is None:
            raise ValueError(" -> ".join(_circle(left)))
        placed.append(left.pop(ready.name))
    return tuple(placed)


def demands(dimension: Dimension, space: Iterable[Dimension]) -> dict[str, tuple[Any, ...]]:
    """Return the values that other parameters must have for one to be set: those of its ``when``, and of theirs.

    A parameter for which no value is left says that the one can never be set. The space has no circles.
    """
    by_name = {one.name: one for one in space}
    wanted: dict[str, tuple[Any, ...]] = {}
    pending = [dimension]
    while pending:
        for name, values in pending.pop().when.items():
            wanted[name] = tuple(value for value in wanted.get(name, values) if is_among(value, values))
            pending += [by_name[name]] if name in by_name else []
    return wanted


def fix(space: Iterable[Dimension], name: str, value: Any) -> tuple[Dimension, ...]:
    """Return what is left to search of an ordered space where a parameter has but one value.

    What is set only at other values goes too, and so does what depends on that.
    """
    gone: set[str] = set()
    kept = []
    for dimension in space:
        is_met = name not in dimension.when or is_among(value, dimension.when[name])
        if not is_met or not gone.isdisjoint(dimension.when):
            gone.add(dimension.name)
        elif dimension.name != name:
            when = {other: values for other, values in dimension.when.items() if other != name}
            kept.append(replace(dimension, when=when))
    return tuple(kept)


def is_among(value: Any, wanted: Sequence[Any]) -> bool:
    """Tell whether a value is one of those wanted; a number is, whatever its type, because a range may have either."""
    if _is_number(value):
        return any(_is_number(one) and one == value for one in wanted)
    return value in Choice(tuple(wanted))


def words(when: Mapping[str, Sequence[Any]]) -> str:
    """Return a condition as words: ``optimizer is "sgd" and depth is 2 or 3``."""
    return " and ".join(f"{name} is {' or '.join(map(to_toml, values))}" for name, values in when.items())


def _circle(left: Mapping[str, Dimension]) -> list[str]:
    """Return a way round through dimensions that all wait for others among them, beginning and ending at one."""
    way = [next(iter(left))]
    while len(way) == len(set(way)):
        way.append(next(name for name in left[way[-1]].when if name in left))
    return way[way.index(way[-1]) :]


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
