"""When what came of a trial is known: to the sampler, which proposes the next, and to the pruner, which compares."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Protocol

from sweeper.search.memory import Memory
from sweeper.store.trials import Told, Trial


class Disclosure(Protocol):
    """Decides what a trial may know of the others."""

    def catch_up(self, number: int, under_way: Iterable[int]) -> bool:
        """Let the sampler know all that a new trial is to know; False if some of it is not known yet."""

    def order(self, number: int) -> int:
        """Return the place of what comes of a trial now, among all that the study is told of."""

    def seen(self, number: int) -> int:
        """Return how much the sampler knows as it proposes a trial: all with a lesser order."""

    def horizon(self, number: int) -> int | None:
        """Return the last trial that the pruner may compare a trial with; None if there is no last one."""

    def tell(self, number: int, told: Told) -> None:
        """Take in what came of a trial."""


class AtOnce:
    """A trial knows of all that have ended when it is asked for."""

    def __init__(self, memory: Memory, trials: Iterable[Trial]) -> None:
        self._memory = memory
        self._next = 1 + max((trial.told.order for trial in trials if trial.told), default=-1)

    def catch_up(self, number: int, under_way: Iterable[int]) -> bool:  # noqa: ARG002 (it is never behind)
        """Return True."""
        return True

    def order(self, number: int) -> int:  # noqa: ARG002 (first come, first served)
        """Return the place behind all others."""
        return self._next

    def seen(self, number: int) -> int:  # noqa: ARG002
        """Return how much was told so far."""
        return self._next

    def horizon(self, number: int) -> None:
        """Return None: the pruner compares with whatever there is."""

    def tell(self, number: int, told: Told) -> None:
        """Let the sampler know."""
        self._memory.tell(number, told)
        self._next = max(self._next, told.order + 1)


class InOrder:
    """A trial knows of those ``lag`` before it and earlier, told in their order: its number says what it knows.

    ``held_back`` is what the record has of trials that the next one is not to know of yet.
    """

    def __init__(self, memory: Memory, lag: int, held_back: Mapping[int, Told]) -> None:
        self._memory = memory
        self._lag = lag
        self._held_back = dict(held_back)

    def catch_up(self, number: int, under_way: Iterable[int]) -> bool:
        """Let the sampler know of the trials up to ``lag`` before a new one; False if one of them is under way."""
        last = number - self._lag
        if any(one <= last for one in under_way):
            return False
        for earlier in sorted(one for one in self._held_back if one <= last):
            self._memory.tell(earlier, self._held_back.pop(earlier))
        return True

    def order(self, number: int) -> int:
        """Return the trial's number."""
        return number

    def seen(self, number: int) -> int:
        """Return how many trials lie at least ``lag`` before."""
        return max(number - self._lag + 1, 0)

    def horizon(self, number: int) -> int:
        """Return the trial that lies ``lag`` before."""
        return number - self._lag

    def tell(self, number: int, told: Told) -> None:
        """Keep it until a trial comes that is to know of it."""
        self._held_back[number] = told


def held_back(trials: Sequence[Trial], reopened: Container[int], number: int, lag: int) -> dict[int, Told]:
    """Return what came of those trials on the record that a new one, of this number, is not to know of."""
    return {
        trial.number: trial.told
        for trial in trials
        if trial.told and trial.number not in reopened and trial.number > number - lag
    }
