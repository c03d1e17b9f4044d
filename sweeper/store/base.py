"""The store's contract: what sweeper asks of an MLflow tracking store, and the records it answers with.

MLflow is the only ledger. A run is a *result* if and only if its status is FINISHED, it carries the tag
``sweeper.key`` and it is not marked ``sweeper.superseded``. Of several results with one key readers take the earliest
``(end_time, run_id)``. Nothing here is ever deleted but by ``sweeper gc``; a run changes only while it is RUNNING, but
for tags that say which sweeps it stands for, that it is superseded, and that its artifacts are gone.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sweeper.store.locate import local_path

if TYPE_CHECKING:
    from sweeper.store.trials import Trial


class Tag(enum.StrEnum):
    """The tags that sweeper puts on runs."""

    KEY = "sweeper.key"  # the identity of a committed result; written last but for the status
    CLAIM = "sweeper.claim"  # the identity that a run works on, from its creation
    AT_WORK = "sweeper.at_work"  # this claim has looked for others, or need not, and goes on
    KIND = "sweeper.kind"  # a Kind
    NAME = "sweeper.name"  # name of the sweep whose record a run is
    TASK = "sweeper.task"  # module:Class
    SOURCE = "sweeper.source"  # digest of the task's code
    DRIVER = "sweeper.driver"  # run id of the driver that started this run
    ATTEMPT = "sweeper.attempt"  # how often its driver has tried this work, this time included; not there if once
    REASON = "sweeper.reason"  # why a run did not become a result, in one line
    SUPERSEDED = "sweeper.superseded"  # run id, or words that begin with INVALIDATED: what counts no more
    STUDY = "sweeper.study"  # which study a trial's run belongs to; on the sweep's run, which one it is at
    TRIAL = "sweeper.trial"  # what a trial tries
    TOLD = "sweeper.told"  # what came of it
    REPORTED = "sweeper.reported"  # the metric under which the task reported how well it went
    PRUNED = "sweeper.pruned"  # the run was stopped because it did not look promising
    LOG = "sweeper.log"  # name of the artifact that holds the task's log
    ARTIFACTS = "sweeper.artifacts"  # words: the run's artifacts, but for the log, were let go, or found gone
    CHECKPOINT = "sweeper.checkpoint"  # which of the checkpoints among its artifacts is whole; '' where they went
    PROCESS = "sweeper.process"  # a driver's process
    COMMAND = "sweeper.command"  # a driver's command line
    BEAT = "sweeper.beat"  # a driver's last sign of life, seconds since the epoch
    AT = "sweeper.at"  # name of the sweep that a driver is at
    STOP = "sweeper.stop"  # who asked a driver to end once what it runs has ended
    STOP_NOW = "sweeper.stop.now"  # who asked a driver to end now
    RENAMING = "sweeper.renaming"  # "old new" while a sweep is renamed, "old" while it is removed


class Kind(enum.StrEnum):
    """What a run of sweeper's stands for."""

    TASK = "task"
    SWEEP = "sweep"
    TRIAL = "trial"
    DRIVER = "driver"
    REMOVED = "removed sweep"


INVALIDATED = "invalidated"
PARENT_TAG = "mlflow.parentRunId"
LOG_ARTIFACT = "task.log"
DOCUMENT_ARTIFACT = "sweep.json"
BLOCKED_ARTIFACT = "blocked.json"
ENVIRONMENT_ARTIFACT = "environment.json"
DRIVERS_EXPERIMENT = "sweeper.drivers"
MOST_ARTIFACTS = 1000


def upstream_tag(requirement: str) -> str:
    """Return the tag that holds the key of what a run's task required under a name."""
    return f"sweeper.upstream.{requirement}"


def sweep_tag(name: str) -> str:
    """Return the tag by which a run says which points of the sweep it stands for: a JSON list of assignments."""
    return f"sweeper.sweep.{name}"


def after(reason: str, attempts: int) -> str:
    """Return why work has no result, with how often it was tried."""
    return f"{reason} (after {attempts} attempts)" if reason and attempts > 1 else reason


