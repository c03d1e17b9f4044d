"""Reading through MLflow's client: any tracking URI, a page of runs at a time."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

from mlflow.entities import Run, ViewType
from mlflow.tracking import MlflowClient

from sweeper.errors import StoreError
from sweeper.store.artifacts import inside, local_names, local_sizes, remote_names, remote_sizes
from sweeper.store.assignments import forms
from sweeper.store.cache import download, fetched
from sweeper.store.client import PAGE, paged, translated
from sweeper.store.entities import curve_of, record_of, result_of
from sweeper.store.experiments import Experiments
from sweeper.store.locate import artifact_root, is_database, local_path, sqlite_path
from sweeper.store.patience import LOOKING_SECONDS, Answer, Patience
from sweeper.store.reach import check_reachable
from sweeper.store.records import DRIVERS_EXPERIMENT, Result, RunRecord, RunStatus, Standing, SweepRecord
from sweeper.store.repository import artifact_repository
from sweeper.store.setup import MAX_URI, check_tables, experiment_folder
from sweeper.store.sweeps import earliest, own_run, read_sweep, sweep_names
from sweeper.store.tags import Tag, sweep_tag

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")  # sweeper has a display of its own
os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
logging.getLogger("alembic").setLevel(logging.WARNING)  # how a schema is made is no news to who runs a sweep
logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # what fails there is told once, and by us

_PLAIN = re.compile(r"[\w.-]+")

FEW_KEYS = 50
"""Keys that are looked up one by one: so many requests for a run each cost about as much as a page of runs."""


class ApiReader:
    """The ``Reader`` of the store behind a tracking URI, by MLflow's public client.

    Every call is made again while the store does not answer, until ``patience`` ends; then it raises ``StoreAway``.
    """

    def __init__(self, uri: str, patience: Patience | None = None, root: str = "") -> None:
        self.uri = uri
        self.patience = patience or Patience(LOOKING_SECONDS)
        self._artifact_root = Path(root) if root else artifact_root(uri)  # before a task goes to another folder
        self._client: MlflowClient = self._ask(self._connect)
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

    def standing(self, sweep: str) -> list[Standing]:
        """Return what stands for points of a sweep."""
        found = self.runs_with(sweep_tag(sweep), status=RunStatus.FINISHED)
        return [
            Standing(run.run_id, run.tags[Tag.KEY], tuple(forms(sweep, run.tags)))
            for run in found
            if Tag.KEY in run.tags
        ]

    def sweep_run(self, name: str) -> RunRecord | None:
        """Return the run that stands for a sweep, or None if there is no such sweep."""
        return own_run(self, name)

    def run(self, run_id: str) -> RunRecord:
        """Return one run."""
        run = self.entity(run_id)
        experiment = self._ask(lambda: self._client.get_experiment(run.info.experiment_id))
        return record_of(run, experiment.name)

    def entity(self, run_id: str) -> Run:
        """Return one run as MLflow's own entity."""
        run: Run = self._ask(lambda: self._client.get_run(run_id))
        return run

    def reported(self, run_id: str) -> dict[int, float]:
        """Return what a run's task reported while it ran, by step; nothing if it reported nothing."""
        metric = self.entity(run_id).data.tags.get(Tag.REPORTED)
        return self._curve(run_id, metric) if metric else {}

    def runs_with(self, tag: str, value: str = "", *, status: RunStatus | None = None) -> list[RunRecord]:
        """Return the runs that carry a tag, oldest first.

        MLflow's filters cannot quote a value, nor ask for a tag of any value without naming it; so a value that its
        grammar takes is filtered for by the store, and whatever comes back is looked at again here.
        """
        names = self._all_experiments()
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
        return sorted({*self._all_experiments().values()} - {DRIVERS_EXPERIMENT})

    def runs_in(self, experiments: Iterable[str]) -> list[RunRecord]:
        """Return the runs of the named experiments, oldest first, a page at a time."""
        names = self._named(experiments)
        return [record_of(run, names[run.info.experiment_id]) for run in self._search(list(names))]

    def runs_by_id(self, beginning: str) -> list[RunRecord]:
        """Return the runs whose ids begin so, oldest first; MLflow's pattern takes capitals for small letters."""
        names = self._all_experiments()
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
            return inside(folder, name)
        is_final = isinstance(run, Result) or run.key is not None

        def fetch() -> Path:
            repository = artifact_repository(run.artifact_uri, self.uri)
            return fetched(run.run_id, name, partial(download, repository, name), is_final=is_final)

        return self._ask(fetch)

    def artifact_names(self, run: RunRecord) -> list[str]:
        """Return the names of a run's files."""
        folder = local_path(run.artifact_uri)
        if folder is not None:
            return local_names(folder)
        return self._ask(lambda: remote_names(artifact_repository(run.artifact_uri, self.uri)))

    def fetch_artifact(self, run: RunRecord, name: str, into: Path) -> Path:
        """Download an artifact into a folder, and return where it is; raises ``StoreError`` if there is none."""
        copy = self._ask(lambda: download(artifact_repository(run.artifact_uri, self.uri), name, into))
        if copy is None:
            raise StoreError(f"run {run.run_id} has no artifact {name}")
        return copy

    def artifact_sizes(self, run: RunRecord) -> dict[str, int]:
        """Return how many bytes each artifact of a run takes, a folder of them as one."""
        folder = local_path(run.artifact_uri)
        if folder is not None:
            return local_sizes(folder)
        return self._ask(lambda: remote_sizes(artifact_repository(run.artifact_uri, self.uri)))

    def artifact_homes(self) -> dict[str, str]:
        """Return where the artifacts of each experiment are, as URIs, by the experiment's name."""
        return self._ask(lambda: {found.name: found.artifact_location for found in self._experiments.all()})

    def _connect(self) -> MlflowClient:
        check_reachable(self.uri)
        if is_database(self.uri):
            check_tables(self.uri)
        return MlflowClient(self.uri)

    def _ask(self, question: Callable[[], Answer]) -> Answer:
        """Return what a question answers that may be asked again; its errors in our words."""

        def ask_once() -> Answer:
            with translated(self.uri):
                return question()

        return self.patience.ask(ask_once)

    def _all_experiments(self) -> dict[str, str]:
        """Return the names of all experiments that are not deleted, by their ids."""
        return self._ask(lambda: {found.experiment_id: found.name for found in self._experiments.all()})

    def _artifact_home(self, experiment: str) -> str | None:
        """Return where the artifacts of a new experiment go; None leaves it to the tracking server."""
        if self._artifact_root is None:
            return None
        return experiment_folder(self._artifact_root, experiment, longest=None if sqlite_path(self.uri) else MAX_URI)

    def _named(self, experiments: Iterable[str]) -> dict[str, str]:
        """Return the names of those of the experiments that are there, by their ids."""
        wanted = [*experiments]
        return self._ask(
            lambda: {found.experiment_id: name for name in wanted if (found := self._experiments.active(name))}
        )

    def _curve(self, run_id: str, metric: str) -> dict[int, float]:
        return self._ask(lambda: curve_of(self._client.get_metric_history(run_id, metric)))

    def _search(self, experiment_ids: list[str], condition: str = "") -> list[Run]:
        """Return the runs that fulfil a condition, oldest first: page tokens are offsets, so new runs come last."""
        if not experiment_ids:
            return []
        return self._ask(
            lambda: paged(
                lambda token: self._client.search_runs(
                    experiment_ids,
                    condition,
                    run_view_type=ViewType.ACTIVE_ONLY,
                    max_results=PAGE,
                    order_by=["attributes.start_time ASC"],
                    page_token=token,
                )
            )
        )
