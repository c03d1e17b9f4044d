"""One attempt at a piece of work: its MLflow run from creation to commit.

The order is the contract. Create the run (RUNNING, with params, lineage, driver and the claim on the key); the work;
artifacts; metrics; ``sweeper.key``; FINISHED. Whatever fails, and whenever the process dies, what stays is not a
result. An exception makes the run FAILED, an interruption or a prune KILLED, with the reason; the log is kept either
way.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
import tempfile
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sweeper.errors import StoreAway, TaskError, did_you_mean
from sweeper.store.locate import spool_path
from sweeper.store.records import LOG_ARTIFACT, MetricPoint, OpenRun, Result, RunStatus
from sweeper.store.scratch import make_scratch
from sweeper.store.tags import Kind, Tag, upstream_tag
from sweeper.store.unrecorded import ResultKept
from sweeper.store.values import one_line
from sweeper.task import rivals
from sweeper.task.checkpoints import Checkpoints
from sweeper.task.context import Context
from sweeper.task.curves import Curves
from sweeper.task.delivery import Delivery
from sweeper.task.log import captured, open_log
from sweeper.task.pruning import is_prune
from sweeper.task.saving import fault_of_saved


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt has to know of its task."""

    key: str
    name: str
    experiment: str
    task: str
    source: str
    params: Mapping[str, str]
    tags: Mapping[str, str]
    upstream: Mapping[str, str]
    artifacts: Mapping[str, str]


