"""What a table for readers says, before any format: its title, columns, rows and footer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sweeper.identity import canonical_json
from sweeper.report import synopsis
from sweeper.report.escape import shown
from sweeper.report.outcomes import SweepOutcomes
from sweeper.report.replicates import Configuration, configurations
from sweeper.report.trials import TrialOutcome, TrialStanding
from sweeper.spec import Direction
from sweeper.spec.space import Interval

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sweeper.spec import Study

MOST_TRIED = 20
"""How many of a study's configurations a reader is shown."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A table's words.

    ``parameters`` are those whose values differ between the rows, and all that a study searches; the others stand in
    ``fixed``, with the value that all rows share. ``sampled`` are those that may have any value in an interval, which
    is then shown with few digits. ``remarks`` say of each row what its numbers do not. ``has_replicates``: rows are
    means over several points. The ``footer`` has no words of a user's in it but names of the sweep and of parameters,
    so that no format has to escape it.
    """

    title: str
    fixed: Mapping[str, Any]
    parameters: tuple[str, ...]
    sampled: frozenset[str]
    metrics: tuple[str, ...]
    rows: tuple[Configuration, ...]
    remarks: tuple[str, ...]
    has_replicates: bool
    is_study: bool
    footer: tuple[str, ...]

    @property
    def has_remarks(self) -> bool:
        """Whether remarks stand beside the rows; else a row is one point, whose state stands for its number."""
        return self.has_replicates or self.is_study

    @property
    def fixed_words(self) -> str:
        """The parameters that do not vary, in one line."""
        return ", ".join(f"{shown(name)}={shown(value)}" for name, value in self.fixed.items())


def layout(outcomes: SweepOutcomes) -> Layout:
    """Lay out the table of a sweep's configurations; of a study's, the best."""
    study = outcomes.spec.study
    every = configurations(outcomes)
    rows = every[:MOST_TRIED] if study else every
    varying, constant = _split(every, study.names if study else ())
    return Layout(
        title=_title(outcomes),
        fixed={**outcomes.spec.fixed, **constant},
        parameters=varying,
        sampled=frozenset(_sampled(study)) if study else frozenset(),
        metrics=outcomes.metrics,
        rows=rows,
        remarks=tuple(_remark(row, study) for row in rows),
        has_replicates=bool(outcomes.spec.replicate_names),
        is_study=study is not None,
        footer=(*_left_out(len(every) - len(rows)), *_footer(outcomes)),
    )


def _title(outcomes: SweepOutcomes) -> str:
    replicates = ", ".join(map(shown, outcomes.spec.replicate_names))
    mean = f", mean ± standard deviation over {replicates}" if replicates else ""
    return f"{outcomes.sweep}: {_compared(outcomes)}{mean}, {_order(outcomes)}"


def _compared(outcomes: SweepOutcomes) -> str:
    if len(outcomes.metrics) == 1:
        return shown(outcomes.metric)
    *others, last = (
        f"{shown(metric)} ({direction})"
        for metric, direction in zip(outcomes.metrics, outcomes.directions, strict=True)
    )
    return f"{', '.join(others)} and {last}"


def _order(outcomes: SweepOutcomes) -> str:
    match outcomes.directions:
        case (Direction.MAXIMIZE,):
            return "highest first"
        case (Direction.MINIMIZE,):
            return "lowest first"
        case (None,):
            return f"in the order of the {'trials' if outcomes.study else 'points'}"
        case _:
            return "the Pareto front first"


def _remark(configuration: Configuration, study: Study | None) -> str:
    """Say what a row's numbers do not: of which points there is none, and why a trial is not complete and feasible."""
    missing = synopsis.without_result(configuration.counts)
    trial = configuration.trial
    if study is None or trial is None:
        return missing
    if trial.standing is TrialStanding.COMPLETE:
        return "; ".join([*_broken(trial, study), *filter(None, [missing])])
    is_cut = trial.standing is TrialStanding.PRUNED and trial.last_step is not None
    return f"pruned at step {trial.last_step}" if is_cut else trial.standing.value


def _broken(trial: TrialOutcome, study: Study) -> Iterator[str]:
    """Say which constraints a complete trial breaks, in one line or none."""
    violations = trial.told.constraints if trial.told else ()
    broken = [str(one) for one, violation in zip(study.constraints, violations, strict=False) if violation > 0]
    if broken:
        yield f"breaks {', '.join(broken)}"


def _left_out(number: int) -> Iterator[str]:
    if number:
        yield f"and {number:,} more; --format csv has all"


def _footer(outcomes: SweepOutcomes) -> Iterator[str]:
    yield synopsis.tally(outcomes) + synopsis.hint(outcomes)
    if outcomes.study and outcomes.is_of_objectives:
        from sweeper.search.importance import importances

        yield from synopsis.best(outcomes.study)
        yield from synopsis.convergence(outcomes.study)
        yield from synopsis.importance(importances(outcomes.spec, [one.record for one in outcomes.trials]))
    yield from synopsis.outside(outcomes)
    yield from synopsis.code_versions(outcomes)


def _sampled(study: Study) -> Iterator[str]:
    for dimension in study.space:
        domain = dimension.domain
        if isinstance(domain, Interval) and not domain.is_whole and domain.step is None:
            yield dimension.name


def _split(rows: Sequence[Configuration], searched: Sequence[str]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """Return the names of the parameters that are searched or vary between rows, and the values of the others."""
    values = {name: value for row in rows for name, value in row.point.values}
    varying = tuple(name for name in dict.fromkeys([*searched, *values]) if name in searched or _varies(rows, name))
    return varying, {name: value for name, value in values.items() if name not in varying}


def _varies(rows: Sequence[Configuration], name: str) -> bool:
    values = {canonical_json(row.point[name]) if name in row.point else None for row in rows}
    return len(values) > 1
