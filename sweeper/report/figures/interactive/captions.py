"""What a reader has to know of a picture, in sentences of plain words: the page escapes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sweeper.report.escape import shown
from sweeper.report.figures.subject import Axis, Mark, Subject
from sweeper.spec import Direction

MOST_NAMED = 4


def caption(*sentences: str) -> str:
    """Return the sentences that there are."""
    return " ".join(filter(None, sentences))


def points(subject: Subject, *, bars: bool) -> str:
    """Say what a point is."""
    mean = f", its mean over {listed(subject.replicates)}" if subject.replicates else ""
    ends = f", and the bar the {shown(subject.interval)}" if bars and subject.interval else ""
    return f"Each point is a configuration{mean}{ends}."


def better(metric: Axis) -> str:
    """Say which values are better, where that is known."""
    match metric.direction:
        case Direction.MAXIMIZE:
            return "Higher is better."
        case Direction.MINIMIZE:
            return "Lower is better."
        case None:
            return ""


def best(marks: Sequence[Mark], subject: Subject) -> str:
    """Say what a star is."""
    number = sum(mark.is_best for mark in marks)
    if len(subject.objectives) > 1 and number:
        return "Stars mark the Pareto front: nothing else is as good in every way, and better in one."
    return {0: "", 1: "The star marks the best."}.get(number, "Stars mark the best.")


def broken(marks: Iterable[Mark]) -> str:
    """Say what a grey point is."""
    return "" if all(mark.is_feasible for mark in marks) else "Grey ones break a constraint."


def also_vary(others: Sequence[Axis]) -> str:
    """Say which parameters differ among points that a picture shows alike."""
    if not others:
        return ""
    names = listed(axis.label for axis in others)
    return (
        f"The points differ in {names} too." if len(others) == 1 else f"The points differ in other ways too: {names}."
    )


def left_out(number: int, reason: str) -> str:
    """Say how many configurations cannot be shown, and why."""
    return f"Left out: {counted(number)} {reason}." if number else ""


def counted(number: int, word: str = "configuration") -> str:
    """Return a number and what it counts."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Return a user's names in one line, the first of them if they are many."""
    words = [shown(name) for name in names]
    more = len(words) - MOST_NAMED
    named = words[:MOST_NAMED] + ([f"{more} more"] if more > 0 else [])
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}" if named else ""
