"""The walk through a pipeline: a task, and all that it requires."""

from __future__ import annotations

from collections.abc import Iterator

import luigi

from sweeper.errors import TaskError
from sweeper.task.attempt import reason_of


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


def _required(task: luigi.Task) -> Iterator[luigi.Task]:
    try:
        return iter(task.deps())
    except Exception as error:
        raise TaskError(f"requires() of {task.task_family} failed: {reason_of(error)}") from error
