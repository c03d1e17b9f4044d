"""Which results no sweep names any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from sweeper.errors import SweeperError
from sweeper.report.accounts.standing import SweepStanding, standing_of
from sweeper.report.lineage.trace import upstream
from sweeper.report.sources.reading import read_outcomes
from sweeper.store.assignments import sweeps_of
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag, sweep_tag

TAKEN_BACK = "removed by gc: no sweep names it"
"""What a result says of itself before anything of it goes."""

_SWEEP = sweep_tag("")


def unnamed(reader: Reader, runs: Sequence[RunRecord]) -> Iterator[RunRecord]:
    """Yield the results among ``runs``, all of the store's, that no sweep names and that nothing of a sweep requires.

    What a sweep requires is all that its attempts were to be made from, directly and further up, whatever became of
    them; and as long as some of its points have no result, all that was made for it upstream. What was being removed
    when that was cut short is unnamed too.
    """
    names = {*reader.sweep_names()}
    makers: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in runs:
        if run.key is not None:
            makers[run.key].append(run)
    unfinished = _drivers_of_unfinished(reader, names)
    way = [
        run
        for run in runs
        if not run.status.is_over
        or any(name in names for name in sweeps_of(run.tags))
        or (run.tags.get(Tag.DRIVER) in unfinished and _is_of_no_point(run))
    ]
    wanted = {run.key for run in way}
    while way:
        for key in upstream(way.pop()).values():
            if key not in wanted:
                wanted.add(key)
                way += makers[key]
    for run in runs:
        if run.tags.get(Tag.SUPERSEDED) == TAKEN_BACK or (run.key is not None and run.key not in wanted):
            yield run


def _is_of_no_point(run: RunRecord) -> bool:
    """Whether a run never stood for a point: it was made for what lies downstream of it."""
    return not any(tag.startswith(_SWEEP) for tag in run.tags)


def _drivers_of_unfinished(reader: Reader, names: Collection[str]) -> set[str]:
    """Return the drivers of sweeps that may still want what they had made for them.

    A name that is not known, and was not removed, has been changed since.
    """
    removed = {run.tags.get(Tag.NAME, "") for run in reader.runs_with(Tag.KIND, Kind.REMOVED)}
    given_up = (removed - {*names}) | {name for name in names if _is_complete(reader, name)}
    return {run.run_id for run in reader.runs_with(Tag.AT) if run.tags[Tag.AT] not in given_up}


def _is_complete(reader: Reader, name: str) -> bool:
    try:
        found = read_outcomes(reader, name)
        return standing_of(reader, found.record.run, found) is SweepStanding.COMPLETE
    except SweeperError:
        return False
