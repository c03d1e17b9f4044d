"""What is named on the command line: a sweep, a run by its id or the beginning of it, or a configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sweeper.errors import InputError, StoreError, did_you_mean
from sweeper.points import Point
from sweeper.report.conditions import Condition
from sweeper.report.escape import shown
from sweeper.report.sources.cells import Cell, CellState
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.reading import read_outcomes, read_record
from sweeper.spec.toml import to_toml
from sweeper.spec.words import split_values
from sweeper.store.base import Reader
from sweeper.store.lease import without_the_dead
from sweeper.store.locate import shown_uri
from sweeper.store.records import RunRecord, SweepRecord
from sweeper.store.tags import Kind, Tag

FEWEST_CHARACTERS = 4
"""How much of a run's id names the run."""

MOST_NAMED = 8
"""How many candidates are named where a word means several."""

_WHOLE_ID = 32
_BEGINNING = re.compile(rf"[0-9a-f]{{{FEWEST_CHARACTERS},{_WHOLE_ID}}}")
_WORD = re.compile(r"[A-Za-z_][\w.-]*")
_MOST_WORDS = 100


@dataclass(frozen=True, slots=True)
class Selection:
    """A run, or the replicates of a configuration.

    ``runs`` has the results among them if there are any; the key is the replicate as canonical JSON, '' for a run that
    was named by its id.
    """

    title: str
    runs: Mapping[str, RunRecord]

    def pairs(self, other: Selection) -> list[tuple[RunRecord, RunRecord]]:
        """Return the runs of the two that belong together: by replicate; the first ones if they share none."""
        shared = [(run, other.runs[name]) for name, run in self.runs.items() if name in other.runs]
        return shared or [(next(iter(self.runs.values())), next(iter(other.runs.values())))]


def select(reader: Reader, words: str) -> Selection:
    """Return the run that an id means, or the configuration that ``SWEEP:name=value,name=value`` means.

    Raises ``InputError`` if that is nothing, or more than one.
    """
    name, colon, assignment = words.partition(":")
    if colon:
        return _configuration(read_outcomes(reader, name), assignment)
    if words in reader.sweep_names():
        raise InputError(f"{words} is a sweep; name a configuration of it, {words}:NAME=VALUE, or a run")
    run = find_run(reader, words)
    return Selection(f"run {run.run_id}", {"": run})


def find_named(reader: Reader, words: str) -> RunRecord | SweepRecord:
    """Return the sweep of that name, or the run that an id means; the run of a sweep's own stands for the sweep."""
    if words in reader.sweep_names():
        return read_record(reader, words)
    run = find_run(reader, words)
    return read_record(reader, run.tags[Tag.NAME]) if run.tags.get(Tag.KIND) == Kind.SWEEP else run


def find_run(reader: Reader, words: str) -> RunRecord:
    """Return the run with an id, or the only one whose id begins so.

    Raises ``InputError`` if there is none, or several.
    """
    if not _BEGINNING.fullmatch(words):
        remedy = did_you_mean(words, reader.sweep_names()) or "it has none yet"
        rule = f"a run is named by its id, or by at least {FEWEST_CHARACTERS} characters that it begins with"
        raise InputError(f"{shown_uri(reader.uri)} has no sweep {shown(words)}; {remedy}\n{rule}")
    if len(words) == _WHOLE_ID:
        try:
            return _as_it_is(reader, reader.run(words))
        except StoreError:
            pass  # there is none, or the store is away: the next question tells
    found = reader.runs_by_id(words)
    if not found:
        raise InputError(f"{shown_uri(reader.uri)} has no run {words}")
    if len(found) > 1:
        named = _named([f"{shown(run.run_id)} {shown(run.name, _MOST_WORDS)}" for run in found])
        raise InputError(f"{len(found):,} runs begin with {words}; name one of\n{named}")
    return _as_it_is(reader, found[0])


def _as_it_is(reader: Reader, run: RunRecord) -> RunRecord:
    """Return a run that a dead driver left RUNNING as what it is: killed."""
    (found,) = without_the_dead(reader, SweepRecord("", run, {}, (run,))).runs
    return found


def _configuration(found: SweepOutcomes, assignment: str) -> Selection:
    name, fixed = found.record.name, found.spec.fixed
    conditions = [_condition(found, words) for words in split_values(assignment) if words]
    cells = [
        cell
        for cell in found.cells
        if all(condition.holds(cell.point.get(condition.name, fixed.get(condition.name))) for condition in conditions)
    ]
    replicates = found.spec.replicate_names
    groups: dict[Point, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.point.configuration(replicates), []).append(cell)
    if len(groups) != 1:
        known = groups or dict.fromkeys(cell.point.configuration(replicates) for cell in found.cells)
        number = f"{len(groups):,} configurations" if groups else "no configuration"
        named = _named([f"{name}:{_assignment(point)}" for point in known])
        raise InputError(f"{number} of {name}: {shown(assignment, _MOST_WORDS)}; name one of\n{named}")
    ((point, members),) = groups.items()
    about = members[0].point if len(members) == 1 else point
    title = f"{name}: {_assignment(about) or 'the only configuration'}"
    return Selection(title, _runs(title, members, replicates))


def _condition(found: SweepOutcomes, words: str) -> Condition:
    condition = Condition.parse(words)
    if condition.relation != "=":
        raise InputError(f"{words!r}: a configuration is named by what its parameters are: NAME=VALUE")
    known = {*found.spec.swept, *found.spec.fixed}
    if condition.name not in known:
        remedy = did_you_mean(condition.name, known)
        raise InputError(f"sweep {found.record.name} sets no parameter {condition.name}; {remedy}")
    return condition


def _runs(title: str, cells: Sequence[Cell], replicates: Sequence[str]) -> Mapping[str, RunRecord]:
    """Return the results of a configuration by replicate; its other runs if there are none."""
    finished = [cell for cell in cells if cell.state is CellState.FINISHED]
    runs = {_replicate(cell.point, replicates): cell.run for cell in finished or cells if cell.run}
    if not runs:
        raise InputError(f"{title} has no run yet")
    return runs


def _replicate(point: Point, replicates: Sequence[str]) -> str:
    return Point(tuple(item for item in point.values if item[0] in replicates)).to_json()


def _assignment(point: Point) -> str:
    """Return a point as it may be given to select it; a long value is shortened."""
    return ",".join(f"{shown(name)}={_given(value)}" for name, value in point.values)


def _given(value: Any) -> str:
    is_bare = not isinstance(value, str) or _WORD.fullmatch(value)
    return shown(value) if is_bare else shown(to_toml(value))


def _named(candidates: Sequence[str]) -> str:
    more = len(candidates) - MOST_NAMED
    lines = [f"  {candidate}" for candidate in candidates[:MOST_NAMED]]
    return "\n".join([*lines, *([f"  and {more:,} more"] if more > 0 else [])])
