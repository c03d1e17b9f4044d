"""Experiment sweeps over pipelines of MLflow-backed Luigi tasks: computed once, resumed by running again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sweeper.errors import SweeperError
    from sweeper.report.results import results
    from sweeper.task import MlflowTask

__all__ = ["MlflowTask", "SweeperError", "results"]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that ``sweeper --help`` does not import Luigi and MLflow."""
    if name == "MlflowTask":
        from sweeper.task import MlflowTask

        return MlflowTask
    if name == "SweeperError":
        from sweeper.errors import SweeperError

        return SweeperError
    if name == "results":
        from sweeper.report.results import results

        return results
    raise AttributeError(f"module 'sweeper' has no attribute {name!r}")
