"""In what two runs, or two configurations, differ."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sweeper.report.accounts.account import state_of
from sweeper.report.accounts.artifact_diff import compare_artifacts
from sweeper.report.accounts.difference import Change, Section, agreed, changes
from sweeper.report.accounts.environments import Environment, environment_of
from sweeper.report.accounts.selection import Selection
from sweeper.report.accounts.upstream_diff import upstream_changes
from sweeper.report.lineage.origins import COMMIT, DIRTY
from sweeper.report.lineage.trace import Lineage, ancestors, class_name, task_of, trace, upstream
from sweeper.report.statistics.measurement import Measurement, measure
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

DURATION = "duration"
"""The one thing in which equal work may differ."""


@dataclass(frozen=True, slots=True)
class Diff:
    """Two selections, and what of them was compared."""

    a: Selection
    b: Selection
    sections: tuple[Section, ...]

    @property
    def is_equal(self) -> bool:
        """Whether the two differ in nothing but how long they took, as far as it is known."""
        return not any(section.changes for section in self.sections if section.title != DURATION)


def diff(reader: Reader, a: Selection, b: Selection) -> Diff:
    """Compare two runs or configurations; of configurations, what belongs together are equal replicates."""
    ours, theirs, pairs = [*a.runs.values()], [*b.runs.values()], a.pairs(b)
    lineage = trace(reader, [*ours, *theirs])
    return Diff(
        a,
        b,
        (
            Section("run", tuple(changes(_standing(ours), _standing(theirs)))),
            Section("parameters", tuple(changes(agreed(_params(ours)), agreed(_params(theirs))))),
            Section("upstream", tuple(upstream_changes(pairs, lineage))),
            Section("code", tuple(_changed_code(ours, theirs, lineage))),
            _environment(reader, ours, theirs),
            Section("data", tuple(changes(_data(ours, lineage), _data(theirs, lineage)))),
            Section("metrics", tuple(_metrics(ours, theirs))),
            compare_artifacts(reader, pairs),
            Section(DURATION, tuple(_seconds(ours, theirs))),
        ),
    )


def _standing(runs: Iterable[RunRecord]) -> dict[str, Any]:
    return agreed({"task": task_of(run), "experiment": run.experiment, "state": state_of(run)[0]} for run in runs)


def _params(runs: Iterable[RunRecord]) -> Iterator[Mapping[str, str]]:
    return (run.params for run in runs)


def _changed_code(ours: Sequence[RunRecord], theirs: Sequence[RunRecord], lineage: Lineage) -> Iterator[Change]:
    """Yield what differs in the code behind runs, and behind the classes upstream that both have."""
    yield from changes(_code(ours), _code(theirs))
    above = changes(_code_above(ours, lineage), _code_above(theirs, lineage))
    yield from (one for one in above if one.a is not None and one.b is not None)


def _code(runs: Iterable[RunRecord]) -> dict[str, Any]:
    """Return the code and the checkout that made some runs."""
    return agreed(
        {
            name: run.tags[tag]
            for name, tag in (("digest", Tag.SOURCE), ("commit", COMMIT), ("uncommitted changes", DIRTY))
            if tag in run.tags
        }
        for run in runs
    )


def _code_above(runs: Sequence[RunRecord], lineage: Lineage) -> dict[str, Any]:
    """Return the digest of the code that made what some runs were made from, by class."""
    return agreed({f"digest of {_family(run)}": run.tags.get(Tag.SOURCE, "")} for run in _above(runs, lineage))


def _data(runs: Sequence[RunRecord], lineage: Lineage) -> dict[str, Any]:
    above = ({f"{name} of {_family(run)}": said for name, said in run.data.items()} for run in _above(runs, lineage))
    return agreed(run.data for run in runs) | agreed(above)


def _environment(reader: Reader, ours: Sequence[RunRecord], theirs: Sequence[RunRecord]) -> Section:
    title = "environment"
    drivers = {run.tags.get(Tag.DRIVER) for run in (*ours, *theirs)}
    if len(drivers) == 1 and None not in drivers:
        return Section(title)  # one process started all of them
    a, b = (_environment_of(reader, runs) for runs in (ours, theirs))
    if a is None or b is None:
        return Section(title, remark="none is on the record", is_known=False)
    if a.sweep == b.sweep:
        return Section(title, remark=f"{a.sweep} keeps only that of its last start", is_known=False)
    is_certain = a.is_certain and b.is_certain
    remark = "" if is_certain else "as each sweep last started, which may be later than these runs"
    return Section(title, tuple(changes(_installed(a), _installed(b))), remark)


def _environment_of(reader: Reader, runs: Sequence[RunRecord]) -> Environment | None:
    """Return the environment of the first of some runs, which is certain if it is that of all."""
    found = environment_of(reader, runs[0])
    drivers = {run.tags.get(Tag.DRIVER) for run in runs}
    if found is None or len(drivers) == 1:
        return found
    return replace(found, is_certain=False)


def _installed(environment: Environment) -> Mapping[str, str]:
    return {"Python": environment.python, "platform": environment.platform, **environment.packages}


def _metrics(ours: Sequence[RunRecord], theirs: Sequence[RunRecord]) -> Iterator[Change]:
    a, b = _values(run.metrics for run in ours), _values(run.metrics for run in theirs)
    return _measured(a, b)


def _seconds(ours: Sequence[RunRecord], theirs: Sequence[RunRecord]) -> Iterator[Change]:
    a, b = (_values({"seconds": run.seconds} for run in runs if run.seconds is not None) for runs in (ours, theirs))
    return _measured(a, b)


def _values(tables: Iterable[Mapping[str, float]]) -> Mapping[str, Sequence[float]]:
    found: defaultdict[str, list[float]] = defaultdict(list)
    for table in tables:
        for name, value in table.items():
            found[name].append(value)
    return found


def _measured(a: Mapping[str, Sequence[float]], b: Mapping[str, Sequence[float]]) -> Iterator[Change]:
    for name in dict.fromkeys([*a, *b]):
        ours, theirs = a.get(name, ()), b.get(name, ())
        if sorted(map(repr, ours)) != sorted(map(repr, theirs)):  # so that NaN equals NaN
            one, other = measure(_known(ours)), measure(_known(theirs))
            known = one.mean is not None and other.mean is not None
            difference = (other.mean or 0.0) - (one.mean or 0.0) if known else None
            yield Change(name, _alone(one), _alone(other), difference)


def _known(values: Sequence[float]) -> Sequence[float]:
    """Return the replicates that have a value: NaN is none, unless it is all there is."""
    return [value for value in values if not math.isnan(value)] or values


def _alone(measurement: Measurement) -> Measurement | float | None:
    """Return a measurement as the number that it is if it was made once, None if never."""
    return measurement if measurement.n > 1 else measurement.mean


def _above(runs: Iterable[RunRecord], lineage: Lineage) -> Iterable[RunRecord]:
    return ancestors(lineage, dict.fromkeys(key for run in runs for key in upstream(run).values())).values()


def _family(run: RunRecord) -> str:
    return class_name(task_of(run))
