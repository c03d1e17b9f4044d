"""Time cut into what can be drawn: lanes in which nothing overlaps, bars, and stretches without the pauses between."""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from sweeper.report.figures.subject import Step

MOST_BARS = 3_000
MOST_TICKS = 5
_LONG = 0.1
"""The share of the busy time from which on a pause is cut out."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Steps of one state that follow each other so closely in a lane that they look like one; times in milliseconds."""

    lane: int
    start: int
    end: int
    state: str
    first: Step
    number: int = 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which something ran, without a long pause, in milliseconds."""

    start: int
    end: int


def last_moment(steps: Iterable[Step]) -> int:
    """Return the last moment that is known of: what still runs is drawn up to it."""
    return max(max(step.start, step.end or step.start) for step in steps)


def stretches(steps: Sequence[Step]) -> list[Stretch]:
    """Return the stretches of time, of which there are several if nothing ran for long in between."""
    now = last_moment(steps)
    times = sorted((step.start, _end(step, now)) for step in steps)
    merged = [Stretch(*times[0])]
    for start, end in times[1:]:
        if start > merged[-1].end:
            merged.append(Stretch(start, end))
        else:
            merged[-1] = replace(merged[-1], end=max(merged[-1].end, end))
    busy = sum(one.end - one.start for one in merged)
    found = [merged[0]]
    for one in merged[1:]:
        if one.start - found[-1].end > max(busy, 1) * _LONG:
            found.append(one)
        else:
            found[-1] = replace(found[-1], end=one.end)
    return found


def bars(steps: Sequence[Step]) -> list[Bar]:
    """Return the bars of steps in their lanes; of many, those that nobody could tell apart are one."""
    now = last_moment(steps)
    placed = [*_lanes(steps, now)]
    visible = sum(one.end - one.start for one in stretches(steps))
    least = visible * (1 + max(lane for lane, _ in placed)) / MOST_BARS if len(placed) > MOST_BARS else 0
    current: dict[int, Bar] = {}
    done: list[Bar] = []
    for lane, step in placed:
        before, end = current.get(lane), _end(step, now)
        if before and before.state == step.state and end - before.start < least:
            current[lane] = replace(before, end=end, number=before.number + 1)
            continue
        if before:
            done.append(before)
        current[lane] = Bar(lane, step.start, end, step.state, step)
    return [*done, *current.values()]


def ticks(parts: Sequence[Stretch]) -> dict[int, str]:
    """Return the words at moments along an axis that has only these stretches: where each begins, and even ones."""
    total = sum(part.end - part.start for part in parts)
    begins = [0]
    for part in parts:
        begins.append(begins[-1] + part.end - part.start)
    even = (total * share / MOST_TICKS for share in range(MOST_TICKS + 1))
    kept: dict[float, int] = {}
    for shown in (*begins[:-1], *even):
        if all(abs(shown - other) >= total / MOST_TICKS * 0.9 for other in kept):
            place = max(number for number, begin in enumerate(begins[:-1]) if begin <= shown)
            kept[shown] = int(parts[place].start + shown - begins[place])
    return dict(_named(sorted(kept.values()), has_seconds=total < 300_000))


def _named(moments: Sequence[int], *, has_seconds: bool) -> Iterator[tuple[int, str]]:
    """Yield moments with their words: the time, and the date where it is another than before."""
    date = None
    for moment in moments:
        when = dt.datetime.fromtimestamp(moment / 1000, dt.UTC)
        words = when.strftime("%H:%M:%S" if has_seconds else "%H:%M")
        yield moment, words if when.date() == date else f"{words}<br>{when.date().isoformat()}"
        date = when.date()


def pauses(parts: Sequence[Stretch]) -> list[tuple[int, int]]:
    """Return when the pauses between stretches begin and end."""
    return [(before.end, after.start) for before, after in pairwise(parts)]


def _lanes(steps: Sequence[Step], now: int) -> Iterator[tuple[int, Step]]:
    """Yield each step with the first lane that is free when it starts."""
    free: list[int] = []
    busy: list[tuple[int, int]] = []  # when a lane gets free, and which
    for step in sorted(steps, key=lambda step: (step.start, step.number)):
        while busy and busy[0][0] <= step.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free) if free else len(busy)
        heapq.heappush(busy, (_end(step, now), lane))
        yield lane, step


def _end(step: Step, now: int) -> int:
    return max(step.start, now if step.end is None else step.end)
