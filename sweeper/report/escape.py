"""Values as words that no format takes for its own syntax."""

from __future__ import annotations

import datetime as dt
import enum
import html
import pathlib
import re
from typing import Any

from sweeper.identity import canonical_json

MOST_CHARACTERS = 40

_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "^": r"\textasciicircum{}",
        "~": r"\textasciitilde{}",
        "<": r"\textless{}",
        ">": r"\textgreater{}",
        "|": r"\textbar{}",
        "`": r"\textasciigrave{}",
        **{character: f"{{{character}}}" for character in "[]*"},  # at the start of a row they belong to the \\ before
        **{character: f"\\{character}" for character in "&%$#_{}"},
    }
)
_MARKDOWN = re.compile(
    r"""(?P<inside>(?<=[^\W_])_+(?=[^\W_]))   # as in learning_rate: no emphasis there
      | (?P<active>[`*_\[\]|$~])""",
    re.VERBOSE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_FORMULA = ("=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What starts a formula; the last four are the full-width forms of the first."""


def shown(value: Any, most: int = MOST_CHARACTERS) -> str:
    """Return a value as one line of at most ``most`` printable characters; '' for None.

    Strings stand bare, numbers and truth values as TOML has them, lists and tables as JSON. What is not printable (line
    ends, terminal escapes, marks that turn the direction of writing) is spelled out; a long value loses its middle.
    """
    words = "".join(character if character.isprintable() else _spelled(character) for character in _words(value))
    if len(words) <= most:
        return words
    tail = most // 3
    return f"{words[: most - tail - 1]}…{words[-tail:]}"


def markdown(words: str) -> str:
    """Return one line of plain words as Markdown that shows them, also in the cell of a table."""
    inert = html.escape(words, quote=False).replace("\\", "&#92;")
    return _MARKDOWN.sub(lambda match: match["inside"] or f"\\{match['active']}", inert)


def latex(words: str) -> str:
    """Return one line of plain words as LaTeX that shows them; letters that are not Latin need a Unicode engine."""
    return re.sub("-(?=-)", "-{}", words.translate(_LATEX))


def spreadsheet(value: Any) -> Any:
    """Return a value as a spreadsheet shows and does not run it: a number stays, a formula gets an apostrophe.

    Control characters other than tabs and line feeds, which readers of CSV stumble over, are spelled out.
    """
    if value is None or isinstance(value, int | float):
        return value
    words = value if isinstance(value, str) else _words(value)
    if not words.isprintable():
        words = _CONTROL.sub(lambda match: _spelled(match[0]), words)
    return f"'{words}" if words.startswith(_FORMULA) else words


def _words(value: Any) -> str:  # noqa: PLR0911 (a table of types, one line each)
    match value:
        case None:
            return ""
        case enum.Enum():
            return value.name
        case str():
            return value or '""'
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value)
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta() | pathlib.PurePath():
            return str(value)
        case _:
            return canonical_json(value)


def _spelled(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
