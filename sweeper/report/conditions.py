"""Conditions on what a table is made of: ``learning_rate < 0.1``, ``optimizer = adam,sgd``, ``state != failed``."""

from __future__ import annotations

import contextlib
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from sweeper.errors import InputError
from sweeper.identity import canonical_json
from sweeper.report.escape import shown
from sweeper.report.sources.values import is_nan
from sweeper.spec.checks import Invalid
from sweeper.spec.words import parse_values

_CONDITION = re.compile(r"\s*(?P<name>[^<>=!]+?)\s*(?P<relation><=|>=|!=|==|=|<|>)\s*(?P<values>.*?)\s*", re.DOTALL)
_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What something must be: ``relation`` is one of ``= != < <= > >=``, an order has one value.

    With ``=`` several values mean any of them, with ``!=`` none of them. What is not set fulfils ``!=`` alone.
    """

    name: str
    relation: str
    values: tuple[Any, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the condition that a text means; raises ``InputError`` if it means none."""
        match = _CONDITION.fullmatch(text)
        if match is None:
            raise InputError(f"{text!r} is no condition; write NAME = VALUE, or another of != < <= > >=")
        relation = match["relation"].replace("==", "=")
        try:
            values = tuple(parse_values(match["values"]))
        except Invalid as error:
            raise InputError(f"{text!r}: {error.reason}; {error.remedy}") from None
        if relation in _ORDERS and not (len(values) == 1 and is_orderable(values[0])):
            raise InputError(f"{text!r}: {relation} compares with one number or one date")
        return cls(match["name"], relation, values)

    def holds(self, value: Any) -> bool:
        """Whether a value, None if it is not set, is as the condition has it.

        Raises ``InputError`` where the two cannot be put in an order.
        """
        if self.relation == "=":
            return any(is_equal(value, wanted) for wanted in self.values)
        if self.relation == "!=":
            return not any(is_equal(value, wanted) for wanted in self.values)
        if value is None:
            return False
        with contextlib.suppress(TypeError):
            if is_orderable(value):
                return _ORDERS[self.relation](value, self.values[0])
        raise InputError(f"{self}: {shown(value)} is neither more nor less than {shown(self.values[0])}")

    def __str__(self) -> str:
        return f"{shown(self.name)} {self.relation} {','.join(map(shown, self.values))}"


def is_equal(value: Any, wanted: Any) -> bool:
    """Whether a value is the one that was written on the command line, if only by its words: a date, or ``"inf"``."""
    if is_number(value) and is_number(wanted):
        return bool(value == wanted) or (is_nan(value) and is_nan(wanted))
    if value is None or wanted is None:
        return value is wanted
    if isinstance(value, str) != isinstance(wanted, str):
        return shown(value) == shown(wanted)
    return canonical_json(value) == canonical_json(wanted)


def is_number(value: Any) -> bool:
    """Whether a value is a number, and not a truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_orderable(value: Any) -> bool:
    """Whether values of this kind have an order that a reader expects."""
    return is_number(value) or hasattr(value, "isoformat")
