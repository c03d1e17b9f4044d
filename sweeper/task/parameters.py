"""Values in the type of the Luigi parameter they are for, before Luigi sees them.

Luigi takes what it is given: ``1`` and ``1.0`` make two tasks of a ``FloatParameter``, and a ``BoolParameter`` turns
the integer 1 into None. ``coerce`` is lenient, for code that builds tasks; ``checked`` is strict, for specs.
"""

from __future__ import annotations

import datetime as dt
import enum
import math
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import luigi
from luigi.parameter import (
    NumericalParameter,
    OptionalParameterMixin,
    ParameterException,
    _DateParameterBase,
    _DatetimeParameterBase,
)

from sweeper.errors import IdentityError
from sweeper.identity import canonical

_READ_FROM_TEXT = (
    luigi.FloatParameter,
    luigi.IntParameter,
    luigi.EnumParameter,
    luigi.EnumListParameter,
    luigi.TimeDeltaParameter,
    _DateParameterBase,
    _DatetimeParameterBase,
)


_NATIVE: dict[type, type] = {
    luigi.Parameter: str,
    luigi.StrParameter: str,
    luigi.IntParameter: int,
    luigi.FloatParameter: float,
    luigi.BoolParameter: bool,
}
"""The type of a parameter's values, for the kinds that take them as they are."""


def coerce(parameter: luigi.Parameter[Any], value: Any) -> Any:  # noqa: PLR0911 (a table of types, one line each)
    """Return a value in the parameter's own type where that is plain; any other value as it is."""
    if type(value) is _NATIVE.get(type(parameter)):  # most values by far
        return value
    if hasattr(value, "dtype") and getattr(value, "ndim", None) == 0:  # a numpy scalar, without importing numpy
        value = value.item()
    match parameter, value:
        case _, bool():
            return value
        case luigi.FloatParameter(), int() | float():
            return float(value)
        case NumericalParameter(), int() | float():
            return parameter._var_type(value)  # noqa: SLF001 (Luigi has no other way to ask)
        case luigi.IntParameter(), float() if value.is_integer():
            return int(value)
        case luigi.BoolParameter(), int() | float() if value in (0, 1):
            return bool(value)
        case luigi.EnumListParameter(), list() | tuple():
            return tuple(parameter._enum[one] if isinstance(one, str) else one for one in value)  # noqa: SLF001
        case _, str() if isinstance(parameter, _READ_FROM_TEXT):
            return parameter.parse(value)
    return value


def checked(parameter: luigi.Parameter[Any], value: Any) -> Any:
    """Return a spec's value as the parameter holds it.

    Raises ``ValueError`` with the reason, and the valid choices where they can be listed, if it is not one of its
    values. Besides its own type a parameter takes what TOML has for it: an integer for a float, a string for an enum,
    a date, a path or a parameter class of the user's own.
    """
    if isinstance(parameter, OptionalParameterMixin) and value == "":
        return None
    reason = _mismatch(parameter, value)
    if reason:
        raise ValueError(reason)
    try:
        if isinstance(value, str) and not isinstance(parameter, luigi.ChoiceParameter | luigi.PathParameter):
            value = parameter.parse(value)
        return parameter.normalize(_in_range(parameter, _unchanged(value, coerce(parameter, value))))
    except (ValueError, TypeError, KeyError, OverflowError, ParameterException) as error:
        raise ValueError(_because(parameter, error)) from error


def identity_value(parameter: luigi.Parameter[Any], value: Any) -> Any:
    """Return what a parameter's value adds to the identity: itself if it has a canonical form, else its text."""
    try:
        canonical(value)
    except IdentityError:
        return parameter.serialize(value)
    return value


def type_name(parameter: luigi.Parameter[Any]) -> str:
    """Return a parameter's kind for messages, as ``FloatParameter``."""
    return type(parameter).__name__


_EXPECTED: tuple[tuple[Any, str, Any], ...] = (
    (luigi.BoolParameter, "true or false", bool),
    (luigi.FloatParameter, "a number", int | float),
    (luigi.IntParameter, "an integer", int | float),
    (NumericalParameter, "a number", int | float),
    (luigi.EnumListParameter, "a list of names, or one string", list | tuple | str),
    (luigi.EnumParameter, "a name", str | enum.Enum),
    (luigi.DictParameter, "a table", Mapping),
    (luigi.ListParameter, "a list", list | tuple),
    (_DatetimeParameterBase, "a date-time", dt.date | str),
    (_DateParameterBase, "a date", dt.date | str),
    (luigi.TimeDeltaParameter, 'a duration as text, such as "90 minutes"', str | dt.timedelta),
    (luigi.PathParameter, "a path as text", str | PurePath),
    (luigi.ChoiceParameter, "one of its choices", object),
    (luigi.StrParameter, "text", str),
)


def _mismatch(parameter: luigi.Parameter[Any], value: Any) -> str:
    """Return why a value of this type cannot be meant for the parameter, or ''."""
    known = next((row for row in _EXPECTED if isinstance(parameter, row[0])), None)
    if known is None and type(parameter) not in (luigi.Parameter, luigi.OptionalParameter):
        return ""  # a class of the user's own says for itself what it takes
    _, expected, types = known or (None, "text", str)
    is_number = expected in ("a number", "an integer")
    fits = isinstance(value, types) and not (is_number and isinstance(value, bool))
    if expected == "an integer" and isinstance(value, float) and not value.is_integer():
        fits = False
    if expected == "a date" and isinstance(value, dt.datetime):
        fits = False
    return "" if fits else f"expected {expected} ({type_name(parameter)}), not {_described(value)}"


def _unchanged(value: Any, coerced: Any) -> Any:
    """Return a number in its parameter's type; raises ``ValueError`` if it is another number there."""
    is_number = isinstance(value, int | float) and isinstance(coerced, int | float)
    if is_number and coerced != value and not math.isnan(value):
        raise ValueError(f"it would become {coerced!r}")
    return coerced


def _in_range(parameter: luigi.Parameter[Any], value: Any) -> Any:
    """Return the value after the bounds of a ``NumericalParameter``, which Luigi checks only as it parses."""
    return parameter.parse(str(value)) if isinstance(parameter, NumericalParameter) else value


def _because(parameter: luigi.Parameter[Any], error: Exception) -> str:
    if isinstance(parameter, luigi.EnumParameter | luigi.EnumListParameter):
        names = ", ".join(member.name for member in parameter._enum)  # noqa: SLF001
        return f"not a member of {parameter._enum.__name__}; choose from {names}"  # noqa: SLF001
    if isinstance(parameter, luigi.ChoiceParameter):
        choices = ", ".join(str(choice) for choice in sorted(parameter._choices, key=str))  # noqa: SLF001
        return f"not a choice; choose from {choices}"
    return f"{type_name(parameter)}: {error}"


def _described(value: Any) -> str:
    names = {str: "text", bool: "a boolean", int: "an integer", float: "a float", list: "a list", dict: "a table"}
    return names.get(type(value), f"a {type(value).__name__}")
