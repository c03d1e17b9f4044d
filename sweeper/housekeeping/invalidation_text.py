"""What is about to be invalidated, or to count again, in words."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.housekeeping.invalidate import Invalidation
from sweeper.report.accounts.account import points_of
from sweeper.report.accounts.show import SHORT_ID
from sweeper.report.escape import shown
from sweeper.report.lineage.trace import class_name, task_of
from sweeper.store.base import RunRecord

MOST_SHOWN = 20
"""How many runs are spelled out."""

_MOST_PARAMETERS = 80


def invalidation_text(what: Invalidation, *, is_undone: bool) -> str:
    """Return what there is to do as lines: how many runs, which they are, and what stays."""
    runs = [*what.named, *(what.downstream if what.takes_downstream else ())]
    aim = "to count again" if is_undone else "to invalidate"
    lines = [f"{results(len(runs))} {aim}", *(f"  {_line(run)}" for run in runs[:MOST_SHOWN])]
    if len(runs) > MOST_SHOWN:
        lines.append(f"  and {len(runs) - MOST_SHOWN:,} more")
    return "\n".join([*lines, *_remarks(what, is_undone=is_undone)])


def results(number: int) -> str:
    """Return a number of results in words."""
    return f"{number:,} result{'' if number == 1 else 's'}"


def _line(run: RunRecord) -> str:
    values = ", ".join(f"{shown(name)}={shown(value)}" for name, value in run.params.items())
    sweeps = ", ".join(map(shown, points_of(run)))
    parts = [shown(class_name(task_of(run))), run.run_id[:SHORT_ID], shown(values, _MOST_PARAMETERS)]
    return "  ".join([*filter(None, parts), *([f"of {sweeps}"] if sweeps else [])])


def _remarks(what: Invalidation, *, is_undone: bool) -> Iterator[str]:
    made = len(what.downstream)
    if made and what.takes_downstream:
        yield f"{made:,} of them {'was' if made == 1 else 'were'} made from others of them"
    elif made:
        stay = "stay invalidated" if is_undone else "stay valid"
        yield f"{results(made)} made from these {stay}; --downstream takes them along"
    if what.others:
        yield f"{what.others:,} more {'were made again since' if is_undone else 'are invalidated already'}"
    if trials := len(what.trials):
        nouns = "trial of a study" if trials == 1 else "trials of studies"
        yield f"{trials:,} {nouns} {'count again too' if is_undone else 'to be evaluated again'}"
