"""Find the sweep that a command speaks of."""

from __future__ import annotations

from sweeper.report.sources import reading
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.store.base import SweepRecord


def read_outcomes(name: str | None, tracking_uri: str | None) -> SweepOutcomes:
    """Return what became of the points of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    return reading.read_outcomes(reading.open_store(tracking_uri), name or "")


def read_record(name: str | None, tracking_uri: str | None) -> SweepRecord:
    """Return what the store remembers of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    reader = reading.open_store(tracking_uri)
    return reading.read_record(reader, name or reading.newest(reader))
