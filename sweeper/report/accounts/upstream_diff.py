"""Why two runs were not made from the same: which parameter, class or version further up makes the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sweeper.report.accounts.account import own_tags
from sweeper.report.accounts.difference import Change, Pair, changes, together
from sweeper.report.lineage.trace import Lineage, class_name, is_kept, task_of, upstream
from sweeper.store.records import RunRecord

_SHORT_ID = 8
_SHORT_KEY = 14
_NEITHER = "equal parameters and requirements: another Meta.version?"


def upstream_changes(pairs: Sequence[Pair], lineage: Lineage) -> Iterator[Change]:
    """Yield the requirements that are not the same in runs that belong together, then what makes them differ."""
    required = [(upstream(a), upstream(b)) for a, b in pairs]
    for name in dict.fromkeys(name for a, b in required for name in (*a, *b)):
        keys = [(a.get(name), b.get(name)) for a, b in required if a.get(name) != b.get(name)]
        if keys:
            yield Change(
                name, *(together(_made(key, lineage) for key in side if key) for side in zip(*keys, strict=True))
            )
    yield from {(one.name, one.a, one.b): one for one in _causes(pairs, lineage)}.values()


def _causes(pairs: Iterable[Pair], lineage: Lineage) -> Iterator[Change]:
    """Yield what differs in work further up, nearest first, and not what only follows from that."""
    seen: set[tuple[str, str]] = set()
    level = list(pairs)
    is_direct = True
    while level:
        above: list[Pair] = []
        for a, b in level:
            for name, one, other in _unequal(a, b):
                first, second = lineage.results.get(one or ""), lineage.results.get(other or "")
                if first is None or second is None or task_of(first) != task_of(second):
                    if not is_direct:  # of the two runs themselves it is said already
                        where = f"{class_name(task_of(a))} requires {name}"
                        yield Change(where, one and _made(one, lineage), other and _made(other, lineage))
                elif one and other and (one, other) not in seen:
                    seen.add((one, other))
                    above.append((first, second))
                    yield from _own(first, second)
        level, is_direct = above, False


def _own(a: RunRecord, b: RunRecord) -> Iterator[Change]:
    """Yield what makes two results of one class differ, besides what they were made from."""
    family = class_name(task_of(a))
    found = [
        *(Change(f"{family}.{one.name}", one.a, one.b) for one in changes(a.params, b.params)),
        *(Change(f"{family}: tag {one.name}", one.a, one.b) for one in changes(own_tags(a), own_tags(b))),
        *([Change(f"{family}: experiment", a.experiment, b.experiment)] if a.experiment != b.experiment else []),
    ]
    if not found and not [*_unequal(a, b)]:
        found = [Change(family, _short(a), _short(b), note=_NEITHER)]
    yield from found


def _unequal(a: RunRecord, b: RunRecord) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield the requirements in which two runs differ, each with the key that either has."""
    return ((one.name, one.a, one.b) for one in changes(upstream(a), upstream(b)))


def _made(key: str, lineage: Lineage) -> str:
    result = lineage.results.get(key)
    if result is not None:
        return f"{class_name(task_of(result))} {_short(result)}"
    return f"{key[:_SHORT_KEY]}, {'no result any more' if is_kept(key) else 'a plain Luigi task'}"


def _short(run: RunRecord) -> str:
    return run.run_id[:_SHORT_ID]
