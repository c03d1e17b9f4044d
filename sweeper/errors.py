"""The errors that sweeper raises, and what each means to a shell.

SweeperError            1   something went wrong that none of the others names
├── InputError          2   what the user gave is wrong; nothing has run
│   └── SpecError       2   every problem of a spec at once
├── StoreError          3   the tracking store cannot be reached or used
│   └── StoreAway       3   it does not answer now, and may do so later
├── EngineError         3   the workers, or their cluster, cannot be started, reached or used
├── TaskError           1   a task broke the contract of MlflowTask
└── IdentityError       1   two different things claim one identity
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterable


class SweeperError(Exception):
    """Anything that sweeper raises on purpose; its message is for the user, and holds no secrets."""

    exit_code = 1

    def __init__(self, *args: Any) -> None:
        super().__init__(*(mask(arg) if isinstance(arg, str) else arg for arg in args))


class InputError(SweeperError):
    """What the user gave cannot work; found before anything ran."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a spec.

    ``source`` is the file (or ``-p`` for the command line), ``key`` the dotted key in it, ``value`` the offending
    value as TOML shows it ('' where there is none), ``reason`` what is wrong and ``remedy`` what to do ('' where the
    reason says it).
    """

    source: str
    key: str
    reason: str
    value: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{self.source}: {self.key}" if self.key else self.source
        offender = f" = {self.value}" if self.value else ""
        return spelled_out(f"{place}{offender}: {self.reason}" + (f"; {self.remedy}" if self.remedy else ""))


class SpecError(InputError):
    """A spec with problems, all of them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class StoreError(SweeperError):
    """The tracking store cannot be reached, or is not what sweeper can work with."""

    exit_code = 3


class StoreAway(StoreError):  # noqa: N818 (a state of the store, not a mistake)
    """The tracking store does not answer now: it may later, and what was asked of it may be asked again."""


class EngineError(SweeperError):
    """The workers, or their cluster, cannot be started, reached or used."""

    exit_code = 3


class TaskError(SweeperError):
    """A task broke the contract of ``MlflowTask``; the message names the task and the remedy."""


class IdentityError(SweeperError):
    """Two different things claim one identity, or a thing has none."""


def did_you_mean(name: str, choices: Iterable[Any]) -> str:
    """Return the remedy for an unknown ``name``: the nearest of ``choices``, else all of them, else ''."""
    valid = sorted(str(choice) for choice in choices)
    near = difflib.get_close_matches(name, valid, n=1)
    if near:
        return f"did you mean {near[0]}?"
    return f"choose from {', '.join(valid)}" if valid else ""


def spelled_out(text: str) -> str:
    """Return a text in which what a terminal would obey, and what no terminal shows, is spelled out as in Python."""
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
