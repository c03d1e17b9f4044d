"""Find the sweep that a command speaks of."""

from __future__ import annotations

from sweeper.errors import InputError, did_you_mean
from sweeper.report.outcomes import SweepOutcomes, outcomes
from sweeper.store import open_reader
from sweeper.store.base import SweepRecord
from sweeper.store.lease import without_the_dead
from sweeper.store.locate import locate, shown_uri


def read_outcomes(name: str | None, tracking_uri: str | None, metric: str | None = None) -> SweepOutcomes:
    """Return what became of the points of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    return outcomes(read_record(name, tracking_uri), metric or "")


def read_record(name: str | None, tracking_uri: str | None) -> SweepRecord:
    """Return what the store remembers of a sweep, the newest by default.

    Raises ``InputError`` if there is no such sweep.
    """
    reader = open_reader(locate(tracking_uri))
    names = reader.sweep_names()
    if not names:
        raise InputError(f"{shown_uri(reader.uri)} has no sweeps yet; run one: sweeper run SPEC")
    record = reader.sweep(name or names[0])
    if record is None:
        raise InputError(f"{shown_uri(reader.uri)} has no sweep {name}; {did_you_mean(str(name), names)}")
    return without_the_dead(reader, record)
