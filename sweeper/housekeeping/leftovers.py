"""What a store can do without: each thing with its kind and the space it takes."""

from __future__ import annotations

import enum
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sweeper.report.escape import shown
from sweeper.store.records import RunRecord


class LeftoverKind(enum.StrEnum):
    """Why a thing is not needed; the order is the one in which they are shown and cleared away."""

    STALE = "stale"
    ATTEMPT = "superseded failure"
    LET_GO = "let go"
    REMADE = "made again"
    ORPHAN = "orphan"
    SPOOL = "spool"
    CHECKPOINT = "checkpoint"
    HALF_MADE = "half-made"
    UNNAMED = "unnamed"

    @property
    def words(self) -> str:
        """What things of the kind are, for a person."""
        return _WORDS[self]


_WORDS = {
    LeftoverKind.STALE: "runs that their process left RUNNING: to be marked KILLED",
    LeftoverKind.ATTEMPT: "attempts without a result at work that has one now",
    LeftoverKind.LET_GO: "results whose artifacts [keep] lets go; their metrics and logs stay",
    LeftoverKind.REMADE: "results that were made again; the artifacts of the old ones go, their metrics and logs stay",
    LeftoverKind.ORPHAN: "folders of runs that the store does not know",
    LeftoverKind.SPOOL: "logs of tasks that nobody finished",
    LeftoverKind.CHECKPOINT: "checkpoints of work that has a result, or that nobody has gone on with for long",
    LeftoverKind.HALF_MADE: "databases and downloads that were never completed",
    LeftoverKind.UNNAMED: "results that no sweep names, and that no result of a sweep was made from",
}


@dataclass(frozen=True, slots=True)
class Leftover:
    """One thing that is not needed: a run, some ``artifacts`` of it, or a file or folder; ``size`` in bytes.

    ``why`` is what the run will say of itself.
    """

    kind: LeftoverKind
    size: int = 0
    run: RunRecord | None = None
    artifacts: tuple[str, ...] = ()
    path: Path | None = None
    why: str = ""

    @property
    def name(self) -> str:
        """What it is called: a run by its id and name, a file by its path."""
        return shown(f"{self.run.run_id} {self.run.name}".rstrip() if self.run else str(self.path), sys.maxsize)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found; ``notes`` say what was not looked for or is left alone, and why."""

    leftovers: Sequence[Leftover] = ()
    notes: Sequence[str] = field(default=())

    def of(self, kind: LeftoverKind) -> list[Leftover]:
        """Return what is of a kind."""
        return [one for one in self.leftovers if one.kind is kind]


def summary(findings: Findings) -> Iterator[str]:
    """Yield a line for each kind of which there is something, and one for each note."""
    for kind in LeftoverKind:
        found = findings.of(kind)
        if found:
            yield f"{len(found):>6,}  {size_words(found):>9}  {kind.words}"
    yield from findings.notes


def listing(findings: Findings) -> Iterator[str]:
    """Yield a line for each thing, by kind."""
    for kind in LeftoverKind:
        for one in findings.of(kind):
            yield f"{kind}: {one.name}, {in_words(one.size)}"


def size_words(leftovers: Iterable[Leftover]) -> str:
    """Say how much space some things take."""
    return in_words(sum(one.size for one in leftovers))


def in_words(size: float) -> str:
    """Say how much a number of bytes is, in the unit that fits."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:,.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
