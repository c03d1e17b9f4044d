"""Other drivers that are at the same work: one of them goes on, the others leave it to that one.

A claim is a RUNNING run with the key. Each driver makes its claim first and looks for others then, so of two that come
together at least one sees the other. Which of them goes on is told by order, ``(start_time, run_id)``, unless the later
one has looked before the earlier one was to be seen, and is at work already. So who goes on says so
(``sweeper.at_work``), and who is earlier waits until each later claim has said so, or is gone.
"""

from __future__ import annotations

import time

from sweeper.store.lease import claims, first_claim
from sweeper.store.records import OpenRun, Result, RunRecord, RunStatus
from sweeper.store.tags import Tag
from sweeper.task.context import Context

SECONDS_BETWEEN_LOOKS = 0.5
DECISION_SECONDS_BETWEEN_LOOKS = 0.05
DECISION_SECONDS = 60.0
"""How long a later claim is given to decide: it takes one look and one write."""


class ClaimedElsewhere(Exception):  # noqa: N818 (an event, not a mistake)
    """Another driver is at the same work; ``args[0]`` is its run."""


class AlreadyDone(Exception):  # noqa: N818
    """Another driver has done the same work meanwhile."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.run_id)
        self.result = result


def wait_or_leave(context: Context, key: str, experiment: str) -> None:
    """Return once nobody else is at the work; or raise, if somebody has done it or must not be waited for here."""
    while True:
        claim = first_claim(context.store, key)  # before the results: what ends in between is in one of the two
        yield_to_result(context, key, experiment)
        if claim is None:
            return
        if not context.may_wait:
            raise ClaimedElsewhere(claim.run_id)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def win_or_leave(context: Context, key: str, run: OpenRun) -> None:
    """Look with the claim made: return if this one goes on, else end the run and raise ``ClaimedElsewhere``."""
    until = time.monotonic() + DECISION_SECONDS
    while True:
        rival = _who_goes_first(context, key, run)
        if rival is None:
            break
        if Tag.AT_WORK in rival.tags or _order(rival) < (run.start_time, run.run_id):
            _leave(context, run, rival)
        if time.monotonic() > until:
            break
        time.sleep(DECISION_SECONDS_BETWEEN_LOOKS)
    context.store.log(run.run_id, tags={Tag.AT_WORK: "yes"})


def yield_to_result(context: Context, key: str, experiment: str) -> None:
    """Raise ``AlreadyDone`` if the work has a result, and one that can be read.

    The key itself is asked for: the index goes by the time at which results ended, so it could miss those of a driver
    whose clock is wrong, and it would read all that ended in the last minutes. Only where results are being replaced
    is it asked too, for the earliest with the key is one of those.
    """
    if context.replaces:
        context.index.refresh([experiment])
    result = context.index.look_up(key)
    if result is not None and result.has_artifacts:
        raise AlreadyDone(result)


def _who_goes_first(context: Context, key: str, run: OpenRun) -> RunRecord | None:
    """Return the claim of another driver to look at: one that is at work, else the earliest."""
    own = context.labels.get(Tag.DRIVER)
    others = [
        claim for claim in claims(context.store, key) if claim.run_id != run.run_id and claim.tags[Tag.DRIVER] != own
    ]
    return min(others, key=lambda claim: (Tag.AT_WORK not in claim.tags, _order(claim)), default=None)


def _leave(context: Context, run: OpenRun, rival: RunRecord) -> None:
    context.store.log(run.run_id, tags={Tag.REASON: f"run {rival.run_id} claimed this work first"})
    context.store.end_run(run.run_id, RunStatus.KILLED)
    raise ClaimedElsewhere(rival.run_id)


def _order(claim: RunRecord) -> tuple[int, str]:
    return claim.start_time, claim.run_id
