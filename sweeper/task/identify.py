"""What identifies an instance, found out without I/O; and the result that it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, cast

import luigi

from sweeper.errors import IdentityError, TaskError, did_you_mean
from sweeper.identity import canonical_json, digest, make_key
from sweeper.store.records import Result
from sweeper.task.context import current
from sweeper.task.meta import meta_of
from sweeper.task.parameters import coerce, identity_value
from sweeper.task.source import qualified_name
from sweeper.task.tasktype import TaskType

if TYPE_CHECKING:
    from sweeper.task.base import MlflowTask

identifying: ContextVar[bool] = ContextVar("an identity is being computed", default=False)
"""While this is set, what a task would read from its inputs stands for identities."""


def key_of(task: luigi.Task) -> str:
    """Return a task's identity, without I/O. That of a plain Luigi task is its family and significant parameters."""
    known: str | None = task.__dict__.get("_sweeper_key")
    if known is None:
        known = (
            _key(cast("MlflowTask", task))
            if isinstance(type(task), TaskType)
            else digest([task.get_task_family(), task.to_str_params(only_significant=True)])
        )
        task.__dict__["_sweeper_key"] = known
    return known


def find_result(task: MlflowTask) -> Result | None:
    """Return the result that a task has, if it has one.

    Raises ``IdentityError`` if it was made by another class of the same name.
    """
    result = current().index.find(key_of(task), meta_of(type(task)).mlflow_experiment_name)
    if result is not None and result.task:
        mine = qualified_name(type(task))
        if result.task not in (mine, *meta_of(type(task)).formerly):
            raise IdentityError(
                f"{mine} and {result.task} have one identity (run {result.run_id}). If they are different tasks, give "
                f"one a task_namespace or a Meta.mlflow_experiment_name of its own; if {result.task} was "
                f'moved, say Meta.formerly = ["{result.task}"]'
            )
    return result


def _key(task: MlflowTask) -> str:
    settings, parameters = meta_of(type(task)), dict(task.get_params())

    def is_as_before(name: str, value: Any) -> bool:
        if name not in settings.added:
            return False
        before, parameter = settings.added[name], parameters.get(name)
        if parameter is not None:
            before = identity_value(parameter, parameter.normalize(coerce(parameter, before)))
        return canonical_json(before) == canonical_json(value)

    all_tags = tags_of(task)
    for name in settings.added:
        if name not in all_tags and name not in parameters:
            remedy = did_you_mean(name, parameters)
            raise TaskError(f"{type(task).__name__}.Meta.added: {name!r} is no parameter of it; {remedy}")
    tags = {name: value for name, value in all_tags.items() if not is_as_before(name, value)}
    return make_key(settings.mlflow_experiment_name, task.get_task_family(), settings.version, tags)


def tags_of(task: MlflowTask) -> dict[str, Any]:
    """Return a task's tags, with inputs that stand for identities."""
    token = identifying.set(True)
    try:
        return {str(name): value for name, value in task.to_mlflow_tags().items()}
    except FileNotFoundError as error:
        raise IdentityError(
            f"{type(task).__name__}.to_mlflow_tags must not read its inputs: "
            f"an identity is known before they are there ({error})"
        ) from error
    finally:
        identifying.reset(token)


def named_requirements(requirements: Any, prefix: str = "") -> Iterator[tuple[str, luigi.Task]]:
    """Yield the required tasks with their names; those in lists and nested dicts by path, as ``features.0``."""
    if isinstance(requirements, luigi.Task):
        yield prefix or "0", requirements
    elif isinstance(requirements, Mapping):
        for name, item in requirements.items():
            yield from named_requirements(item, f"{prefix}.{name}" if prefix else str(name))
    elif requirements is not None:
        for number, item in enumerate(requirements):
            yield from named_requirements(item, f"{prefix}.{number}" if prefix else str(number))
