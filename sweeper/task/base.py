"""``MlflowTask``: what a pipeline author subclasses."""

from __future__ import annotations

import contextlib
import inspect
import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import luigi

from sweeper.errors import TaskError
from sweeper.identity import canonical_json
from sweeper.task.artifacts import is_kept
from sweeper.task.attempt import Attempt, Work
from sweeper.task.context import current, registered
from sweeper.task.identify import find_result, identifying, key_of, named_requirements, tags_of
from sweeper.task.log import TASK_LOGGER
from sweeper.task.meta import meta_of
from sweeper.task.parameters import coerce, identity_value
from sweeper.task.rivals import AlreadyDone, ClaimedElsewhere
from sweeper.task.source import qualified_name, source_digest
from sweeper.task.tasktype import TaskType

if TYPE_CHECKING:
    from mlflow.entities import Run

COMMITTED = "_sweeper_committed"
"""Where an instance keeps the result of its last attempt, for who ran it."""

WAS_FOUND = "_sweeper_was_found"
"""Where it says that the result is another driver's."""


class MlflowTask(luigi.Task, metaclass=TaskType):
    """A Luigi task whose parameters, outputs and metrics live in one MLflow run.

    A subclass writes ``_run``, and in it calls ``save_to_mlflow``; a nested ``Meta`` names its experiment and its
    artifacts (see ``sweeper.task.meta.Meta``). It is complete when a run with its identity has been committed.
    """

    if TYPE_CHECKING:  # Luigi's own have no types

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...
        def input(self) -> Any: ...  # noqa: D102

    def requires(self) -> Any:
        """Return the upstream tasks: a dict by name; lists and nested dicts work too."""
        return {}

    def to_mlflow_tags(self) -> dict[str, Any]:
        """Return what identifies this work: by default the significant parameters, and the key of each requirement.

        An override may read paths from ``self.input()``; while the identity is computed they stand for the upstream
        task's identity. It must not read what is in them.
        """
        parameters = dict(self.get_params())
        own = {
            name: identity_value(parameters[name], value)
            for name, value in self.param_kwargs.items()
            if parameters[name].significant
        }
        return own | {f"upstream.{name}": key_of(task) for name, task in named_requirements(self.requires())}

    def _run(self) -> Any:
        """Do the work."""
        raise NotImplementedError(f"{type(self).__name__} has no _run")

    @final
    def run(self) -> Any:
        """Do the work inside an MLflow run, and commit it."""
        if inspect.isgeneratorfunction(self._run):
            return self._run_in_steps()
        while True:
            try:
                with self._attempt():
                    self._run()
            except AlreadyDone as done:
                self.__dict__ |= {COMMITTED: done.result, WAS_FOUND: True}
            except ClaimedElsewhere:
                if current().may_wait:
                    continue
                raise
            return None

    def search_for_mlflow_run(self) -> Run | None:
        """Return the MLflow run that holds this task's result, or None."""
        result = find_result(self)
        return current().store.entity(result.run_id) if result else None

    def complete(self) -> bool:
        """Whether this task has a result that can be read by who requires it."""
        result = find_result(self)
        return result is not None and is_kept(self, result)

    def output(self) -> dict[str, luigi.LocalTarget]:
        """Return the artifacts by name; before there is a result, targets that do not exist."""
        names = meta_of(type(self)).mlflow_artifact_fnames
        result = None if identifying.get() else find_result(self)
        if result is None:
            return {name: luigi.LocalTarget(f"artifact:{key_of(self)}/{name}") for name in names}
        artifact = current().store.artifact
        return {name: luigi.LocalTarget(str(artifact(result, file_name))) for name, file_name in names.items()}

    @final
    def save_to_mlflow(
        self,
        artifacts_and_save_funcs: Mapping[str, tuple[Any, Callable[[Any, str], Any]]] | None = None,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Save artifacts (``{name: (object, function of object and path)}``) and metrics to this task's run.

        May be called more than once in a ``_run``. Raises ``TaskError`` for an artifact that ``Meta`` does not declare.
        """
        self._running("save_to_mlflow").save(artifacts_and_save_funcs or {}, metrics or {})

    def log_metric(self, name: str, value: float, step: int = 0) -> None:
        """Add one value to the curve of a metric."""
        self._running("log_metric").log_metric(name, value, step)

    def report(self, value: float, step: int) -> None:
        """Report how well it goes after ``step`` steps, under the name of the sweep's metric.

        Raises ``optuna.TrialPruned`` if the sweep's pruner finds that it is not worth going on.
        """
        self._running("report").report(value, step)

    @property
    def logger(self) -> logging.Logger:
        """The task's logger; what it logs is kept with the run."""
        return logging.getLogger(f"{TASK_LOGGER}.{self.get_task_family()}")

    @property
    def checkpoint_dir(self) -> Path:
        """A folder that is the same for every attempt at this work; it goes once there is a result."""
        return self._running("checkpoint_dir").checkpoints

    @classmethod
    def get_params(cls) -> list[tuple[str, Any]]:
        """Return the parameters, in the order of their declaration."""
        return TaskType.parameters(cls, super().get_params)

    @classmethod
    def get_param_values(cls, params: Any, args: Any, kwargs: Any) -> list[tuple[str, Any]]:
        """Return the values of the parameters, each in its parameter's own type."""
        positional = [parameter for _, parameter in params if parameter.positional]
        known = dict(params)
        args = [
            *(coerce(parameter, value) for parameter, value in zip(positional, args, strict=False)),
            *args[len(positional) :],
        ]
        kwargs = {name: coerce(known[name], value) if name in known else value for name, value in kwargs.items()}
        values = super().get_param_values(params, args, kwargs)
        return [(name, coerce(known[name], value)) for name, value in values]

    @contextlib.contextmanager
    def _attempt(self) -> Iterator[None]:
        attempt = Attempt(describe(self), registered())
        with attempt:
            self._sweeper_attempt: Attempt | None = attempt
            try:
                yield
            finally:
                self._sweeper_attempt = None
        self.__dict__[COMMITTED] = attempt.result

    def _run_in_steps(self) -> Generator[Any, Any, None]:
        try:
            with self._attempt():
                yield from self._run()
        except AlreadyDone as done:
            self.__dict__ |= {COMMITTED: done.result, WAS_FOUND: True}

    def _running(self, caller: str) -> Attempt:
        attempt: Attempt | None = getattr(self, "_sweeper_attempt", None)
        if attempt is None:
            raise TaskError(f"{type(self).__name__}.{caller} works only while the task runs, inside _run")
        return attempt


def describe(task: MlflowTask) -> Work:
    """Return what an attempt has to know of a task."""
    settings = meta_of(type(task))
    params = task.to_str_params()
    custom = {} if type(task).to_mlflow_tags is MlflowTask.to_mlflow_tags else tags_of(task)
    shown = ", ".join(f"{name}={value}" for name, value in task.to_str_params(only_significant=True).items())
    return Work(
        key=key_of(task),
        name=f"{task.get_task_family()}({shown})"[:200],
        experiment=settings.mlflow_experiment_name,
        task=qualified_name(type(task)),
        source=source_digest(type(task)),
        params=params,
        tags={name: value if isinstance(value, str) else canonical_json(value) for name, value in custom.items()},
        upstream={name: key_of(required) for name, required in named_requirements(task.requires())},
        artifacts=settings.mlflow_artifact_fnames,
    )
