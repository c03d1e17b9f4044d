"""Identity: when two instances are the same work, said by one digest of canonical values.

The canonical form of a value is JSON that equal values share and unequal values do not, on every machine and Python:

=====================================  ====================================================
None, bool, str, int                   themselves
float                                  itself; -0.0 is 0.0; ``{"$float": "nan" | "inf" | "-inf"}``
numpy scalar, numpy array              the Python number or nested lists that they hold
list, tuple                            a list
dict with str keys                     an object (``{"$dict": [[key, value], ...]}`` if a key starts with ``$``)
dict with other keys                   ``{"$dict": [[key, value], ...]}`` sorted by canonical key
set, frozenset                         ``{"$set": [...]}`` sorted by canonical value
bytes                                  ``{"$bytes": hex}``
date, time, datetime                   ``{"$date": ...}``, ``{"$time": ...}``, ``{"$datetime": ...}`` in ISO 8601
timedelta                              ``{"$seconds": ...}``
Enum                                   ``{"$enum": name}``
pathlib path                           ``{"$path": ...}`` with forward slashes
=====================================  ====================================================

``1`` and ``1.0`` differ here: which of them a parameter means is for the parameter to say, before it comes here.
"""

from __future__ import annotations

import datetime as dt
import enum
import hashlib
import json
import math
import pathlib
from collections.abc import Mapping, Set
from typing import Any

from sweeper.errors import IdentityError

_PLAIN = frozenset({str, int, bool, type(None)})
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)

FORMAT = 1
"""The number that starts every key; it moves when the canonical form does."""


def canonical(value: Any) -> Any:  # noqa: PLR0911, PLR0912, C901 (a table of types, one line each)
    """Return the canonical form of a value: None, bool, int, float, str, lists and dicts of them.

    Raises ``IdentityError`` for a value that has none, such as a function or an open file.
    """
    if type(value) in _PLAIN:  # most values by far
        return value
    match value:
        case enum.Enum():
            return {"$enum": value.name}
        case None | bool():
            return value
        case int():
            return int(value)
        case float():
            return _canonical_float(float(value))
        case str():
            return str(value)
        case bytes():
            return {"$bytes": value.hex()}
        case dt.datetime():
            return {"$datetime": value.isoformat()}
        case dt.date():
            return {"$date": value.isoformat()}
        case dt.time():
            return {"$time": value.isoformat()}
        case dt.timedelta():
            return {"$seconds": value.total_seconds()}
        case pathlib.PurePath():
            return {"$path": value.as_posix()}
        case list() | tuple():
            return [canonical(item) for item in value]
        case Set():
            return {"$set": sorted((canonical(item) for item in value), key=_dumps)}
        case Mapping():
            return _canonical_mapping(value)
    plain = value.tolist() if hasattr(value, "tolist") else value  # a numpy scalar or array, without importing numpy
    if type(plain) is not type(value):
        return canonical(plain)
    raise IdentityError(f"a value of type {type(value).__name__} has no canonical form: {value!r:.80}")


def canonical_json(value: Any) -> str:
    """Return the canonical form of a value as one line of ASCII JSON: equal if and only if the values are."""
    return _dumps(canonical(value))


def digest(value: Any) -> str:
    """Return the sha256 of a value's canonical JSON, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode("ascii")).hexdigest()


def make_key(experiment: str, family: str, version: int, tags: Mapping[str, Any]) -> str:
    """Return the identity of a piece of work: the format number and a digest, 66 characters at any size of the tags."""
    return f"{FORMAT}-{digest({'experiment': experiment, 'family': family, 'version': version, 'tags': tags})}"


def _dumps(form: Any) -> str:
    return _ENCODER.encode(form)


def _canonical_float(value: float) -> Any:
    if math.isfinite(value):
        return value + 0.0  # -0.0 + 0.0 is 0.0
    return {"$float": "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}


def _canonical_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    if all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {str(key): canonical(item) for key, item in value.items()}
    pairs = [[canonical(key), canonical(item)] for key, item in value.items()]
    return {"$dict": sorted(pairs, key=_dumps)}
