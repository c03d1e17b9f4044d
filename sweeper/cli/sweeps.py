"""Find the sweep that a command speaks of."""

from __future__ import annotations

from sweeper.report import sources
from sweeper.report.outcomes import SweepOutcomes
from sweeper.store.base import SweepRecord


def read_outcomes(name: str | None, tracking_uri: str | None) -> SweepOutcomes:
    """Return what became of the points of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    return sources.read_outcomes(sources.open_store(tracking_uri), name or "")


def read_record(name: str | None, tracking_uri: str | None) -> SweepRecord:
    """Return what the store remembers of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    reader = sources.open_store(tracking_uri)
    return sources.read_record(reader, name or sources.newest(reader))
