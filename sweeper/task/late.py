"""Results that are recorded late: the last step of an attempt whose store was away, taken by a later process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeper.store.unrecorded import Recorded, record_kept
from sweeper.task.checkpoints import remove_checkpoints

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore


def record_late(store: ApiStore) -> Recorded:
    """Tell a store of the results that are kept for it on this machine, and remove what their tasks would go on from.

    Raises ``StoreAway`` if the store does not answer.
    """
    done = record_kept(store)
    for result in (*done.recorded, *done.dropped):
        remove_checkpoints(store, result.run, result.key)
    return done
