"""Generated levels: ``range``, ``linspace`` and ``geomspace``, with Python's and NumPy's meanings, never listed.

Levels are computed from the numbers as they are written, in exact decimal arithmetic (geomspace: to 34 digits), and
rounded once, to the nearest float. So the third tenth is 0.3 and not 0.30000000000000004, ``geomspace`` passes through
0.001 itself, the end points are those given, and a level has the same bits, hence the same key, on every machine; what
is cut is beyond the 17 significant digits that tell one float from the next.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Context, Decimal
from fractions import Fraction
from typing import Any, Protocol, overload

from sweeper.spec.checks import Invalid

Level = tuple[Any, ...]
GENERATORS = ("range", "linspace", "geomspace")
LISTED_LEVELS = 10_000
"""More generated levels than this are never listed."""

_EXACT = Context(prec=34)


class Formula(Protocol):
    """The mathematics of a progression."""

    @property
    def size(self) -> int:
        """How many levels there are."""

    @property
    def is_distinct(self) -> bool:
        """Whether neighbours lie further apart than floats do there, so that rounding keeps them apart."""

    def at(self, index: int) -> int | float:
        """Return the number at an index."""

    def position(self, number: int | float) -> int:
        """Return the index at which a number would stand, to within one."""


@dataclass(frozen=True, slots=True)
class Progression(Sequence[Level]):
    """The levels of a generator: a sequence of 1-tuples that computes its items; ints if ``is_whole``, else floats."""

    generator: str
    arguments: tuple[int | float, ...]
    is_whole: bool
    _formula: Formula = field(repr=False, compare=False)

    def __len__(self) -> int:
        return self._formula.size

    def __iter__(self) -> Iterator[Level]:
        return map(self._level, range(len(self)))

    @overload
    def __getitem__(self, index: int) -> Level: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Level, ...]: ...
    def __getitem__(self, index: int | slice) -> Level | tuple[Level, ...]:
        positions = range(len(self))[index]
        return self._level(positions) if isinstance(positions, int) else tuple(map(self._level, positions))

    def __contains__(self, level: object) -> bool:
        match level:
            case (int() | float() as number,) if type(number) is self._number and math.isfinite(number):
                near = self._formula.position(number)
                return any(self._level(i) == level for i in range(max(near - 1, 0), min(near + 2, len(self))))
        return False

    def as_numbers(self, convert: Callable[[Any], Any]) -> Progression:
        """Return the progression as the type of number that ``convert`` makes of its ends.

        The ends speak for all: between them a number can break no bound that they keep. Raises ``ValueError`` where
        the levels cannot become numbers of that type, or are changed in value.
        """
        ends = [self[0][0], self[-1][0]]
        converted = [convert(end) for end in ends]
        types = {type(number) for number in converted}
        if types == {int}:
            is_possible = isinstance(self._formula, _Arithmetic) and self._formula.scale == 1
        else:
            is_possible = types == {float} and self._formula.is_distinct
        if converted != ends or not is_possible:
            raise ValueError(f"the {len(self):,} levels of {self.generator} are not numbers that it takes")
        return replace(self, is_whole=types == {int})

    @property
    def _number(self) -> type[int] | type[float]:
        return int if self.is_whole else float

    def _level(self, index: int) -> Level:
        return (self._number(self._formula.at(index)),)


@dataclass(frozen=True, slots=True)
class _Arithmetic:
    """``(first + index * step) / scale``, all of them ints: the division rounds once, to the nearest float."""

    first: int
    step: int
    scale: int
    size: int

    @property
    def is_distinct(self) -> bool:
        largest = max(abs(self.first), abs(self.first + self.step * (self.size - 1))) / self.scale
        return self.size == 1 or abs(Fraction(self.step, self.scale)) > math.ulp(largest)

    def at(self, index: int) -> int | float:
        number = self.first + index * self.step
        return number if self.scale == 1 else number / self.scale

    def position(self, number: int | float) -> int:
        return round((exact(number) * self.scale - self.first) / self.step) if self.step else 0


@dataclass(frozen=True, slots=True)
class _Geometric:
    """``start * (stop / start) ** (index / (size - 1))``."""

    start: float
    stop: float
    size: int

    @property
    def is_distinct(self) -> bool:
        return self.size == 1 or abs(self._span) / (self.size - 1) > sys.float_info.epsilon

    @property
    def _span(self) -> float:
        return math.log(abs(self.stop)) - math.log(abs(self.start))

    def at(self, index: int) -> float:
        if index in (0, self.size - 1):
            return self.stop if index else self.start
        start, stop = Decimal(repr(self.start)), Decimal(repr(self.stop))
        exponent = _EXACT.divide(Decimal(index), Decimal(self.size - 1))
        return float(_EXACT.multiply(start, _EXACT.power(_EXACT.divide(stop, start), exponent)))

    def position(self, number: int | float) -> int:
        if self.size == 1 or number == 0:
            return 0
        return round((math.log(abs(number)) - math.log(abs(self.start))) / self._span * (self.size - 1))


def generate(generator: str, arguments: Any) -> Progression:
    """Return the levels of ``{ generator = arguments }``; raises ``Invalid`` with the reason why there are none."""
    numbers = arguments if isinstance(arguments, list | tuple) else [arguments]
    if not all(isinstance(number, int | float) and not isinstance(number, bool) for number in numbers):
        raise Invalid(f"{generator} takes a list of numbers")
    if not all(abs(number) <= sys.float_info.max for number in numbers):
        raise Invalid(f"{generator} takes finite numbers")
    formula = _range(numbers) if generator == "range" else _spaced(generator, numbers)
    is_whole = generator == "range" and all(isinstance(number, int) for number in numbers)
    if formula.size > sys.maxsize:
        raise Invalid(f"{generator} has more levels than can be counted")
    if not (is_whole or formula.is_distinct):
        raise Invalid(f"{generator} has levels that are equal as floats", "take fewer, or a wider span")
    return Progression(generator, tuple(numbers), is_whole, formula)


def _range(numbers: Sequence[int | float]) -> Formula:
    match [exact(number) for number in numbers]:
        case [stop]:
            start, step = Fraction(0), Fraction(1)
        case [start, stop]:
            step = Fraction(1)
        case [start, stop, step]:
            pass
        case _:
            raise Invalid("range takes [stop], [start, stop] or [start, stop, step]")
    if step == 0:
        raise Invalid("range needs a step other than 0")
    size = math.ceil((stop - start) / step)
    if size < 1:
        raise Invalid("range is empty", "its stop, which is not a level, has to lie beyond its start")
    return _arithmetic(start, step, size)


def _spaced(generator: str, numbers: Sequence[int | float]) -> Formula:
    if len(numbers) != 3:
        raise Invalid(f"{generator} takes [start, stop, num]")
    start, stop, size = numbers
    if not isinstance(size, int) or size < 1:
        raise Invalid(f"{generator} takes [start, stop, num] with a whole num of at least 1")
    if generator == "linspace":
        return _arithmetic(exact(start), (exact(stop) - exact(start)) / max(size - 1, 1), size)
    if start == 0 or stop == 0 or (start < 0) != (stop < 0):
        raise Invalid("geomspace cannot reach or cross 0")
    return _Geometric(float(start), float(stop), size)


def _arithmetic(start: Fraction, step: Fraction, size: int) -> _Arithmetic:
    scale = math.lcm(start.denominator, step.denominator)
    return _Arithmetic(int(start * scale), int(step * scale), scale, size)


def exact(number: int | float) -> Fraction:
    """Return the number that the shortest spelling of a float stands for: 1/10 for 0.1."""
    return Fraction(number) if isinstance(number, int) else Fraction(str(number))  # a NumPy float's repr is no number
