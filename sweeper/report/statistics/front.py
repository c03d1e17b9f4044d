"""Which of several things are the best, where what is better in one way may be worse in another."""

from __future__ import annotations

import math
from collections.abc import Sequence

from sweeper.spec import Direction

Losses = tuple[float, ...]
"""How bad something is in each way: less is better."""


def losses(values: Sequence[float], directions: Sequence[Direction]) -> Losses:
    """Return how bad values are, each by its direction; NaN is as bad as can be."""
    signed = (
        -value if direction is Direction.MAXIMIZE else value
        for value, direction in zip(values, directions, strict=True)
    )
    return tuple(math.inf if math.isnan(loss) else loss for loss in signed)


def front(candidates: Sequence[Losses]) -> frozenset[int]:
    """Return the places of those that nothing beats: nothing else is as good in every way, and better in one.

    With one loss these are the least. What is infinitely bad in some way is never among them.
    """
    unbeaten: set[Losses] = set()
    for loss in sorted({loss for loss in candidates if math.inf not in loss}):  # what beats another comes before it
        if not any(_is_as_good(other, loss) for other in unbeaten):
            unbeaten.add(loss)
    return frozenset(place for place, loss in enumerate(candidates) if loss in unbeaten)


def _is_as_good(one: Losses, other: Losses) -> bool:
    return all(mine <= its for mine, its in zip(one, other, strict=True))
