"""The records that a store answers with: runs, results and sweeps, as sweeper sees them."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sweeper.store.locate import local_path
from sweeper.store.tags import INVALIDATED, Tag

if TYPE_CHECKING:
    from sweeper.store.trials import Trial

LOG_ARTIFACT = "task.log"
DOCUMENT_ARTIFACT = "sweep.json"
BLOCKED_ARTIFACT = "blocked.json"
ENVIRONMENT_ARTIFACT = "environment.json"
DRIVERS_EXPERIMENT = "sweeper.drivers"


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
class Standing:
    """A result, and the points of a sweep for which it stands, each as ``Point.to_record`` gives it."""

    run_id: str
    key: str
    forms: tuple[str, ...]


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
