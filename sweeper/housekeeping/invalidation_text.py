"""What is about to be invalidated, or to count again, in words."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.housekeeping.invalidate import Invalidation
from sweeper.report.accounts.show import SHORT_ID
from sweeper.report.escape import shown
from sweeper.report.lineage.trace import class_name, task_of
from sweeper.store.assignments import sweeps_of
from sweeper.store.records import RunRecord

MOST_SHOWN = 20
"""How many runs are spelled out."""

_MOST_PARAMETERS = 80


def invalidation_text(what: Invalidation, *, is_undone: bool) -> str:
    """Return what there is to do as lines: how many runs, which they are, and what stays."""
    runs = [*what.named, *(what.downstream if what.takes_downstream else ())]
    aim = "to count again" if is_undone else "to invalidate"
    lines = [f"{results(len(runs)) if runs else 'nothing'} {aim}", *(f"  {_line(run)}" for run in runs[:MOST_SHOWN])]
    if len(runs) > MOST_SHOWN:
        lines.append(f"  and {len(runs) - MOST_SHOWN:,} more")
    return "\n".join([*lines, *_remarks(what, is_undone=is_undone)])


def results(number: int) -> str:
    """Return a number of results in words."""
    return f"{number:,} {_agreeing(number, 'result', 'results')}"


def _line(run: RunRecord) -> str:
    values = ", ".join(f"{shown(name)}={shown(value)}" for name, value in run.params.items())
    sweeps = ", ".join(map(shown, sweeps_of(run.tags)))
    parts = [shown(class_name(task_of(run))), run.run_id[:SHORT_ID], shown(values, _MOST_PARAMETERS)]
    return "  ".join([*filter(None, parts), *([f"of {sweeps}"] if sweeps else [])])


def _remarks(what: Invalidation, *, is_undone: bool) -> Iterator[str]:
    made, others, trials = len(what.downstream), what.others, len(what.trials)
    if made and what.takes_downstream:
        yield f"{made:,} of them {_agreeing(made, 'was', 'were')} made from others of them"
    elif made:
        stay = f"{_agreeing(made, 'stays', 'stay')} {'invalidated' if is_undone else 'valid'}"
        yield f"{results(made)} made from these {stay}; --downstream takes them along"
    if others:
        done = ("was", "were", "made again since") if is_undone else ("is", "are", "invalidated already")
        yield f"{others:,}{' more' if what.runs else ''} {_agreeing(others, *done[:2])} {done[2]}"
    if trials:
        again = f"{_agreeing(trials, 'counts', 'count')} again too" if is_undone else "to be evaluated again"
        yield f"{trials:,} {_agreeing(trials, 'trial of a study', 'trials of studies')} {again}"


def _agreeing(number: int, one: str, many: str) -> str:
    return one if number == 1 else many
