"""The task layer: ``MlflowTask``, its identity, and what surrounds an attempt at one."""

from sweeper.task.base import MlflowTask
from sweeper.task.identify import find_result, key_of
from sweeper.task.meta import meta_of

__all__ = ["MlflowTask", "find_result", "key_of", "meta_of"]
