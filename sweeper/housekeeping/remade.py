"""Which results were made again: they count no more, and others stand in their place."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

from sweeper.housekeeping.machine_checks import DRIFT_SECONDS
from sweeper.housekeeping.unnamed import TAKEN_BACK
from sweeper.store.base import Reader
from sweeper.store.lease import living_drivers
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag


def made_again(reader: Reader, runs: Sequence[RunRecord], now: float) -> Iterator[tuple[RunRecord, str]]:
    """Yield the results among ``runs`` in whose place others stand, each with the words that say why its artifacts go.

    Not those of which a sweeper that is at work may have read before the others were there: it goes on by what it has
    read. ``now`` is in seconds since the epoch.
    """
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    old = [run for run in runs if _is_replaceable(run)]
    heirs = reader.results_by_key({run.tags[Tag.KEY] for run in old}) if old else {}
    began = [driver.start_time for driver in living_drivers(reader)] if heirs else []
    oldest = min(began, default=math.inf) - DRIFT_SECONDS * 1000
    for run in old:
        heir = heirs.get(run.tags[Tag.KEY])
        if heir is not None and oldest > max(heir.end_time or 0, run.end_time or 0):
            yield run, f"dropped {today}: made again by run {heir.run_id}"


def is_made_again(reader: Reader, run: RunRecord) -> bool:
    """Whether another result stands in the place of one that counts no more."""
    return _is_replaceable(run) and bool(reader.results_by_key([run.tags[Tag.KEY]]))


def _is_replaceable(run: RunRecord) -> bool:
    """Whether a run was a result; what ``gc`` was removing goes as a whole."""
    superseded = run.tags.get(Tag.SUPERSEDED)
    return run.status is RunStatus.FINISHED and bool(run.tags.get(Tag.KEY)) and superseded not in (None, TAKEN_BACK)
