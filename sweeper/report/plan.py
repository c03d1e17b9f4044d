"""A plan as text: what would run, what is shared, what it would cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tabulate import tabulate

from sweeper.points import Count
from sweeper.report.escape import shown

if TYPE_CHECKING:
    from sweeper.plan import Plan, Step

HEADERS = ("task", "instances", "complete", "to run", "points sharing one", "seconds each")


def plan_text(plan: Plan, workers: int) -> str:
    """Return a plan as text: a row a task, upstream first, and what it comes to."""
    rows = [_row(step) for step in plan.steps]
    table = tabulate(rows, HEADERS, tablefmt="simple", colalign=("left", *["right"] * 5), disable_numparse=True)
    lines = [*_title(plan), "", table, "", _cost(plan, workers)]
    lines += [f"at most {step.at_once} {step.family} at once" for step in plan.steps if step.to_run and step.at_once]
    lines += [
        f"{Count(number, is_exact=True).of('point')} will fail: {reason}" for reason, number in plan.unbuilt.items()
    ]
    lines += [
        f"{Count(step.changed, is_exact=True).of('result')} of {step.family} "
        f"{'was' if step.changed == 1 else 'were'} made by other code than it has now"
        for step in plan.steps
        if step.changed
    ]
    lines += [f"luigi.cfg sets {name} = {shown(value)}" for name, value in plan.configured.items()]
    return "\n".join(lines)


def average(number: float) -> str:
    """Return how many there are on average, in three digits or all those before the decimal point."""
    return f"{number:,.3g}" if number < 1000 else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """Return a length of time as a person says it: ``0.4 s``, ``8 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if minutes else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def _title(plan: Plan) -> Iterator[str]:
    if plan.trials is None:
        sample = f"; what follows is of a sample of {plan.looked_at:,}" if plan.is_sampled else ""
        yield f"{plan.name}: {plan.points.of('point')}{sample}"
        return
    trials = plan.trials
    each = f" of {trials.points:,} points each" if trials.points > 1 else ""
    done = f", {'all' if trials.done >= trials.total else f'{trials.done:,}'} of them done" if trials.done else ""
    yield f"{plan.name}: {Count(trials.total, is_exact=True).of('trial')}{each}{done}"
    if trials.drawn:
        left = Count(trials.left, is_exact=True).of("trial")
        drawn = Count(trials.drawn, is_exact=True).of("random point")
        sample = ", a sample" if plan.is_sampled else ""
        yield f"for the {left} to come, what follows counts {drawn} of the space{sample}"


def _row(step: Step) -> tuple[str, ...]:
    seconds = "?" if step.seconds is None else f"{step.seconds:.2f}"
    return (
        step.family,
        f"{step.instances:,}",
        f"{step.complete:,}",
        f"{step.to_run:,}",
        average(step.sharing),
        seconds,
    )


def _cost(plan: Plan, workers: int) -> str:
    number = sum(step.to_run for step in plan.steps)
    if number == 0:
        return "nothing to run: every task has its result"
    at_most = "at most " if plan.trials and plan.trials.is_bound else ""
    of_sample = " of the sample" if plan.is_sampled else ""
    to_run = f"{at_most}{number:,} task{'s' if number > 1 else ''}{of_sample} to run"
    seconds = plan.expected_seconds(workers)
    on = f"on {workers} worker{'s' if workers > 1 else ''}"
    if seconds is None:
        unknown = ", ".join(step.family for step in plan.steps if step.to_run and step.seconds is None)
        return f"{to_run} {on}; how long is not known yet: {unknown} never ran"
    return f"{to_run}, about {duration(seconds)} {on} by past durations"
