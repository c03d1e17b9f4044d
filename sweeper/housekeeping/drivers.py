"""Which sweepers are at a sweep."""

from __future__ import annotations

from sweeper.errors import InputError
from sweeper.store.base import Reader
from sweeper.store.lease import living_drivers
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag


def drivers_at(reader: Reader, *sweeps: str) -> list[RunRecord]:
    """Return the records of the drivers that are at one of some sweeps, and may be alive; oldest first."""
    return [driver for driver in living_drivers(reader) if driver.tags.get(Tag.AT) in sweeps]


def refuse_at_work(reader: Reader, *sweeps: str) -> None:
    """Raise ``InputError`` if a sweeper is at one of some sweeps."""
    for driver in drivers_at(reader, *sweeps):
        name = driver.tags[Tag.AT]
        raise InputError(f"a sweeper ({driver.name}) is at {name}; wait for it, or: sweeper stop {name} --wait")