class Attempt:
    """The run of one attempt, open while the context lasts; ``result`` is there once it is committed."""

    def __init__(self, work: Work, context: Context) -> None:
        self.work = work
        self.result: Result | None = None
        self._context = context
        self._store = context.store
        self._saved: set[str] = set()
        self._has_reported: dict[str, str] = {}
        self._curves = Curves(work.task)
        self._run: OpenRun
        self._process = os.getpid()
        self._surroundings = contextlib.ExitStack()
        self._folders = contextlib.ExitStack()
        self._log: Path

    @property
    def run_id(self) -> str:
        """The id of the MLflow run."""
        return self._run.run_id

    @functools.cached_property
    def _scratch(self) -> Path:
        """A folder for what is on its way to the store, made when it is needed."""
        return Path(self._folders.enter_context(make_scratch(self.run_id)))

    @property
    def checkpoints(self) -> Path:
        """The folder that every attempt at this key shares; it goes once there is a result."""
        return self._checkpoints.folder

    def __enter__(self) -> Self:
        work = self.work
        if self._context.is_contended:
            rivals.wait_or_leave(self._context, work.key, work.experiment)
        tags = {
            **work.tags,
            **{upstream_tag(name): key for name, key in work.upstream.items()},
            Tag.KIND: Kind.TASK,
            Tag.TASK: work.task,
            Tag.SOURCE: work.source,
            **self._context.labels,
            Tag.CLAIM: work.key,
        }
        if not self._context.is_contended:
            tags[Tag.AT_WORK] = "yes"
        self._run = self._store.start_run(work.experiment, work.name, tags=tags, params=work.params)
        if self._context.is_contended:
            rivals.win_or_leave(self._context, work.key, self._run)
        self._delivery = Delivery(self._context, self._run, lambda: self._scratch / "held")
        self._checkpoints = Checkpoints(self._store, self._run, work.key, work.source)
        self._folders.callback(self._checkpoints.close, has_result=False)
        try:
            self._log = spool_path(self._run.artifact_uri) or self._scratch / LOG_ARTIFACT
            self._surround()
        except BaseException as error:
            with self._folders:
                self._give_up(error)
            raise
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        if os.getpid() != self._process:
            os._exit(1)  # the task has forked, and comes back twice: the run is its parent's
        with self._folders:
            try:
                self._checkpoints.settle(is_done=error is None)  # while what it logs is still the task's
                self._surroundings.close()  # before the last write: ending a fluent run sets a status
                if error is None:
                    self._require_artifacts()
                    self._make_sure_of_claim()
                    self._delivery.deliver(self.work.key, self._curves.take(), self._has_reported, self._log)
            except ResultKept:
                raise
            except BaseException as broken:
                self._give_up(error or broken)
                if error is None:
                    raise
            else:
                if error is None:
                    self._finish()
                else:
                    self._give_up(error)

    def _surround(self) -> None:
        """Keep what the task prints, and what it tells MLflow by fluent calls, for its run."""
        from sweeper.store.fluent import adopted  # and with it MLflow, which nobody needs who runs no task

        self._surroundings.enter_context(adopted(self.run_id, self._store.uri))
        self._surroundings.enter_context(captured(self._log, owns_process=self._context.owns_process))

    def save(
        self, artifacts: Mapping[str, tuple[Any, Callable[[Any, str], Any]]], metrics: Mapping[str, float]
    ) -> None:
        """Store artifacts now, and metrics no later than the commit.

        Raises ``TaskError`` for an artifact that ``Meta`` does not declare, one that its function did not write, and
        a metric that is no number.
        """
        for name in artifacts:
            if name not in self.work.artifacts:
                remedy = did_you_mean(name, self.work.artifacts) or "Meta.mlflow_artifact_fnames declares none"
                raise TaskError(f"{self.work.task}: artifact {name!r} is not in Meta.mlflow_artifact_fnames; {remedy}")
        for name, (value, save) in artifacts.items():
            self._save_artifact(name, value, save)
        for name, value in metrics.items():
            self.log_metric(name, value, self._curves.last_step(name))

    def log_metric(self, name: str, value: float, step: int) -> MetricPoint:
        """Add a value to a metric's curve; written in batches, and before anything that reads it."""
        point = self._curves.add(name, value, step)
        if self._curves.are_due:
            self._delivery.log(self._curves.take())
        return point

    def report(self, value: float, step: int) -> None:
        """Add a value to the curve of the sweep's metric, and tell who listens, if anybody does."""
        point = self.log_metric(self._context.metric, value, step)
        self._has_reported = {Tag.REPORTED: self._context.metric}
        if self._context.reporter is not None:
            self._context.reporter.report(point.value, point.step)

    def _save_artifact(self, name: str, value: Any, save: Callable[[Any, str], Any]) -> None:
        file_name = self.work.artifacts[name]
        folder = Path(tempfile.mkdtemp(dir=self._scratch))
        path = folder / file_name
        path.parent.mkdir(parents=True, exist_ok=True)
        save(value, str(path))
        if fault := fault_of_saved(folder, file_name):
            raise TaskError(f"{self.work.task}: the function that saves artifact {name!r} {fault}")
        self._delivery.save(path, file_name)
        self._saved.add(name)

    def _require_artifacts(self) -> None:
        missing = ", ".join(repr(name) for name in self.work.artifacts if name not in self._saved)
        if missing:
            raise TaskError(
                f"{self.work.task}: declared artifact {missing} was never saved; "
                "save it with self.save_to_mlflow, or take it off Meta.mlflow_artifact_fnames"
            )

    def _make_sure_of_claim(self) -> None:
        """Raise ``AlreadyDone`` if the key has got a result meanwhile: another driver took this one for dead."""
        if self._context.is_contended:
            with contextlib.suppress(StoreAway):
                rivals.yield_to_result(self._context, self.work.key, self.work.experiment)

    def _finish(self) -> None:
        """Take the last step of the commit. If it fails, nobody knows whether it was taken, so nothing else is done."""
        ended = self._delivery.finish()
        self.result = Result(
            key=self.work.key,
            run_id=self.run_id,
            experiment=self.work.experiment,
            artifact_uri=self._run.artifact_uri,
            start_time=self._run.start_time,
            end_time=ended,
            task=self.work.task,
            source=self.work.source,
            metrics=self._curves.last_values(self._context.metrics),
        )
        self._context.index.add(self.result)
        with contextlib.suppress(Exception):
            self._checkpoints.close(has_result=True)

    def _give_up(self, error: BaseException) -> None:
        """End the run without a result. What fails here must not hide why the task failed."""
        with contextlib.suppress(Exception):  # an exception of the user's may refuse attributes
            error.sweeper_run_id = self.run_id  # type: ignore[attr-defined]
        with contextlib.suppress(Exception):
            self._surroundings.close()
        tags: dict[str, str] = {Tag.REASON: reason_of(error)}
        is_pruned = is_prune(error)
        if is_pruned:
            tags[Tag.PRUNED] = "yes"
        elif not isinstance(error, rivals.AlreadyDone):
            self._log_traceback(error)
        is_stopped = is_pruned or isinstance(error, KeyboardInterrupt | GeneratorExit | rivals.AlreadyDone)
        status = RunStatus.KILLED if is_stopped else RunStatus.FAILED
        with contextlib.suppress(Exception):
            self._delivery.end(self._curves.take(), tags, self._log, status)

    def _log_traceback(self, error: BaseException) -> None:
        with contextlib.suppress(Exception), open_log(self._log) as log:
            traceback.print_exception(error, file=log)


def reason_of(error: BaseException) -> str:
    """Return why a task failed, or was pruned, in one line."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    if isinstance(error, rivals.AlreadyDone):
        return f"run {error.result.run_id} has made the result meanwhile"
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 (an exception of the user's may do what it likes when it is asked)
        text = f"(its message cannot be shown: {type(broken).__name__})"
    if is_prune(error):
        return one_line(text) or "pruned"
    name = type(error).__name__
    return one_line(f"{name}: {text}" if text else name)


def is_number(value: float | None) -> bool:
    """Whether a metric has a value that can be compared."""
    return value is not None and not math.isnan(value)
