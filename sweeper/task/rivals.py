"""Other drivers that are at the same work: whoever claimed it first goes on."""

from __future__ import annotations

import time

from sweeper.store.base import Result, RunStatus, Store, Tag
from sweeper.store.lease import first_claim
from sweeper.task.context import Context

SECONDS_BETWEEN_LOOKS = 0.5


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
        context.index.refresh([experiment])
        result = context.index.find(key, experiment)
        if result is not None:
            raise AlreadyDone(result)
        if claim is None:
            return
        if not context.may_wait:
            raise ClaimedElsewhere(claim.run_id)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def give_way(store: Store, key: str, run_id: str) -> None:
    """Look again with the claim made: of several the earliest goes on, the others end before any work."""
    claim = first_claim(store, key)
    if claim is not None and claim.run_id != run_id:
        store.log(run_id, tags={Tag.REASON: f"run {claim.run_id} claimed this work first"})
        store.end_run(run_id, RunStatus.KILLED)
        raise ClaimedElsewhere(claim.run_id)
