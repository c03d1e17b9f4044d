"""TOML: reading a file into plain values, and showing a value as TOML writes it."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import stat
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sweeper.errors import Problem, SpecError, did_you_mean
from sweeper.spec.checks import Invalid

if TYPE_CHECKING:
    from pathlib import Path

SHOWN_CHARACTERS = 60

MOST_BYTES = 16 * 1024**2
"""A file of more is none that a person wrote, and would take minutes to read."""

MOST_LEVELS = 50
"""Arrays and tables inside one another, at most."""

MOST_BITS = 14_000
"""Bits of an integer, at most: it has to be written with no more than the 4,300 digits that Python writes."""

_TOO_DEEP = f"is nested too deeply: at most {MOST_LEVELS} arrays and tables inside one another"
_UNSEEN = re.compile(r"[^\x20-\x7e]")


def read(path: Path) -> tuple[str, dict[str, Any]]:
    """Return a TOML file's text and its contents; raises ``SpecError`` with what keeps it from being read."""
    try:
        text = _bytes(path).decode("utf-8-sig")
    except FileNotFoundError:
        siblings = [sibling.name for sibling in path.parent.glob("*.toml")]
        raise _unreadable(path, "there is no such file", did_you_mean(path.name, siblings)) from None
    except IsADirectoryError:
        raise _unreadable(path, "is a folder", "name the TOML file in it") from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from None
    except UnicodeDecodeError as error:
        reason = f"is not UTF-8: byte {error.start} is 0x{error.object[error.start]:02x}"
        raise _unreadable(path, reason, "save it as UTF-8") from None
    return text, _parse(path, text)


def parse(text: str) -> dict[str, Any]:
    """Return what a TOML text holds; raises ``ValueError`` for what is none, or nested too deeply, or too large."""
    try:
        contents = tomllib.loads(text)
    except RecursionError:
        raise Invalid(_TOO_DEEP) from None
    level: list[Any] = [contents]
    for _ in range(MOST_LEVELS):
        level = [item for outer in level for item in (outer.values() if isinstance(outer, dict) else outer)]
        if any(isinstance(item, int) and item.bit_length() > MOST_BITS for item in level):
            raise Invalid("holds an integer of thousands of digits")
        level = [item for item in level if isinstance(item, dict | list)]
    if level:
        raise Invalid(_TOO_DEEP)
    return contents


def to_toml(value: Any, width: int | None = SHOWN_CHARACTERS) -> str:
    """Return a value as TOML writes it, on one line; cut to ``width`` characters unless that is None."""
    return shorten(_write(value), width)


def shorten(text: str, width: int | None = SHOWN_CHARACTERS) -> str:
    """Return a text on one line, cut to ``width`` characters unless that is None."""
    line = text.replace("\n", "\\n")
    return line if width is None or len(line) <= width else line[: width - 1] + "…"


def to_key(*parts: str | int) -> str:
    """Return the dotted key of a place in a file, as in ``grid[1].seed``; a part that is no plain name is quoted."""
    words = (f"[{part}]" if isinstance(part, int) else f".{_quoted_unless_plain(part)}" for part in parts)
    return "".join(words).removeprefix(".")


def _bytes(path: Path) -> bytes:
    found = path.stat()
    if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
        raise _unreadable(path, "is no regular file", "a sweep is resumed from its file: write it to one")
    if found.st_size > MOST_BYTES:
        reason = f"is too large: {found.st_size:,} bytes, of at most {MOST_BYTES:,}"
        raise _unreadable(path, reason, "let range or linspace make the levels")
    return path.read_bytes()


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return parse(text)
    except Invalid as error:
        raise _unreadable(path, error.reason) from None
    except ValueError as error:  # TOMLDecodeError is one; an int of thousands of digits raises a bare one
        message, _, place = str(error).removesuffix(")").partition(" (at ")
        raise SpecError([Problem(str(path), place, f"is not valid TOML: {message[:1].lower()}{message[1:]}")]) from None


def _unreadable(path: Path, reason: str, remedy: str = "") -> SpecError:
    return SpecError([Problem(str(path), "", reason, remedy=remedy)])


def _write(value: Any) -> str:  # noqa: PLR0911 (a table of types, one line each)
    match value:
        case bool():
            return "true" if value else "false"
        case float() if not math.isfinite(value):
            return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
        case int() | float():
            return repr(value)
        case str():
            return _UNSEEN.sub(_escaped, json.dumps(value, ensure_ascii=False))
        case dt.date() | dt.time():  # a datetime is a date
            return value.isoformat()
        case list() | tuple():
            return f"[{', '.join(map(_write, value))}]"
        case Mapping():
            items = (f"{_write_key(key)} = {_write(item)}" for key, item in value.items())
            return f"{{ {', '.join(items)} }}" if value else "{}"
    return str(value)


def _escaped(match: re.Match[str]) -> str:
    """Return a character as it is if it can be seen, else as TOML escapes it."""
    letter = match[0]
    return (
        letter if letter.isprintable() else f"\\u{ord(letter):04x}" if letter <= "\uffff" else f"\\U{ord(letter):08x}"
    )


def _quoted_unless_plain(part: str) -> str:
    return part if re.fullmatch(r"[\w.-]+", part) else _write(part)


def _write_key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _write(key)
