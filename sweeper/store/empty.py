"""The store that is not there yet: it has nothing, and asking it creates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.store.records import Result, RunRecord, RunStatus, Standing, SweepRecord


class EmptyReader:
    """The ``Reader`` of a store that nobody has written to."""

    def __init__(self, uri: str) -> None:
        self.uri = uri

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:  # noqa: ARG002
        """Return no results."""
        return []

    def sweep_names(self) -> list[str]:
        """Return no names."""
        return []

    def sweep(self, name: str) -> SweepRecord | None:  # noqa: ARG002
        """Return None."""
        return None

    def standing(self, sweep: str) -> list[Standing]:  # noqa: ARG002
        """Return nothing."""
        return []

    def run(self, run_id: str) -> RunRecord:
        """Raise ``StoreError``."""
        raise StoreError(f"{self.uri}: there is no run {run_id}")

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:  # noqa: ARG002
        """Return no runs."""
        return []

    def experiment_names(self) -> list[str]:
        """Return no names."""
        return []

    def runs_in(self, experiments: Iterable[str]) -> list[RunRecord]:  # noqa: ARG002
        """Return no runs."""
        return []

    def runs_by_id(self, beginning: str) -> list[RunRecord]:  # noqa: ARG002
        """Return no runs."""
        return []

    def results_by_key(self, keys: Iterable[str]) -> dict[str, RunRecord]:  # noqa: ARG002
        """Return no results."""
        return {}

    def curves(self, run_ids: Iterable[str], metric: str) -> dict[str, dict[int, float]]:  # noqa: ARG002
        """Return no curves."""
        return {}

    def artifact(self, run: RunRecord | Result, name: str) -> Path:
        """Return a path that does not exist."""
        return Path(run.artifact_uri) / name

    def artifact_names(self, run: RunRecord) -> list[str]:  # noqa: ARG002
        """Return no names."""
        return []
