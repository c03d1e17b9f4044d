"""Overrides: what ``-p name=value`` on the command line adds to a spec or changes in it.

``name=value`` fixes a parameter; ``name=a,b,c`` and ``name={range = [3]}`` sweep it; ``a,b=[[1, 2], [3, 4]]`` sweeps
parameters that vary together, written as in the file. Values are TOML, and commas part them only outside of brackets
and quotes: ``name=[1,2]`` is one list. A bare word that is no TOML value (``adam``, ``resnet-50``) is that string.
What a study searches can be fixed, and not swept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sweeper.errors import Problem, SpecError
from sweeper.spec.checks import Invalid
from sweeper.spec.families import lookup, without
from sweeper.spec.grid_table import axis, is_generator
from sweeper.spec.levels import LISTED_LEVELS
from sweeper.spec.model import Axis, Grid, Spec
from sweeper.spec.study import Study
from sweeper.spec.tables import Entry, split_names
from sweeper.spec.toml import shorten, to_toml
from sweeper.spec.words import parse_values

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sweeper.spec.names import Names

SOURCE = "-p"


@dataclass(frozen=True, slots=True)
class Change:
    """One ``-p``: an axis, which sweeps its parameters, or fixes the only one at its only level."""

    axis: Axis
    is_fixed: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that it is about."""
        return self.axis.names


def parse(texts: Sequence[str]) -> tuple[list[Change], list[Problem]]:
    """Return what the ``-p`` of a command line mean, and what is wrong with them."""
    changes: list[Change] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for text in texts:
        name, _, value = (part.strip() for part in text.partition("="))
        try:
            change = _parse_one(name, value, has_value="=" in text)
        except Invalid as error:
            problems.append(Problem(SOURCE, name, error.reason, shorten(value), error.remedy))
            continue
        if seen.isdisjoint(change.names):
            changes.append(change)
        else:
            remedy = f"write {name}=a,b for several values"
            problems.append(Problem(SOURCE, name, "is set twice", shorten(value), remedy))
        seen.update(change.names)
    return changes, problems


def conflicts(changes: Sequence[Change], names: Names) -> Iterator[Problem]:
    """Iterate over the changes that sweep what a study searches, or tear apart what varies together in a grid."""
    for change in changes:
        searched = [] if change.is_fixed else [name for name in change.names if name in names.space]
        for name in searched:
            remedy = "give it one value to fix it, or change study.space"
            yield Problem(SOURCE, name, "is searched by the study", remedy=remedy)
        for key, paired in names.axes():
            others = [name for name in paired if name not in change.names]
            if 0 < len(others) < len(paired):
                reason = f"varies together with {' and '.join(others)} in {key}"
                level = ", ".join(f"<{name}>" for name in paired)
                remedy = f"override them together: {','.join(paired)}=[[{level}], ...]"
                yield Problem(SOURCE, ",".join(change.names), reason, remedy=remedy)
                break


def apply(spec: Spec, changes: Sequence[Change]) -> Spec:
    """Return the spec with the changes made; none of them conflicts with it."""
    for change in changes:
        is_replicates = change.names[0] in spec.replicate_names
        spec = _fix(spec, change) if change.is_fixed and not is_replicates else _sweep(spec, change)
    return spec


def _fix(spec: Spec, change: Change) -> Spec:
    (name,), (value,) = change.names, change.axis.levels[0]
    return replace(
        spec,
        fixed=without(spec.fixed, name) | {name: value},
        grids=tuple(Grid(tuple(axis for axis in grid.axes if axis.names != (name,))) for grid in spec.grids),
        rows=tuple(without(row, name) for row in spec.rows),
        exclude=tuple(_exclude_rest(spec.exclude, name, value)),
        study=_study_without(spec.study, name, value),
    )


def _study_without(study: Study | None, name: str, value: Any) -> Study | None:
    rest = study and study.fix(name, value)
    if rest is not None and not rest.space:
        remedy = "leave another parameter of study.space free"
        raise SpecError([Problem(SOURCE, name, "leaves the study nothing to search", to_toml(value), remedy)])
    return rest


def _exclude_rest(exclude: Sequence[Mapping[str, Any]], name: str, value: Any) -> Iterator[Mapping[str, Any]]:
    """Iterate over what is left to exclude when a parameter has but one value."""
    for assignment in exclude:
        excluded = list(lookup(assignment, name))
        rest = without(assignment, name)
        if excluded and not rest and value in excluded:
            raise SpecError([Problem(SOURCE, name, "the spec excludes every point that has it", to_toml(value))])
        if all(each == value for each in excluded):
            yield rest


def _sweep(spec: Spec, change: Change) -> Spec:
    grids = spec.grids if spec.grids or spec.rows else (Grid(()),)
    fixed: Mapping[str, Any] = spec.fixed
    rows = spec.rows
    for name in change.names:
        fixed = without(fixed, name)
        rows = tuple(without(row, name) for row in rows)
    return replace(
        spec,
        fixed=fixed,
        grids=tuple(_with_axis(grid, change.axis) for grid in grids),
        rows=tuple(_crossed(rows, change.axis)),
    )


def _with_axis(grid: Grid, axis: Axis) -> Grid:
    """Return the grid with an axis in the place of the first that has its names, or last."""
    places = [i for i, old in enumerate(grid.axes) if set(old.names) <= set(axis.names)]
    axes = [axis if i in places[:1] else old for i, old in enumerate(grid.axes) if i not in places[1:]]
    return Grid(tuple(axes if places else [*axes, axis]))


def _crossed(rows: Sequence[Mapping[str, Any]], axis: Axis) -> Iterator[Mapping[str, Any]]:
    """Iterate over each row with each level of an axis."""
    if rows and len(axis.levels) > LISTED_LEVELS:
        reason = f"{len(axis.levels):,} levels are too many to put each row of [[points]] to each of them"
        raise SpecError([Problem(SOURCE, ",".join(axis.names), reason, remedy=f"give at most {LISTED_LEVELS:,}")])
    for row in rows:
        for level in axis.levels:
            yield {**row, **dict(zip(axis.names, level, strict=True))}


def _parse_one(name: str, text: str, *, has_value: bool) -> Change:
    if not (has_value and name):
        raise Invalid("must be name=value", "as in -p learning_rate=1e-3")
    values = parse_values(text)
    if len(split_names(name)) > 1:
        return Change(axis(Entry(name, values[0] if len(values) == 1 else values)), is_fixed=False)
    if len(values) == 1 and is_generator(values[0]):
        return Change(axis(Entry(name, values[0])), is_fixed=False)
    return Change(axis(Entry(name, values)), is_fixed=len(values) == 1)
