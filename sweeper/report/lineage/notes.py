"""What a reader must know of where a table's results come from, before they are compared."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

from sweeper.report.escape import shown
from sweeper.report.lineage.origins import Origins, is_dirty, origins
from sweeper.report.lineage.trace import Lineage, class_name, is_remade, task_of, upstream
from sweeper.store.records import RunRecord

_MOST_NAMED = 3


def notes(runs: Sequence[RunRecord], lineage: Lineage) -> Iterator[str]:
    """Say, a line each, what keeps some results and what they were made from from being of one making.

    Code, data and versions are those of each task class for itself: classes differ in them as they should.
    """
    made = origins(runs, lineage)
    yield from _code(made)
    yield from _uncommitted(runs, lineage)
    yield from _data(made)
    yield from _ways(runs, lineage)
    yield from _remade(runs, lineage)


def _code(made: Mapping[str, Origins]) -> Iterator[str]:
    """Say which classes have results of several versions of their code; a run without a digest goes by its commit."""
    versions = {
        task: len(of_task.commits if set(of_task.sources) == {""} else of_task.sources)
        for task, of_task in made.items()
    }
    for number in sorted({number for number in versions.values() if number > 1}):
        tasks = [shown(class_name(task)) for task, count in versions.items() if count == number]
        yield f"made by {number:,} versions of the code ({_first(tasks)}): compare with care"


def _uncommitted(runs: Sequence[RunRecord], lineage: Lineage) -> Iterator[str]:
    above = {run.run_id: run for run in lineage.results.values()}
    for run in runs:
        above.pop(run.run_id, None)
    counted = [
        f"{dirty:,} of {_of(len(made), noun)}"
        for made, noun in ((runs, "result"), ([*above.values()], "upstream result"))
        if (dirty := sum(map(is_dirty, made)))
    ]
    if counted:
        yield f"{' and '.join(counted)} from a checkout with uncommitted changes"


def _data(made: Mapping[str, Origins]) -> Iterator[str]:
    several = dict.fromkeys(
        f"{shown(name)} ({len(digests):,} digests)"
        for of_task in made.values()
        for name, digests in of_task.data.items()
        if len(digests) > 1
    )
    if several:
        yield f"from different data: {_first([*several])}"


def _ways(runs: Sequence[RunRecord], lineage: Lineage) -> Iterator[str]:
    """Say which work was made in several ways: equal class, parameters and requirements, and yet another identity.

    Where what was required differs, the difference is told of further up, or is one of parameters.
    """
    results = {run.key: run for run in (*runs, *lineage.results.values()) if run.key}
    several = [
        alike
        for candidates in _groups(results.values(), lambda run: frozenset(run.params.values()))
        for alike in _groups(candidates, _visible)
    ]
    if several:
        named = _first([f"{_work(alike[0])} in {len(alike):,}" for alike in several])
        yield f"made in different ways from equal parameters: {named}; was Meta.version raised?"


def _visible(run: RunRecord) -> Hashable:
    """Return what can be seen of a result's identity."""
    return task_of(run), frozenset(run.params.items()), frozenset(upstream(run).items())


def _groups(runs: Iterable[RunRecord], mark: Callable[[RunRecord], Hashable]) -> Iterator[list[RunRecord]]:
    """Yield the runs that share a mark with another."""
    groups: dict[Hashable, list[RunRecord]] = {}
    for run in runs:
        groups.setdefault(mark(run), []).append(run)
    return (group for group in groups.values() if len(group) > 1)


def _remade(runs: Iterable[RunRecord], lineage: Lineage) -> Iterator[str]:
    """Say how much of what results were made from the store has no more, and how much it has anew."""
    if lineage.missing:
        yield f"{_of(len(lineage.missing), 'upstream result')} no longer in the store"
    results = lineage.results
    youngest = max((result.end_time or 0 for result in results.values()), default=0)
    older = [run for run in runs if (run.end_time or 0) < youngest]
    anew = sum(any(key in results and is_remade(results[key], run) for key in upstream(run).values()) for run in older)
    if anew:
        yield f"{_of(anew, 'result')} made from upstream results that were made again since"


def _work(run: RunRecord) -> str:
    params = ", ".join(f"{name}={value}" for name, value in run.params.items())
    return f"{shown(class_name(task_of(run)))}({shown(params) if params else ''})"


def _of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _first(words: Sequence[str]) -> str:
    more = len(words) - _MOST_NAMED
    return ", ".join(words[:_MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
