"""How much a test tries: little in the suite, much in ``make chaos``."""

from __future__ import annotations

import os
from typing import TypeVar

SCALE_VARIABLE = "SWEEPER_CHAOS"
FULL = "full"

T = TypeVar("T")


def at_scale(small: T, full: T) -> T:
    """Return what holds now: ``full`` if the environment asks for it, else ``small``."""
    return full if os.environ.get(SCALE_VARIABLE) == FULL else small
