"""How long a study may take."""

from __future__ import annotations

import time


class Budget:
    """The seconds of a study, over all runs of the sweep: ``spent`` are those of earlier ones."""

    def __init__(self, timeout: float | None, spent: float) -> None:
        self._timeout = timeout
        self._spent = spent
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long the study has run."""
        return self._spent + time.monotonic() - self._began

    @property
    def is_used_up(self) -> bool:
        """Whether no trial may begin any more."""
        return self._timeout is not None and self.seconds >= self._timeout
