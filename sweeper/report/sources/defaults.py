"""What specs leave to their tasks' defaults, told from the runs: a table has to know it to compare like with like."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from sweeper.report.lineage.trace import Lineage, ancestors, class_name, task_of, upstream
from sweeper.report.sources.foreign import typed
from sweeper.report.sources.values import identity
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

if TYPE_CHECKING:
    from sweeper.report.sources.observations import Observation


def completed(
    found: Sequence[Observation], set_by: Mapping[str, Set[str]], asked: Iterable[str], lineage: Lineage
) -> list[Observation]:
    """Return observations with the parameters that they do not set themselves, where a table needs to know them.

    Needed are those in ``asked``, and those that another source sets. ``set_by`` has the names that each source sets
    somewhere: where one of its observations does not, the parameter has no meaning there, and stays unset. A point
    without a run has what all others of its source agree on.
    """
    wanted = {*asked, *chain(*set_by.values())}
    missing = {source: sorted(wanted - names) for source, names in set_by.items()}
    if not any(missing.values()):
        return [*found]
    texts = _texts(found)
    told = [_told(one.cell.run, missing[one.source], texts, lineage) for one in found]
    common = _common(zip(found, told, strict=True))
    return [
        replace(one, values={**one.values, **(values if one.cell.run else common[one.source])})
        for one, values in zip(found, told, strict=True)
    ]


def known_of(run: RunRecord, lineage: Lineage) -> dict[str, str]:
    """Return the texts of all parameters of a run, and as ``Family.parameter`` of what it was made from.

    Of upstream results of one class that do not agree, none is told.
    """
    upper: defaultdict[str, set[str]] = defaultdict(set)
    for one in ancestors(lineage, upstream(run).values()).values():
        for name, text in one.params.items():
            upper[f"{class_name(task_of(one))}.{name}"].add(text)
    agreed = {name: next(iter(texts)) for name, texts in upper.items() if len(texts) == 1}
    return {**agreed, **run.params}


def telling(found: Iterable[Observation], lineage: Lineage) -> frozenset[str]:
    """Return the parameters that tell apart what would else look like one work, repeated."""
    alike: defaultdict[frozenset[Any], dict[str, RunRecord]] = defaultdict(dict)
    for one in found:
        run = one.cell.run
        if run and (key := run.tags.get(Tag.CLAIM)):
            alike[frozenset((name, identity(value)) for name, value in one.values.items())][key] = run
    return frozenset(chain(*(_differing(runs.values(), lineage) for runs in alike.values() if len(runs) > 1)))


def _differing(runs: Iterable[RunRecord], lineage: Lineage) -> Iterator[str]:
    texts = [known_of(run, lineage) for run in runs]
    for name in {name for one in texts for name in one}:
        if len({one.get(name) for one in texts}) > 1:
            yield name


def _texts(found: Iterable[Observation]) -> frozenset[str]:
    """Return the parameters that are set to strings alone: another string that reads like a number is none."""
    kinds: defaultdict[str, set[bool]] = defaultdict(set)
    for one in found:
        for name, value in one.values.items():
            kinds[name].add(isinstance(value, str))
    return frozenset(name for name, are_text in kinds.items() if are_text == {True})


def _told(run: RunRecord | None, names: Iterable[str], texts: Set[str], lineage: Lineage) -> dict[str, Any]:
    """Return those of some parameters that are known of a run."""
    known = known_of(run, lineage) if run else {}
    values = {name: known[name] if name in texts else typed(known[name]) for name in names if name in known}
    return {name: value for name, value in values.items() if value is not None}


def _common(told: Iterable[tuple[Observation, Mapping[str, Any]]]) -> Mapping[str, dict[str, Any]]:
    """Return by source the values in which all its runs agree."""
    found: defaultdict[str, dict[str, dict[Any, Any]]] = defaultdict(lambda: defaultdict(dict))
    for one, values in told:
        for name, value in values.items():
            found[one.source][name][identity(value)] = value
    agreed: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for source, of_source in found.items():
        agreed[source] = {name: next(iter(forms.values())) for name, forms in of_source.items() if len(forms) == 1}
    return agreed
