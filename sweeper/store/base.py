"""The store's contract: what sweeper asks of an MLflow tracking store.

MLflow is the only ledger. A run is a *result* if and only if its status is FINISHED, it carries the tag
``sweeper.key`` and it is not marked ``sweeper.superseded``. Of several results with one key readers take the earliest
``(end_time, run_id)``. Nothing here is ever deleted but by ``sweeper gc``; a run changes only while it is RUNNING, but
for tags that say which sweeps it stands for, that it is superseded, and that its artifacts are gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from sweeper.store.records import MetricPoint, OpenRun, Result, RunRecord, RunStatus, Standing, SweepRecord

MOST_ARTIFACTS = 1000
"""Names that are asked for at once, at most."""


class Reader(Protocol):
    """The questions that sweeper asks of a store."""

    uri: str

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:
        """Return the results of the named experiments that ended at or after ``since`` (ms).

        Each comes with the last values of those of ``metrics`` that it has. Experiments that do not exist, or are
        deleted, have no results.
        """

    def sweep_names(self) -> list[str]:
        """Return the names of all sweeps, the most recently started first."""

    def sweep(self, name: str) -> SweepRecord | None:
        """Return what the store remembers of a sweep, or None if there is no such sweep."""

    def standing(self, sweep: str) -> list[Standing]:
        """Return what stands for points of a sweep: its results, also those that are superseded or were invalidated."""

    def run(self, run_id: str) -> RunRecord:
        """Return one run; raises ``StoreError`` if there is none."""

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, with that value if one is given, oldest first; no deleted ones."""

    def experiment_names(self) -> list[str]:
        """Return the names of all experiments that are not deleted, sorted; without the one of sweeper's drivers."""

    def runs_in(self, experiments: Iterable[str]) -> list[RunRecord]:
        """Return the runs of the named experiments, oldest first; no deleted ones.

        Experiments that do not exist, or are deleted, have no runs.
        """

    def runs_by_id(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose ids begin so, oldest first; no deleted ones, and none of sweeper's drivers."""

    def results_by_key(self, keys: Iterable[str]) -> dict[str, RunRecord]:
        """Return the result with each key, the earliest of several; keys without a result are left out."""

    def curves(self, run_ids: Iterable[str], metric: str) -> dict[str, dict[int, float]]:
        """Return the values of a metric that each run logged, by ascending step; of several at a step, the first.

        Runs that never logged the metric are left out.
        """

    def artifact(self, run: RunRecord | Result, name: str) -> Path:
        """Return a local path of an artifact, fetched if the store is remote; it may not exist."""

    def artifact_names(self, run: RunRecord) -> list[str]:
        """Return the relative POSIX paths of a run's files, sorted: at most ``MOST_ARTIFACTS``."""


class Store(Reader, Protocol):
    """A reader that also writes."""

    def start_run(
        self, experiment: str, name: str, *, tags: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> OpenRun:
        """Create a RUNNING run in an experiment, which is created where it is missing or deleted."""

    def log(
        self,
        run_id: str,
        *,
        metrics: Sequence[MetricPoint] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Write to a run: first params, then metrics, then tags. What MLflow cannot hold is shortened and says so."""

    def artifact_sizes(self, run: RunRecord) -> dict[str, int]:
        """Return how many bytes each artifact of a run takes, a folder of them as one; nothing if there are none."""

    def delete_run(self, run_id: str) -> None:
        """Delete a run as MLflow does: it is hidden, and can be restored until ``mlflow gc``."""

    def untag(self, run_id: str, tags: Iterable[str]) -> None:
        """Take tags off a run, those of them that it has."""

    def end_run(self, run_id: str, status: RunStatus, *, ended: int | None = None) -> int:
        """Give a run its final status; return the end time that was recorded, in ms since the epoch: by default now."""

    def save_artifact(self, run: OpenRun | RunRecord, path: Path, name: str) -> None:
        """Store a local file or folder as the artifact ``name``, which may lie in sub-folders (``a/b.csv``)."""
