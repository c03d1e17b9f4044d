"""The walk through a pipeline: a task, and all that it requires."""

from __future__ import annotations

from collections.abc import Iterator

import luigi

from sweeper.errors import TaskError
from sweeper.store.records import Result
from sweeper.task.artifacts import is_readable
from sweeper.task.attempt import reason_of
from sweeper.task.base import MlflowTask
from sweeper.task.identify import find_result


def upstream_first(task: luigi.Task) -> list[luigi.Task]:
    """Return a task and all that it requires, each once and behind what it requires itself, so the task comes last.

    Raises ``TaskError`` where a ``requires()`` fails.
    """
    found: list[luigi.Task] = []
    seen = {task.task_id}
    way = [(task, _required(task))]
    while way:
        current, left = way[-1]
        required = next(left, None)
        if required is None:
            found.append(current)
            way.pop()
        elif required.task_id not in seen:
            seen.add(required.task_id)
            way.append((required, _required(required)))
    return found


def lost_inputs(task: luigi.Task, readable: set[str]) -> Iterator[tuple[MlflowTask, Result]]:
    """Yield what a task that is to run needs and cannot read, for the artifacts are gone, with the result of each.

    ``readable`` are runs that were found to be so before; more are added.
    """
    way, seen = [task], {task.task_id}
    while way:
        for required in _required(way.pop()):
            if not isinstance(required, MlflowTask) or required.task_id in seen:
                continue
            seen.add(required.task_id)
            result = find_result(required)
            if result is not None and (result.run_id in readable or is_readable(required, result)):
                readable.add(result.run_id)
                continue
            way.append(required)
            if result is not None:
                yield required, result


def _required(task: luigi.Task) -> Iterator[luigi.Task]:
    try:
        return iter(task.deps())
    except Exception as error:
        raise TaskError(f"requires() of {task.task_family} failed: {reason_of(error)}") from error
