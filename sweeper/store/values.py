"""What MLflow can hold: names and values made to fit its limits, and said so where something was cut."""

from __future__ import annotations

import hashlib
import math
import posixpath
import re
import sys
from collections.abc import Mapping

from sweeper.masking import mask

MAX_KEY = 250
MAX_PARAM = 6000
MAX_TAG = 5000  # MLflow allows 8,000 characters; some of its databases count bytes
MAX_REASON = 500
MAX_NAME = 250  # of a run; SQLite takes more, and other databases do not

_FOREIGN = re.compile(r"[^/\w.\- :]")


def fit_key(name: str) -> str:
    """Return a name that MLflow takes: other characters become ``_``, a long one ends in its digest."""
    fitted = _FOREIGN.sub("_", name)
    if not fitted.strip() or posixpath.normpath(fitted) != fitted or fitted.startswith((".", "/")):
        fitted = fitted.replace("/", "_").lstrip(".") or "_"
    return fitted if len(fitted) <= MAX_KEY else f"{fitted[: MAX_KEY - 17]}_{_digest(name)}"


def fit_value(value: str, limit: int) -> str:
    """Return a value of at most ``limit`` characters; one that was cut says how long it was, and its digest."""
    value = value.replace("\0", "\\0")
    value = value.encode("utf-8", "backslashreplace").decode("utf-8")
    if len(value) <= limit:
        return value
    note = f"... ({len(value)} characters, sha256 {_digest(value)})"
    return value[: limit - len(note)] + note


def fit(values: Mapping[str, str], limit: int) -> dict[str, str]:
    """Return names and values that MLflow takes; two names that become one get a number."""
    fitted: dict[str, str] = {}
    for name, value in values.items():
        key = fit_key(name)
        number = 1
        while key in fitted:
            number += 1
            key = f"{fit_key(name)[: MAX_KEY - 8]}_{number}"
        fitted[key] = fit_value(str(value), limit)
    return fitted


def as_logged(value: float) -> float:
    """Return a metric as it was logged: in place of an infinity MLflow's databases hold the greatest float."""
    return math.copysign(math.inf, value) if abs(value) >= sys.float_info.max else value


def one_line(text: str) -> str:
    """Return a reason as one short line, without secrets, and without anything that a terminal would obey."""
    words = " ".join(mask(text).split())
    plain = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in words)
    return fit_value(plain, MAX_REASON)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
