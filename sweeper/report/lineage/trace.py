"""Lineage: the results that runs were made from, directly and further up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag, upstream_tag

_UPSTREAM = upstream_tag("")


@dataclass(frozen=True, slots=True)
class Lineage:
    """The results that some runs were made from, directly and further up.

    ``results`` has each by its key; ``missing`` are the keys that no result has any more. A task of plain Luigi, which
    keeps no run, is neither. ``memo`` is for ``ancestors``, which is asked the same for the many runs that share them.
    """

    results: Mapping[str, RunRecord]
    missing: frozenset[str] = frozenset()
    memo: dict[tuple[str, ...], Mapping[str, RunRecord]] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )


def trace(reader: Reader, runs: Iterable[RunRecord]) -> Lineage:
    """Return the lineage of some runs, by one look-up for each level: the keys of what they required, then of those."""
    results: dict[str, RunRecord] = {}
    missing: set[str] = set()
    wanted = _required(runs)
    while wanted:
        found = reader.results_by_key(wanted)
        results |= found
        missing |= wanted - found.keys()
        wanted = _required(found.values()) - results.keys() - missing
    return Lineage(results, frozenset(missing))


def restrict(lineage: Lineage, runs: Iterable[RunRecord]) -> Lineage:
    """Return the part of a lineage that some of its runs were made from."""
    required = {key for run in runs for key in upstream(run).values()}
    found = ancestors(lineage, sorted(required))
    return Lineage(found, lineage.missing & (required | _required(found.values())))


def upstream(run: RunRecord) -> dict[str, str]:
    """Return the keys of what a run's task required, by the names in its ``requires()``."""
    return {tag[len(_UPSTREAM) :]: key for tag, key in run.tags.items() if tag.startswith(_UPSTREAM)}


def ancestors(lineage: Lineage, keys: Iterable[str]) -> Mapping[str, RunRecord]:
    """Return the results with these keys, and all that they were made from, by key; the nearest first."""
    start = tuple(keys)
    known = lineage.memo.get(start)
    if known is None:
        known = lineage.memo[start] = _above(lineage, start)
    return known


def users(lineage: Lineage, runs: Iterable[RunRecord]) -> Counter[str]:
    """Return for each key how many of the runs were made from its result, directly or not."""
    counts: Counter[str] = Counter()
    for keys, number in Counter(tuple(upstream(run).values()) for run in runs).items():
        for key in ancestors(lineage, keys):
            counts[key] += number
    return counts


def is_kept(key: str) -> bool:
    """Whether work with this key leaves a run behind; that of a plain Luigi task does not."""
    return "-" in key


def is_remade(result: RunRecord, run: RunRecord) -> bool:
    """Whether a result was made after a run that required its key: the run was made from one that went before it."""
    return result.end_time is not None and run.end_time is not None and result.end_time > run.end_time


def saved_seconds(result: RunRecord, uses: int) -> float:
    """Return the time that a result saved its users by being shared: what it would have cost all but one of them."""
    return max(uses - 1, 0) * (result.seconds or 0.0)


def task_of(run: RunRecord) -> str:
    """Return the class of a run's task, as ``module:Class``; of a run that sweeper did not make, its experiment."""
    return run.tags.get(Tag.TASK) or run.experiment


def class_name(task: str) -> str:
    """Return the class alone of a ``module:Class``."""
    return task.rpartition(":")[2]


def _required(runs: Iterable[RunRecord]) -> set[str]:
    """Return the keys of all that some runs required, directly, and that a run can have."""
    return {key for run in runs for key in upstream(run).values() if is_kept(key)}


def _above(lineage: Lineage, keys: Iterable[str]) -> Mapping[str, RunRecord]:
    found: dict[str, RunRecord] = {}
    level = dict.fromkeys(keys)
    while level:
        nearest = {key: lineage.results[key] for key in level if key in lineage.results and key not in found}
        found |= nearest
        level = dict.fromkeys(key for run in nearest.values() for key in upstream(run).values())
    return found