class RunStatus(enum.StrEnum):
    """MLflow's states of a run."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be written to the run."""
        return self not in (RunStatus.RUNNING, RunStatus.SCHEDULED)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One MLflow run as the store holds it.

    Times are milliseconds since the epoch, None where there is none yet; ``metrics`` holds the last value of each;
    ``data`` the digest of each MLflow dataset that was logged as the run's input, by name; several digests under one
    name are joined by commas.
    """

    run_id: str
    experiment: str
    status: RunStatus
    start_time: int
    end_time: int | None
    artifact_uri: str
    name: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str | None:
        """The identity of the result that this run is, or None if it is no result."""
        if self.status is not RunStatus.FINISHED or Tag.SUPERSEDED in self.tags:
            return None
        return self.tags.get(Tag.KEY)

    def to_result(self, metrics: Iterable[str] = ()) -> Result | None:
        """Return the result that this run is, with the named metrics, or None."""
        if self.key is None:
            return None
        return Result(
            key=self.key,
            run_id=self.run_id,
            experiment=self.experiment,
            artifact_uri=self.artifact_uri,
            start_time=self.start_time,
            end_time=self.end_time or 0,
            task=self.tags.get(Tag.TASK, ""),
            source=self.tags.get(Tag.SOURCE, ""),
            metrics={name: self.metrics[name] for name in metrics if name in self.metrics},
            has_artifacts=Tag.ARTIFACTS not in self.tags,
        )

    @property
    def invalidated(self) -> str:
        """The words by which somebody took the run back, '' if nobody did."""
        words = self.tags.get(Tag.SUPERSEDED, "")
        return words if words.startswith(INVALIDATED) else ""

    @property
    def reason(self) -> str:
        """Why the run is not a result, as far as it says."""
        attempts = self.tags.get(Tag.ATTEMPT, "")
        return after(self.tags.get(Tag.REASON, ""), int(attempts) if attempts.isdecimal() else 1)

    @property
    def log(self) -> str:
        """Where the task's log is, a path if it is on this machine and else a URI; '' where there is none."""
        if not self.tags.get(Tag.LOG):
            return ""
        folder = local_path(self.artifact_uri)  # the file's name is not the store's to choose: it is read, and shown
        return f"{self.artifact_uri.rstrip('/')}/{LOG_ARTIFACT}" if folder is None else str(folder / LOG_ARTIFACT)

    @property
    def seconds(self) -> float | None:
        """How long the run took, or None while it runs; 0 if the clock was set back meanwhile."""
        return None if self.end_time is None else max(self.end_time - self.start_time, 0) / 1000


@dataclass(frozen=True, slots=True)
class Result:
    """A committed run, as much of it as a look-up by key needs.

    ``metrics`` has the last value of each metric that was asked for, of those that the run has. ``has_artifacts`` is
    False once those that there were have been let go.
    """

    key: str
    run_id: str
    experiment: str
    artifact_uri: str
    start_time: int
    end_time: int
    task: str = ""
    source: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    has_artifacts: bool = True

    @property
    def order(self) -> tuple[bool, int, str]:
        """What decides between results with one key: the least counts, one that can be read before one that cannot."""
        return not self.has_artifacts, self.end_time, self.run_id

    @property
    def seconds(self) -> float:
        """How long the work took; 0 if the clock was set back meanwhile."""
        return max(self.end_time - self.start_time, 0) / 1000


@dataclass(frozen=True, slots=True)
class Blocked:
    """A point without a run of its own: something upstream of it failed; or it failed itself before it had a run."""

    point: Mapping[str, Any]
    reason: str
    run_id: str = ""
    is_failure: bool = False


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """A sweep as the store remembers it: enough to report on it without its code or its spec file.

    ``document`` is what ``Spec.to_document`` gave when the sweep last started: the spec with every value in
    canonical form. ``runs`` are all those that stand for points of the sweep, whatever their state; a run says which
    points in its tag ``sweeper.sweep.<name>``, a JSON list of assignments. ``trials`` are those of the study that the
    sweep is at, by number.
    """

    name: str
    run: RunRecord
    document: Mapping[str, Any]
    runs: Sequence[RunRecord] = ()
    blocked: Sequence[Blocked] = ()
    trials: Sequence[Trial] = ()


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


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that this process writes to."""

    run_id: str
    experiment: str
    artifact_uri: str
    start_time: int


@dataclass(frozen=True, slots=True)
class MetricPoint:
    """One value of a metric; ``timestamp`` in milliseconds since the epoch."""

    name: str
    value: float
    step: int
    timestamp: int


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
