"""The inverse of ``sweeper.identity.canonical``."""

from __future__ import annotations

import datetime as dt
import enum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def restore(form: Any) -> Any:
    """Return a value whose canonical form this is.

    Numbers, strings, lists, dicts, dates, times, bytes and lengths of time come back as they were (a tuple as a list).
    A path becomes a pure one and a member of an enum a stand-in of that name: its class may not be here.
    """
    match form:
        case list():
            return [restore(item) for item in form]
        case dict() if len(form) == 1 and next(iter(form)).startswith("$"):
            ((tag, content),) = form.items()
            return _RESTORED[tag](content)
        case dict():
            return {key: restore(item) for key, item in form.items()}
    return form


def _restore_dict(pairs: list[list[Any]]) -> dict[Any, Any]:
    return {restore(key): restore(item) for key, item in pairs}


def _restore_enum(name: str) -> enum.Enum:
    make_enum: Any = enum.Enum
    member: enum.Enum = make_enum("StandIn", [name])[name]
    return member


_RESTORED: dict[str, Callable[[Any], Any]] = {
    "$float": float,
    "$dict": _restore_dict,
    "$set": lambda items: frozenset(map(restore, items)),
    "$bytes": bytes.fromhex,
    "$date": dt.date.fromisoformat,
    "$time": dt.time.fromisoformat,
    "$datetime": dt.datetime.fromisoformat,
    "$seconds": lambda seconds: dt.timedelta(seconds=seconds),
    "$enum": _restore_enum,
    "$path": PurePosixPath,
}
