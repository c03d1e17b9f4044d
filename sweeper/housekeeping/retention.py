"""Which results a sweep's ``[keep]`` lets go of the artifacts of.

Only final results: what other results were made from stays readable. One that stands for points of several sweeps keeps
its artifacts as long as one of them keeps them, and so does all that a sweeper is at.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import partial

from sweeper.errors import SweeperError
from sweeper.housekeeping.drivers import drivers_at
from sweeper.report.lineage.trace import trace, upstream
from sweeper.report.question import STANDARD
from sweeper.report.sources.observations import observe
from sweeper.report.sources.outcomes import outcomes
from sweeper.report.sources.reading import read_record
from sweeper.report.tables.rows import grouping, rows
from sweeper.spec import Spec
from sweeper.spec.keep import Keep
from sweeper.store.assignments import sweeps_of
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, SweepRecord


def released(
    reader: Reader, runs: Sequence[RunRecord], sweeps: Iterable[str], now: float
) -> Iterator[tuple[RunRecord, str]]:
    """Yield the results among ``runs``, all of the store's, whose artifacts go, each with the words that say why.

    ``sweeps`` are the names of all sweeps; ``now`` is in seconds since the epoch.
    """
    by_sweep = {name: _released_keys(reader, name, now) for name in sweeps}
    used = {key for run in runs for key in upstream(run).values()}
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    for run in runs:
        names = sweeps_of(run.tags)
        if not names or run.key is None or run.key in used:
            continue
        if all(run.key in by_sweep.get(name, {}) for name in names):
            said = "; ".join(f"{by_sweep[name][run.key]} of sweep {name}" for name in names)
            yield run, f"dropped {today} by keep {said}"


def _released_keys(reader: Reader, name: str, now: float) -> Mapping[str, str]:
    """Return the keys of the results whose artifacts a sweep does not keep, each with the words of its spec."""
    try:
        record = read_record(reader, name)
        spec = Spec.from_document(record.document)
    except (SweeperError, KeyError, TypeError, ValueError, AttributeError):
        return {}  # a sweep whose record is damaged keeps everything
    if spec.keep.is_all or drivers_at(reader, name):
        return {}
    keys = _behind(reader, record, spec.keep.best) if spec.keep.best else _older(record, spec.keep, now)
    return dict.fromkeys(keys, spec.keep.artifacts)


def _older(record: SweepRecord, keep: Keep, now: float) -> Set[str]:
    assert keep.seconds is not None
    return {run.key for run in record.runs if run.key and now - (run.end_time or 0) / 1000 > keep.seconds}


def _behind(reader: Reader, record: SweepRecord, best: int) -> Set[str]:
    """Return the keys of the results in all rows but the first of the sweep's table."""
    observations = observe([outcomes(record)], STANDARD, partial(trace, reader))
    ranked = rows(observations, STANDARD, grouping(observations, STANDARD))
    first, others = (
        {one.cell.run.key for row in some for one in row.observations if one.cell.run and one.cell.run.key}
        for some in (ranked[:best], ranked[best:])
    )
    return others - first
