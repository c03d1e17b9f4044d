"""Optuna's word that a task is not worth going on, known without importing Optuna."""

from __future__ import annotations

import sys


def is_prune(error: BaseException) -> bool:
    """Whether an exception is ``optuna.TrialPruned``: only who has imported Optuna can raise it."""
    pruned: type[BaseException] | None = getattr(sys.modules.get("optuna.exceptions"), "TrialPruned", None)
    return pruned is not None and isinstance(error, pruned)
