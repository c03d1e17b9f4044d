"""Ask the sweepers that are at a sweep to end, wherever they run: by a tag on each one's run, where it looks."""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable

from sweeper.provenance import user
from sweeper.store.base import Reader, Store
from sweeper.store.lease import is_dead
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

SECONDS_BETWEEN_LOOKS = 0.5


def ask_to_stop(store: Store, drivers: Iterable[RunRecord], *, now: bool) -> None:
    """Ask drivers to end, once what they run has ended or now; each sees it when it looks around next."""
    who = f"{user() or 'somebody'} on {platform.node()}"
    for driver in drivers:
        store.log(driver.run_id, tags={Tag.STOP_NOW if now else Tag.STOP: who})


def wait_until_ended(reader: Reader, drivers: Iterable[RunRecord]) -> None:
    """Wait until none of some drivers is alive any more."""
    for driver in drivers:
        while not is_dead(reader.run(driver.run_id)):
            time.sleep(SECONDS_BETWEEN_LOOKS)
