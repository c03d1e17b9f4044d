"""What a table for readers says, before any format: its title, columns, rows and footer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.identity import canonical_json
from sweeper.report.escape import shown
from sweeper.report.outcomes import Outcomes, PointState
from sweeper.report.replicates import Configuration, configurations
from sweeper.spec import Direction
from sweeper.store.base import Tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's words.

    ``parameters`` are those whose values differ between the rows; the others stand in ``fixed``, with the value that
    all rows share. ``has_replicates``: rows are means over several points. The ``footer`` has no words of a user's in
    it but the sweep's name, so that no format has to escape it.
    """

    title: str
    fixed: Mapping[str, Any]
    parameters: tuple[str, ...]
    metric: str
    rows: tuple[Configuration, ...]
    has_replicates: bool
    footer: tuple[str, ...]

    @property
    def fixed_words(self) -> str:
        """The parameters that do not vary, in one line."""
        return ", ".join(f"{shown(name)}={shown(value)}" for name, value in self.fixed.items())


def layout(outcomes: Outcomes) -> Layout:
    """Lay out the table of a sweep's configurations."""
    rows = configurations(outcomes)
    varying, constant = _split(rows)
    return Layout(
        title=_title(outcomes),
        fixed={**outcomes.spec.fixed, **constant},
        parameters=varying,
        metric=shown(outcomes.metric),
        rows=rows,
        has_replicates=outcomes.spec.replicates is not None,
        footer=_footer(outcomes),
    )


def tally(outcomes: Outcomes) -> str:
    """Say in one line how many points have a result and what became of the others."""
    counts = outcomes.counts()
    total = outcomes.total
    if not total.number:
        return "the sweep has no points"
    finished = counts[PointState.FINISHED]
    points = "point has" if total.number == 1 else "points have"
    if finished == total.number:
        return f"{finished:,} of {total} {points} a result"
    return f"{finished:,} of {total} {points} a result; {_without_result(counts, is_exact=total.is_exact)}"


def outside(outcomes: Outcomes) -> list[str]:
    """Say how many results the present spec has no point for, in one line or none."""
    results = "result" if outcomes.outside == 1 else "results"
    return [f"{outcomes.outside:,} {results} outside the present spec"] if outcomes.outside else []


def code_versions(outcomes: Outcomes) -> list[str]:
    """Say that the results were made by more than one version of the code, in one line or none."""
    digests = {cell.run.tags.get(Tag.SOURCE, "") for cell in outcomes.cells if cell.run and cell.value is not None}
    return [f"made by {len(digests)} versions of the code: compare with care"] if len(digests) > 1 else []


def unfinished(configuration: Configuration) -> str:
    """Say how many of a configuration's points have no result, by state."""
    return _without_result(configuration.counts)


def _without_result(counts: Mapping[PointState, int], *, is_exact: bool = True) -> str:
    at_most = {} if is_exact else {PointState.MISSING: "at most "}
    return ", ".join(
        f"{at_most.get(state, '')}{count:,} {state}"
        for state, count in counts.items()
        if count and state is not PointState.FINISHED
    )


def _title(outcomes: Outcomes) -> str:
    replicates = outcomes.spec.replicates
    mean = f", mean ± standard deviation over {shown(replicates)}" if replicates else ""
    match outcomes.direction:
        case Direction.MAXIMIZE:
            order = "highest first"
        case Direction.MINIMIZE:
            order = "lowest first"
        case None:
            order = "in the order of the points"
    return f"{outcomes.sweep}: {shown(outcomes.metric)}{mean}, {order}"


def _footer(outcomes: Outcomes) -> tuple[str, ...]:
    counts = outcomes.counts()
    complete = counts[PointState.FINISHED] == outcomes.total.number
    hint = "" if complete else f": see `sweeper status {outcomes.sweep}`"
    return tally(outcomes) + hint, *outside(outcomes), *code_versions(outcomes)


def _split(rows: Sequence[Configuration]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return the names of the parameters that vary between rows, and the values of those that do not."""
    values = {name: value for row in rows for name, value in row.point.values}
    varying = tuple(name for name in values if _varies(rows, name))
    return varying, {name: value for name, value in values.items() if name not in varying}


def _varies(rows: Sequence[Configuration], name: str) -> bool:
    values = {canonical_json(row.point[name]) if name in row.point else None for row in rows}
    return len(values) > 1
