"""The task layer: ``MlflowTask`` and what surrounds an attempt at one."""

from sweeper.task.base import MlflowTask, find_result, key_of, meta_of

__all__ = ["MlflowTask", "find_result", "key_of", "meta_of"]
