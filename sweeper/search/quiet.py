"""Optuna imported without what it prints by itself: a sweep has a display of its own, and says what matters there."""

from __future__ import annotations

import warnings

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)
for category in (UserWarning, RuntimeWarning):
    warnings.filterwarnings("ignore", category=category, module=r"optuna\.|sweeper\.search\.")

__all__ = ["optuna"]
