"""Whether a result can still be read: its artifacts may have been let go, or deleted behind our back.

Such a result stays one, with its metrics. Only a task that is to read it needs it made again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sweeper.store.locate import local_path
from sweeper.store.records import Result
from sweeper.task.meta import meta_of

if TYPE_CHECKING:
    from sweeper.task.base import MlflowTask


def is_kept(task: MlflowTask, result: Result) -> bool:
    """Whether a result has not been let go of what its task declares; asks nobody."""
    return result.has_artifacts or not meta_of(type(task)).mlflow_artifact_fnames


def is_readable(task: MlflowTask, result: Result) -> bool:
    """Whether the artifacts that a task declares are there, as far as that is seen without asking a server."""
    names = meta_of(type(task)).mlflow_artifact_fnames.values()
    folder = local_path(result.artifact_uri)
    return is_kept(task, result) and (folder is None or all((folder / name).exists() for name in names))
