"""Values as the command line writes them: TOML, and bare words for strings.

Commas part values only outside of brackets and quotes: ``[1,2]`` is one list. A word that is no TOML value (``adam``,
``resnet-50``) is that string.
"""

from __future__ import annotations

import re
from typing import Any

from sweeper.spec.checks import Invalid
from sweeper.spec.toml import parse, shorten, to_toml

_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_NOT_WORDS = {"True": "true", "False": "false", "None": '"None"', "null": '"null"'}
_HALF_NUMBER = re.compile(r"[-+]?(\.\d+|\d+\.)(e[-+]?\d+)?", re.IGNORECASE)
_PIECE = re.compile(r"""\"(?:\\.|[^"\\])*"|'[^']*'|[\[\]{},]|[^"'\[\]{},]+|.""", re.DOTALL)


def parse_values(text: str) -> list[Any]:
    """Return the values that a text names, in their order; raises ``Invalid`` for what is none."""
    return [_value(item) for item in split_values(text)]


def split_values(text: str) -> list[str]:
    """Part a text at the commas outside of brackets and quotes."""
    items = [""]
    depth = 0
    for piece in _PIECE.findall(text):
        depth += (piece in "[{") - (piece in "]}")
        if piece == "," and depth == 0:
            items.append("")
        else:
            items[-1] += piece
    return [item.strip() for item in items]


def _value(text: str) -> Any:
    if not text:
        raise Invalid("has an empty value", """write '""' for an empty string""")
    if text in _NOT_WORDS:
        raise Invalid(f"{text} is not a TOML value", f"write {_NOT_WORDS[text]}")
    try:
        contents = parse(f"value = {text}")
    except Invalid:
        raise
    except ValueError:
        contents = {}
    if contents.keys() == {"value"}:
        return contents["value"]
    if _WORD.fullmatch(text):
        return text
    if _HALF_NUMBER.fullmatch(text):
        raise Invalid(f"{text} is not a TOML value", f"write {float(text)!r}")
    raise Invalid(f"{shorten(text)} is not a TOML value", f"quote a string, for the shell too: '{to_toml(text)}'")
