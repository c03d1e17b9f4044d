"""Clear away what ``gc`` has found, each thing looked at once more: much may have happened since it was.

Whatever is deleted says so first, so that a kill in between leaves nothing that is half there and counts; doing it
again finishes it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import assert_never

from sweeper.errors import StoreAway, StoreError, SweeperError
from sweeper.housekeeping.leftovers import Findings, Leftover, LeftoverKind, in_words
from sweeper.housekeeping.remade import is_made_again
from sweeper.housekeeping.stale import close_stale
from sweeper.store.api import ApiStore
from sweeper.store.disposal import delete, let_go, remove
from sweeper.store.lease import living_drivers
from sweeper.store.litter import is_settled
from sweeper.task.checkpoint_place import discard


@dataclass(frozen=True, slots=True)
class Cleared:
    """How many things were cleared away, how many bytes they took, and why others are left."""

    number: int = 0
    size: int = 0
    left: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """What was done, in one line."""
        left = f"; {len(self.left):,} left alone" if self.left else ""
        return f"{self.number:,} cleared away, {in_words(self.size)} freed{left}"


def clear(store: ApiStore, findings: Findings) -> Cleared:
    """Clear away what was found. Raises ``StoreAway`` if the store does not answer; doing it again goes on."""
    number, size, left = 0, 0, []
    if findings.of(LeftoverKind.STALE):
        close_stale(store, time.time())
        number += len(findings.of(LeftoverKind.STALE))
    for one in findings.leftovers:
        if one.kind is LeftoverKind.STALE:
            continue
        try:
            _clear(store, one)
        except StoreAway:
            raise
        except (SweeperError, OSError) as error:
            left.append(f"{one.name}: {error}")
        else:
            number, size = number + 1, size + one.size
    return Cleared(number, size, tuple(left))


def _clear(store: ApiStore, one: Leftover) -> None:
    """Clear one thing away; raises ``StoreError`` if it is not what it was."""
    match one.kind:
        case LeftoverKind.ATTEMPT | LeftoverKind.UNNAMED | LeftoverKind.LET_GO | LeftoverKind.REMADE:
            _clear_run(store, one)
        case LeftoverKind.ORPHAN | LeftoverKind.SPOOL | LeftoverKind.HALF_MADE:
            assert one.path is not None
            if not is_settled(one.path):
                raise StoreError("somebody has written to it meanwhile")
            remove(one.path)
        case LeftoverKind.CHECKPOINT:
            assert one.path is not None
            if not discard(one.path):
                raise StoreError("an attempt is at it")
        case LeftoverKind.STALE:
            pass
        case _:
            assert_never(one.kind)


def _clear_run(store: ApiStore, one: Leftover) -> None:
    assert one.run is not None
    now = store.run(one.run.run_id)
    if (now.status, now.tags) != (one.run.status, one.run.tags):
        raise StoreError("it has changed meanwhile")
    if one.kind is LeftoverKind.UNNAMED and living_drivers(store):
        raise StoreError("a sweeper has started meanwhile, and may be about to use it")
    if one.kind is LeftoverKind.REMADE and not is_made_again(store, now):
        raise StoreError("what was made again is gone meanwhile")
    if one.kind in (LeftoverKind.LET_GO, LeftoverKind.REMADE):
        let_go(store, now, one.artifacts, one.why)
    else:
        delete(store, now, one.why)
