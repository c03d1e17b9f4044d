"""Which keys have a result: a dictionary in front of the store."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from sweeper.store.base import Reader
from sweeper.store.records import Result

OVERLAP_MS = 5 * 60 * 1000
"""How far a refresh looks back: clocks differ, and a run's end time is set before others can see it."""


class Index:
    """The results of the experiments that were asked about; each is read from the store once, with ``metrics``.

    With ``live`` a miss asks the store again for what has ended since: for processes that nobody tells of new results.
    """

    def __init__(self, reader: Reader, *, metrics: Sequence[str] = (), live: bool = False) -> None:
        self._reader = reader
        self._metrics = tuple(metrics)
        self._live = live
        self._results: dict[str, Result] = {}
        self._doubles: dict[str, set[str]] = {}
        self._ignored: set[str] = set()
        self._seen_until: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many keys are known to have a result."""
        return len(self._results)

    def find(self, key: str, experiment: str) -> Result | None:
        """Return the result with a key, or None."""
        found = self._results.get(key)
        if found is None and (self._live or experiment not in self._seen_until):
            self.refresh([experiment])
            found = self._results.get(key)
        return found

    def look_up(self, key: str) -> Result | None:
        """Ask the store for the result with a key, whenever it ended: a refresh goes by clocks, which may be wrong."""
        record = self._reader.results_by_key([key]).get(key)
        result = record.to_result(self._metrics) if record else None
        if result is not None:
            self.add(result)
        return self._results.get(key)

    def add(self, result: Result) -> None:
        """Take note of a result; of several with one key the earliest counts."""
        if result.run_id in self._ignored:
            return
        known = self._results.get(result.key)
        if known is not None and known.run_id != result.run_id:
            self._doubles.setdefault(result.key, set()).update((known.run_id, result.run_id))
        if known is None or result.order <= known.order:
            self._results[result.key] = result

    def put(self, result: Result) -> None:
        """Let a result count, whatever else is known by its key."""
        self._results[result.key] = result

    def seconds(self, task: str) -> list[float]:
        """Return how long the results of a task class (``module:Class``) took, of those read so far."""
        return [result.seconds for result in self._results.values() if result.task == task]

    def discard(self, key: str) -> set[str]:
        """Forget the results with a key, for good, so that the work is done again; return their runs."""
        known = self._results.pop(key, None)
        runs = self._doubles.pop(key, set()) | ({known.run_id} if known else set())
        self._ignored |= runs
        return runs

    def ignore(self, runs: Iterable[str]) -> None:
        """Never take the results of these runs: they are being made again."""
        new = {*runs} - self._ignored
        if not new:
            return
        self._ignored |= new
        for key in [key for key, result in self._results.items() if result.run_id in new]:
            del self._results[key]

    def refresh(self, experiments: Iterable[str] | None = None) -> None:
        """Read what the store has got since the last look: for the named experiments, or for all known ones."""
        names = list(self._seen_until if experiments is None else experiments)
        since = min((self._seen_until.get(name, 0) for name in names), default=0)
        found = self._reader.results(names, since=since, metrics=self._metrics)
        for result in found:
            self.add(result)
        latest = max((result.end_time for result in found), default=since + OVERLAP_MS)
        latest = min(latest, int(time.time() * 1000))  # what ended in the future must not hide what ends before that
        for name in names:
            self._seen_until[name] = max(latest - OVERLAP_MS, 0)
