"""The store through MLflow's client: any tracking URI, read and written."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from sweeper.errors import StoreError
from sweeper.store.api_reader import ApiReader
from sweeper.store.locate import is_database
from sweeper.store.records import MetricPoint, OpenRun, RunRecord, RunStatus
from sweeper.store.repository import artifact_repository
from sweeper.store.values import MAX_NAME, MAX_PARAM, MAX_TAG, fit, fit_value

BATCH = 100
"""Params or tags that are written at once, at most."""

METRICS_BATCH = 800
"""Metrics that are written at once, at most: a batch of all kinds may hold 1,000 entries."""


class ApiStore(ApiReader):
    """The ``Store`` behind a tracking URI, by MLflow's public client."""

    def start_run(
        self, experiment: str, name: str, *, tags: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> OpenRun:
        """Create a RUNNING run."""
        started = int(time.time() * 1000)
        fitted, name = fit(tags, MAX_TAG), fit_value(name, MAX_NAME)
        attempts = 0

        def create(experiment_id: str) -> Run:
            nonlocal attempts
            attempts += 1
            made = self._like(experiment_id, name, started, fitted) if attempts > 1 else None
            return made or self._client.create_run(experiment_id, start_time=started, tags=fitted, run_name=name)

        run: Run = self._ask(lambda: self._experiments.use(experiment, create))
        if params:
            self.log(run.info.run_id, params=params)
        return OpenRun(run.info.run_id, experiment, run.info.artifact_uri, started)

    def log(
        self,
        run_id: str,
        *,
        metrics: Sequence[MetricPoint] = (),
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Write to a run, in as few batches as MLflow takes."""
        entries = [Metric(metric.name, metric.value, metric.timestamp, metric.step) for metric in metrics]
        fitted = [Param(key, value) for key, value in fit(params or {}, MAX_PARAM).items()]
        labels = [RunTag(key, value) for key, value in fit(tags or {}, MAX_TAG).items()]
        if self._is_quicker_singly(fitted, entries, labels):
            singly: list[Param | Metric | RunTag] = [*fitted, *entries, *labels]
            for entry in singly:
                self._log_one(run_id, entry)
            return
        halves: list[Any] = [*zip_longest(_chunks(entries, METRICS_BATCH), _chunks(fitted, BATCH), fillvalue=[])]
        *first, last = halves
        beside, *after = _chunks(labels, BATCH)
        for some_metrics, some_params in first:
            self._log_batch(run_id, metrics=some_metrics, params=some_params)
        self._log_batch(run_id, metrics=last[0], params=last[1], tags=beside)
        for some_tags in after:
            self._log_batch(run_id, tags=some_tags)

    def untag(self, run_id: str, tags: Iterable[str]) -> None:
        """Take tags off a run, those of them that it has."""
        for tag in tags:
            self._ask(partial(self._untag, run_id, tag))

    def reopen_run(self, run_id: str) -> None:
        """Make a run RUNNING again."""
        self._ask(lambda: self._client.update_run(run_id, status=RunStatus.RUNNING.value))

    def end_run(self, run_id: str, status: RunStatus, *, ended: int | None = None) -> int:
        """Give a run its final status."""
        at = int(time.time() * 1000) if ended is None else ended
        self._ask(lambda: self._client.set_terminated(run_id, status.value, at))
        return at

    def save_artifact(self, run: OpenRun | RunRecord, path: Path, name: str) -> None:
        """Store a local file or folder as an artifact."""

        def save() -> None:
            repository = artifact_repository(run.artifact_uri, self.uri)
            if path.is_dir():
                repository.log_artifacts(str(path), name)
            else:
                folder = Path(name).parent.as_posix()
                repository.log_artifact(str(path), None if folder == "." else folder)

        self._ask(save)

    def remove_artifact(self, run: OpenRun | RunRecord, name: str) -> None:
        """Delete an artifact, or a folder of them; raises ``StoreError`` where that cannot be."""

        def remove() -> None:
            try:
                artifact_repository(run.artifact_uri, self.uri).delete_artifacts(name)
            except NotImplementedError as error:
                raise StoreError(f"{run.artifact_uri}: artifacts there cannot be deleted") from error

        self._ask(remove)

    def delete_run(self, run_id: str) -> None:
        """Delete a run as MLflow does: it is hidden, and can be restored until ``mlflow gc``."""
        self._ask(lambda: self._client.delete_run(run_id))

    def _untag(self, run_id: str, tag: str) -> None:
        try:
            self._client.delete_tag(run_id, tag)
        except MlflowException as error:  # it was off, or a request before this one took it off
            if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                raise

    def _is_quicker_singly(self, params: list[Param], metrics: list[Metric], tags: list[RunTag]) -> bool:
        """Whether each entry is better written by itself.

        In a database a batch is a transaction for each kind, and one around them; to a server it is one request.
        """
        numbers = [len(params), len(metrics), len(tags)]
        return sum(numbers) == 1 or (is_database(self.uri) and max(numbers) == 1)

    def _log_one(self, run_id: str, entry: Param | Metric | RunTag) -> None:
        """Write one entry; to write it twice changes nothing."""
        write: Any = self._client.log_param if isinstance(entry, Param) else self._client.set_tag
        if isinstance(entry, Metric):
            write = partial(self._client.log_metric, timestamp=entry.timestamp, step=entry.step)
        self._ask(lambda: write(run_id, entry.key, entry.value, synchronous=True))

    def _log_batch(self, run_id: str, **entries: Any) -> None:
        """Write a batch; to write it twice changes nothing."""
        self._ask(lambda: self._client.log_batch(run_id, **entries, synchronous=True))

    def _like(self, experiment_id: str, name: str, started: int, tags: Mapping[str, str]) -> Run | None:
        """Return the run that a request made whose answer was lost."""
        found = self._client.search_runs([experiment_id], f"attributes.start_time = {started}")
        same = (run for run in found if run.info.run_name == name and tags.items() <= run.data.tags.items())
        return next(same, None)


def _chunks(entries: list[Any], size: int) -> list[list[Any]]:
    """Return the entries in lists of at most ``size``; one empty list if there are none."""
    return [entries[start : start + size] for start in range(0, len(entries), size)] or [[]]
