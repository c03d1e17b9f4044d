"""The list of a store's sweeps: how far each is, what it has come to, how long ago it did something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tabulate import tabulate

from sweeper.errors import StoreError
from sweeper.identity import canonical
from sweeper.report.accounts.standing import Best, Progress, SweepStanding, best_of, progress_of, standing_of
from sweeper.report.escape import shown
from sweeper.report.lineage.trace import class_name
from sweeper.report.moments import ago
from sweeper.report.rounding import numeral
from sweeper.report.sources.outcomes import SweepOutcomes, outcomes
from sweeper.store.base import Reader
from sweeper.store.lease import without_the_dead
from sweeper.store.records import SweepRecord
from sweeper.store.sweeps import own_run
from sweeper.store.tags import Tag

HEADERS = ("sweep", "task", "kind", "done", "failed", "best", "state", "last run")


@dataclass(frozen=True, slots=True)
class Listed:
    """A sweep in the list.

    ``kind`` is ``grid`` or ``study``; ``progress`` and ``kind`` are not known of a sweep that stopped before its spec
    was on the record. ``last`` is when one of its runs last began or ended, in milliseconds since the epoch.
    """

    name: str
    task: str
    kind: str
    standing: SweepStanding
    progress: Progress | None
    best: Best | None
    last: int


def sweeps(reader: Reader) -> Iterator[Listed]:
    """Yield the sweeps of a store, the one that was started last first."""
    for name in reader.sweep_names():
        try:
            record = reader.sweep(name)
            if record is not None:
                yield _listed(reader, without_the_dead(reader, record))
        except StoreError:  # one that is damaged does not hide the others
            run = own_run(reader, name)
            last = (run.end_time or run.start_time) if run else 0
            yield Listed(name, "", "", SweepStanding.UNREADABLE, None, None, last)


def listing_text(every: Sequence[Listed], now: int) -> str:
    """Return the list as text; ``now`` in milliseconds since the epoch."""
    rows = [
        (
            shown(one.name),
            shown(class_name(one.task)),
            one.kind,
            _done(one.progress),
            _failed(one.progress),
            _best(one.best),
            one.standing.value,
            ago(one.last, now),
        )
        for one in every
    ]
    alignment = ("left", "left", "left", "right", "right", "left", "left", "right")
    return tabulate(rows, HEADERS, tablefmt="simple", colalign=alignment, disable_numparse=True)


def listing_document(every: Sequence[Listed]) -> list[dict[str, Any]]:
    """Return the list as plain JSON; times are milliseconds since the epoch."""
    return [
        {
            "sweep": one.name,
            "task": one.task,
            "kind": one.kind or None,
            "state": one.standing.value,
            "done": one.progress and one.progress.done,
            "total": one.progress and one.progress.total.number,
            "is_exact": one.progress and one.progress.total.is_exact,
            "failed": one.progress and one.progress.failed,
            "blocked": one.progress and one.progress.blocked,
            "metric": one.best and one.best.metric,
            "best": one.best and canonical(one.best.mean),
            "n": one.best and one.best.n,
            "front": one.best and one.best.front,
            "last": one.last,
        }
        for one in every
    ]


def _listed(reader: Reader, record: SweepRecord) -> Listed:
    found = outcomes(record) if record.document else None
    return Listed(
        record.name,
        record.run.tags.get(Tag.TASK, ""),
        _kind(found),
        standing_of(reader, record.run, found),
        progress_of(found) if found else None,
        best_of(found) if found else None,
        max(run.end_time or run.start_time for run in (record.run, *record.runs)),
    )


def _kind(found: SweepOutcomes | None) -> str:
    if found is None:
        return ""
    return "grid" if found.spec.study is None else "study"


def _done(progress: Progress | None) -> str:
    return f"{progress.done:,} of {progress.total}" if progress else ""


def _failed(progress: Progress | None) -> str:
    if progress is None:
        return ""
    return ", ".join([f"{progress.failed:,}", *([f"{progress.blocked:,} blocked"] if progress.blocked else [])])


def _best(best: Best | None) -> str:
    if best is None:
        return ""
    if best.mean is None:
        return f"{best.front:,} on the front of {shown(best.metric)}"
    return f"{shown(best.metric)} {numeral(best.mean)}{f' (n={best.n:,})' if best.n > 1 else ''}"
