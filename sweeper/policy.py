"""What a user may want otherwise of one run of a sweep."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """Choices for one run of a sweep.

    ``fail_fast``: start nothing more once a point has failed. ``rerun_changed``: make results of other code again, and
    what depends on them. ``fresh``: start a new study in the place of the one on the record.
    """

    fail_fast: bool = False
    rerun_changed: bool = False
    fresh: bool = False


STANDARD = Policy()
