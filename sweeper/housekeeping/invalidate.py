"""Take results back: bad data, a bug found late. They stay, marked, and the next run computes them again.

What counts, and so can be taken back, is a result, or a run that a study pruned. All runs with one key are taken back
together: else the next of them would take the first one's place.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sweeper.housekeeping.targets import is_counted, key_of_run
from sweeper.housekeeping.trials import trials_freed, trials_on
from sweeper.report.lineage.trace import upstream
from sweeper.store.base import Reader, Store
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import INVALIDATED, Tag
from sweeper.store.values import one_line


@dataclass(frozen=True, slots=True)
class Invalidation:
    """What is to be taken back, or to count again.

    ``named`` are the runs that were asked for, and others with their keys; ``downstream`` those made from them, the
    nearest first, whether they are to be taken along or not. ``trials`` are the runs of a study's trials that stand on
    any of it. ``others`` is how many results of what was asked for need nothing: they are taken back already, or,
    where that is undone, were made again since.
    """

    named: tuple[RunRecord, ...]
    downstream: tuple[RunRecord, ...]
    takes_downstream: bool
    trials: tuple[str, ...] = ()
    others: int = 0

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """All runs that are to be marked, in order: what is named comes last, so that naming it again finds it."""
        return (*(reversed(self.downstream) if self.takes_downstream else ()), *self.named)


def to_invalidate(reader: Reader, asked: Sequence[RunRecord], *, downstream: bool) -> Invalidation:
    """Return what there is to do to take runs back.

    Of one that was taken back before only what was made from it is, and that not if it was made from a result that has
    come in its place.
    """
    every = [run for run in reader.runs_with(Tag.KEY, status=RunStatus.FINISHED) if run.key]
    every += filter(is_counted, reader.runs_with(Tag.PRUNED))
    by_key = _by_key(every)
    fresh = {key_of_run(run) for run in asked if is_counted(run)}
    named = {run.run_id: run for key in fresh for run in by_key[key]}
    before = {key_of_run(run) for run in asked if not is_counted(run)}
    made = _made_from(every, by_key, named, sorted(fresh | before))
    marked = [*named.values(), *(made if downstream else ())]
    return Invalidation(
        named=tuple(named.values()),
        downstream=tuple(made),
        takes_downstream=downstream,
        trials=trials_on(reader, marked),
        others=len(before - fresh),
    )


def to_restore(reader: Reader, asked: Sequence[RunRecord], *, downstream: bool) -> Invalidation:
    """Return what there is to do to let runs count again that were taken back, unless they were made again since."""
    gone = [run for run in reader.runs_with(Tag.SUPERSEDED) if run.invalidated]
    by_key = _by_key(gone)
    words = {run.invalidated for run in asked}
    keys = {key_of_run(run) for run in asked if run.invalidated}
    same = {run.run_id: run for key in keys for run in by_key[key] if run.invalidated in words}
    made = [run for run in _made_from(gone, by_key, same, sorted(keys)) if run.invalidated in words]
    remade = reader.results_by_key({key_of_run(run) for run in (*same.values(), *made)})
    named = [run for run in same.values() if key_of_run(run) not in remade]
    along = [run for run in made if key_of_run(run) not in remade]
    return Invalidation(
        named=tuple(named),
        downstream=tuple(along),
        takes_downstream=downstream,
        trials=trials_freed(reader, [*named, *(along if downstream else ())]),
        others=len(remade.keys() & {key_of_run(run) for run in (*same.values(), *(made if downstream else ()))}),
    )


def invalidate(store: Store, what: Invalidation, reason: str = "") -> str:
    """Mark runs as taken back; return the words that they are marked with.

    Trials come first: a study that goes on before their results are marked finds these, and that they hold.
    """
    words = one_line(f"{INVALIDATED}: {reason}" if reason.strip() else INVALIDATED)
    for run_id in (*what.trials, *(run.run_id for run in what.runs)):
        store.log(run_id, tags={Tag.SUPERSEDED: words})
    return words


def undo(store: Store, what: Invalidation) -> None:
    """Let runs count again; trials come last, as they rest on them."""
    for run_id in (*(run.run_id for run in what.runs), *what.trials):
        store.untag(run_id, [Tag.SUPERSEDED])


def _by_key(runs: Iterable[RunRecord]) -> defaultdict[str, list[RunRecord]]:
    found: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in runs:
        found[key_of_run(run)].append(run)
    return found


def _made_from(
    every: Iterable[RunRecord],
    by_key: Mapping[str, Sequence[RunRecord]],
    gone: Mapping[str, RunRecord],
    keys: Iterable[str],
) -> list[RunRecord]:
    """Return the runs that were made from results with some keys, directly or not, the nearest first.

    Where a key has a result that is not ``gone``, what started after that was there was made from it.
    """
    users: defaultdict[str, list[RunRecord]] = defaultdict(list)
    for run in every:
        for key in {*upstream(run).values()}:
            users[key].append(run)
    found: dict[str, RunRecord] = {}
    pending = deque(keys)
    while pending:
        key = pending.popleft()
        left = (run for run in by_key.get(key, ()) if run.run_id not in gone and run.run_id not in found)
        until = min((run.end_time or 0 for run in left), default=math.inf)
        for run in users[key]:
            if run.start_time < until and run.run_id not in found and run.run_id not in gone:
                found[run.run_id] = run
                pending.append(key_of_run(run))
    return [*found.values()]
