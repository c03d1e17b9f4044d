"""The store through MLflow's client: any tracking URI, read and written."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from mlflow.entities import Metric, Param, Run, RunTag, ViewType
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.tracking import MlflowClient

from sweeper.store.artifacts import local_names, remote_names
from sweeper.store.base import (
    DRIVERS_EXPERIMENT,
    MetricPoint,
    OpenRun,
    Result,
    RunRecord,
    RunStatus,
    SweepRecord,
    Tag,
)
from sweeper.store.cache import download, fetched
from sweeper.store.client import PAGE, paged, translated
from sweeper.store.entities import curve_of, record_of, result_of
from sweeper.store.experiments import Experiments
from sweeper.store.locate import local_path, sqlite_path
from sweeper.store.reach import check_reachable
from sweeper.store.setup import experiment_folder
from sweeper.store.sweeps import earliest, own_run, read_sweep, sweep_names
from sweeper.store.values import MAX_PARAM, MAX_TAG, fit

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # sweeper has a display of its own
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
for _name in ("alembic", "mlflow.store.db.utils"):
    logging.getLogger(_name).setLevel(logging.WARNING)  # how a schema is made is no news to who runs a sweep

_PLAIN = re.compile(r"[\w.-]+")

FEW_KEYS = 50  # so many requests for a run each cost about as much as a page of runs
BATCH = 100  # params or tags
METRICS_BATCH = 800  # a batch of all kinds may hold 1,000 entries


class ApiStore:
    """The ``Store`` behind a tracking URI, by MLflow's public client."""

    def __init__(self, uri: str) -> None:
        self.uri = uri
        check_reachable(uri)
        with translated(uri):
            self._client = MlflowClient(uri)
        self._experiments = Experiments(self._client, self._artifact_home)

    def results(self, experiments: Iterable[str], *, since: int = 0, metrics: Sequence[str] = ()) -> list[Result]:
        """Return the results of the named experiments, a page of runs at a time."""
        names = self._named(experiments)
        condition = f"attributes.status = 'FINISHED' AND attributes.end_time >= {since}"
        return [
            result_of(run, names[run.info.experiment_id], metrics)
            for run in self._search(list(names), condition)
            if Tag.KEY in run.data.tags and Tag.SUPERSEDED not in run.data.tags
        ]

    def sweep_names(self) -> list[str]:
        """Return the names of all sweeps, the most recently started first."""
        return sweep_names(self)

    def sweep(self, name: str) -> SweepRecord | None:
        """Return what the store remembers of a sweep."""
        return read_sweep(self, name)

    def run(self, run_id: str) -> RunRecord:
        """Return one run."""
        with translated(self.uri):
            run = self._client.get_run(run_id)
            return record_of(run, self._client.get_experiment(run.info.experiment_id).name)

    def entity(self, run_id: str) -> Run:
        """Return one run as MLflow's own entity."""
        with translated(self.uri):
            return self._client.get_run(run_id)

    def reported(self, run_id: str) -> dict[int, float]:
        """Return what a run's task reported while it ran, by step; nothing if it reported nothing."""
        with translated(self.uri):
            metric = self._client.get_run(run_id).data.tags.get(Tag.REPORTED)
        return self._curve(run_id, metric) if metric else {}

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, oldest first.

        MLflow's filters cannot quote a value, nor ask for a tag of any value without naming it; so a value that its
        grammar takes is filtered for by the store, and whatever comes back is looked at again here.
        """
        with translated(self.uri):
            names = {found.experiment_id: found.name for found in self._experiments.all()}
        conditions = [f"tags.`{tag}` = '{value}'"] if _PLAIN.fullmatch(value) else [f"tags.`{tag}` LIKE '%'"]
        if status:
            conditions.append(f"attributes.status = '{status}'")
        return [
            record_of(run, names[run.info.experiment_id])
            for run in self._search(list(names), " AND ".join(conditions))
            if tag in run.data.tags and value in ("", run.data.tags[tag])
        ]

    def experiment_names(self) -> list[str]:
        """Return the names of all experiments but that of sweeper's drivers, sorted."""
        with translated(self.uri):
            names = {found.name for found in self._experiments.all()}
        return sorted(names - {DRIVERS_EXPERIMENT})

    def runs_in(self, experiments: Iterable[str]) -> list[RunRecord]:
        """Return the runs of the named experiments, oldest first, a page at a time."""
        names = self._named(experiments)
        return [record_of(run, names[run.info.experiment_id]) for run in self._search(list(names))]

    def runs_by_id(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose ids begin so, oldest first; MLflow's pattern takes capitals for small letters."""
        with translated(self.uri):
            names = {found.experiment_id: found.name for found in self._experiments.all()}
        asked = [experiment_id for experiment_id, name in names.items() if name != DRIVERS_EXPERIMENT]
        condition = f"attributes.run_id LIKE '{beginning}%'" if _PLAIN.fullmatch(beginning) else ""
        found = (record_of(run, names[run.info.experiment_id]) for run in self._search(asked, condition))
        return [run for run in found if run.run_id.startswith(beginning)]

    def results_by_key(self, keys: Iterable[str]) -> dict[str, RunRecord]:
        """Return the result with each key: few are looked up one by one, for many all results are looked through."""
        wanted = {*keys}
        values = sorted(wanted) if len(wanted) <= FEW_KEYS else [""]
        found = [run for value in values for run in self.runs_with(Tag.KEY, value, status=RunStatus.FINISHED)]
        return {key: run for key, run in earliest(found).items() if key in wanted}

    def curves(self, run_ids: Iterable[str], metric: str) -> dict[str, dict[int, float]]:
        """Return the values of a metric that each run logged, by step: a request a run, MLflow has none for many."""
        found = {run_id: self._curve(run_id, metric) for run_id in run_ids}
        return {run_id: curve for run_id, curve in found.items() if curve}

    def artifact(self, run: RunRecord | Result, name: str) -> Path:
        """Return a local path of an artifact, fetched if it lies elsewhere: once, if it is a result's."""
        folder = local_path(run.artifact_uri)
        if folder is not None:
            return folder / name
        is_final = isinstance(run, Result) or run.key is not None
        with translated(self.uri):
            repository = get_artifact_repository(run.artifact_uri, tracking_uri=self.uri)
            return fetched(run.run_id, name, partial(download, repository, name), is_final=is_final)

    def artifact_names(self, run: RunRecord) -> list[str]:
        """Return the names of a run's files."""
        folder = local_path(run.artifact_uri)
        if folder is not None:
            return local_names(folder)
        with translated(self.uri):
            return remote_names(get_artifact_repository(run.artifact_uri, tracking_uri=self.uri))

    def start_run(
        self, experiment: str, name: str, *, tags: Mapping[str, str], params: Mapping[str, str] | None = None
    ) -> OpenRun:
        """Create a RUNNING run."""
        started = int(time.time() * 1000)
        with translated(self.uri):
            run: Run = self._experiments.use(
                experiment,
                lambda experiment_id: self._client.create_run(
                    experiment_id, start_time=started, tags=fit(tags, MAX_TAG), run_name=name
                ),
            )
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
        halves: list[Any] = [*zip_longest(_chunks(entries, METRICS_BATCH), _chunks(fitted, BATCH), fillvalue=[])]
        *first, last = halves
        beside, *after = _chunks(labels, BATCH)
        with translated(self.uri):
            for some_metrics, some_params in first:
                self._client.log_batch(run_id, metrics=some_metrics, params=some_params)
            self._client.log_batch(run_id, metrics=last[0], params=last[1], tags=beside)
            for some_tags in after:
                self._client.log_batch(run_id, tags=some_tags)

    def reopen_run(self, run_id: str) -> None:
        """Make a run RUNNING again."""
        with translated(self.uri):
            self._client.update_run(run_id, status=RunStatus.RUNNING.value)

    def sweep_run(self, name: str) -> RunRecord | None:
        """Return the run that stands for a sweep, or None if there is no such sweep."""
        return own_run(self, name)

    def end_run(self, run_id: str, status: RunStatus) -> int:
        """Give a run its final status."""
        ended = int(time.time() * 1000)
        with translated(self.uri):
            self._client.set_terminated(run_id, status.value, ended)
        return ended

    def save_artifact(self, run: OpenRun | RunRecord, path: Path, name: str) -> None:
        """Store a local file or folder as an artifact."""
        with translated(self.uri):
            repository = get_artifact_repository(run.artifact_uri, tracking_uri=self.uri)
            if path.is_dir():
                repository.log_artifacts(str(path), name)
            else:
                folder = Path(name).parent.as_posix()
                repository.log_artifact(str(path), None if folder == "." else folder)

    def _artifact_home(self, experiment: str) -> str | None:
        """Return where the artifacts of a new experiment go: beside a SQLite database, else where the server says."""
        database = sqlite_path(self.uri)
        return experiment_folder(database, experiment) if database else None

    def _named(self, experiments: Iterable[str]) -> dict[str, str]:
        """Return the names of those of the experiments that are there, by their ids."""
        with translated(self.uri):
            return {found.experiment_id: name for name in experiments if (found := self._experiments.active(name))}

    def _curve(self, run_id: str, metric: str) -> dict[int, float]:
        with translated(self.uri):
            return curve_of(self._client.get_metric_history(run_id, metric))

    def _search(self, experiment_ids: list[str], condition: str = "") -> list[Run]:
        """Return the runs that fulfil a condition, oldest first: page tokens are offsets, so new runs come last."""
        if not experiment_ids:
            return []
        with translated(self.uri):
            return paged(
                lambda token: self._client.search_runs(
                    experiment_ids,
                    condition,
                    run_view_type=ViewType.ACTIVE_ONLY,
                    max_results=PAGE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            )


def _chunks(entries: list[Any], size: int) -> list[list[Any]]:
    """Return the entries in lists of at most ``size``; one empty list if there are none."""
    return [entries[start : start + size] for start in range(0, len(entries), size)] or [[]]
