"""What a check-up has found: one thing, how bad it is, and how to mend it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Level(enum.StrEnum):
    """How bad a thing is; with the last nothing more can be asked of the store. What is skipped may be anything."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    PROBLEM = "problem"
    AWAY = "away"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What one look at something, named by ``check``, has ``found``; and the ``remedy``, '' where none is needed."""

    check: str
    level: Level
    found: str
    remedy: str = ""

    @classmethod
    def ok(cls, check: str, found: str) -> Diagnosis:
        """Return that all is well."""
        return cls(check, Level.OK, found)

    @classmethod
    def skipped(cls, check: str, why: str) -> Diagnosis:
        """Return that there was no sense in looking."""
        return cls(check, Level.SKIPPED, f"not looked at: {why}")

    @classmethod
    def warning(cls, check: str, found: str, remedy: str) -> Diagnosis:
        """Return what may become a problem, or make one harder to see."""
        return cls(check, Level.WARNING, found, remedy)

    @classmethod
    def problem(cls, check: str, found: str, remedy: str) -> Diagnosis:
        """Return what is wrong."""
        return cls(check, Level.PROBLEM, found, remedy)


def exit_code(diagnoses: Iterable[Diagnosis]) -> int:
    """Return what the whole comes to for a shell: 0 without a problem, 3 if the store cannot be reached, else 1."""
    levels = {one.level for one in diagnoses}
    if Level.AWAY in levels:
        return 3
    return 1 if Level.PROBLEM in levels else 0
