"""What a sweep has come to, in a few lines; no format has to escape them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from sweeper.report.rounding import numeral
from sweeper.report.sources.cells import CellState
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.study import StudyOutcomes
from sweeper.report.sources.trials import TrialStanding

MOST_NAMED = 8
"""How many trials or parameters one line names."""


def tally(outcomes: SweepOutcomes) -> str:
    """Say in one line how many points have a result, or how many trials have ended, and what became of the others."""
    if outcomes.study:
        return _tally_of_trials(outcomes.study)
    counts = outcomes.counts()
    total = outcomes.total
    if not total.number:
        return "the sweep has no points"
    finished = counts[CellState.FINISHED]
    points = "point has" if total.number == 1 else "points have"
    if finished == total.number:
        return f"{finished:,} of {total} {points} a result"
    return f"{finished:,} of {total} {points} a result; {without_result(counts, is_exact=total.is_exact)}"


def hint(outcomes: SweepOutcomes) -> str:
    """Return what to add to the tally where there is more to say than it does: how to read on."""
    if outcomes.study:
        counts = outcomes.study.counts
        is_in_trouble = counts[TrialStanding.FAILED] or counts[TrialStanding.BLOCKED]
        return f" (see `sweeper status {outcomes.name}`)" if is_in_trouble else ""
    is_finished = outcomes.counts()[CellState.FINISHED] == outcomes.total.number
    return "" if is_finished else f": see `sweeper status {outcomes.name}`"


def without_result(counts: Mapping[CellState, int], *, is_exact: bool = True) -> str:
    """Say how many points have no result, by state."""
    at_most = {} if is_exact else {CellState.MISSING: "at most "}
    return ", ".join(
        f"{at_most.get(state, '')}{count:,} {state}"
        for state, count in counts.items()
        if count and state is not CellState.FINISHED
    )


def outside(outcomes: SweepOutcomes) -> Iterator[str]:
    """Say how many results the present spec or study has no point for, in one line or none."""
    results = "result" if outcomes.outside == 1 else "results"
    present = "study" if outcomes.study else "spec"
    if outcomes.outside:
        yield f"{outcomes.outside:,} {results} outside the present {present}"


def best(study: StudyOutcomes) -> Iterator[str]:
    """Say what the best trial came to, or which trials the Pareto front has, in one line or none."""
    if study.best:
        yield f"best so far: {numeral(study.best.values[0])} in trial {study.best.number}"
    elif study.front:
        numbers = [str(trial.number) for trial in study.front]
        yield f"on the Pareto front: trial{'' if len(numbers) == 1 else 's'} {_first(numbers)}"
    elif study.counts[TrialStanding.COMPLETE] and not study.feasible:
        yield "best so far: none, for no trial keeps every constraint"


def convergence(study: StudyOutcomes) -> Iterator[str]:
    """Say when the best so far became better, and how much, in one line; in none if it did so once."""
    steps = study.improvements
    if len(steps) < 2:
        return
    (value, number), *others = [(numeral(trial.values[0]), trial.number) for trial in steps[-MOST_NAMED:]]
    words = [f"{value} (trial {number})", *(f"{value} ({number})" for value, number in others)]
    yield f"improved: {'…, ' if len(steps) > MOST_NAMED else ''}{', '.join(words)}"


def pruned(study: StudyOutcomes) -> Iterator[str]:
    """Say how many trials were pruned at which step, in one line; in none where no step is known."""
    steps = [trial.last_step for trial in study.trials if trial.standing is TrialStanding.PRUNED]
    counts = Counter(step for step in steps if step is not None)
    if counts:
        yield f"pruned: {_first([f'{counts[step]:,} at step {step}' for step in sorted(counts)])}"


def importance(shares: Mapping[str, float]) -> Iterator[str]:
    """Say how much each parameter matters, the most important first, in one line; in none where it is not known."""
    if shares:
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        yield f"importance (PED-ANOVA): {_first([f'{name} {share:.2f}' for name, share in ranked])}"


def _tally_of_trials(study: StudyOutcomes) -> str:
    at_most = "at most " if study.design.timeout is not None else ""
    wanted = study.design.trials
    ended, others = (
        ", ".join(f"{count:,} {one}" for one, count in study.counts.items() if count and one.is_over is is_over)
        for is_over in (True, False)
    )
    total = f"{study.over:,} of {at_most}{wanted:,} trial{'' if wanted == 1 else 's'}"
    return f"{total}{f': {ended}' if ended else ''}{f'; {others}' if others else ''}"


def _first(words: Sequence[str]) -> str:
    more = len(words) - MOST_NAMED
    return ", ".join(words[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
