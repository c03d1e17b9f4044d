"""What single values of a spec must be: each check returns the value or raises ``Invalid``."""

from __future__ import annotations

import re
import sys
from typing import Any

from sweeper.errors import did_you_mean

EVERY_TASK = "*"
"""Stands for every class in a table by task."""

# What MLflow takes as the key of a metric.
_METRIC = re.compile(r"[/\w.\- :]{1,250}")
_SWEEP = re.compile(r"[\w.-]{1,100}")


class Invalid(ValueError):  # noqa: N818 (it never reaches the user as an exception: it becomes a Problem)
    """A value cannot be what it is given for."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


def sweep_name(name: str) -> str:
    """Check the name of a sweep, which becomes part of the key of an MLflow tag."""
    if not _SWEEP.fullmatch(name):
        raise Invalid(
            "a sweep's name has 1 to 100 letters, digits, '_', '.' and '-'", f'set name = "{_plain(name)}", for example'
        )
    return name


def task_path(task: str) -> str:
    """Check the place of a task class: a dotted module path, a colon, a class name."""
    module, colon, name = task.partition(":")
    if not (colon and _is_dotted(module) and name.isidentifier()):
        raise Invalid("must be module:Class", 'as in "news:TrainClassifier"')
    return task


def metric_name(name: str) -> str:
    """Check the name of a metric by MLflow's rule."""
    if not _METRIC.fullmatch(name):
        raise Invalid("a metric's name has 1 to 250 letters, digits, spaces and any of _ . - : /")
    return name


def parameter_name(name: str) -> str:
    """Check the name of a parameter, the final task's own or ``Family.parameter``."""
    if not _is_dotted(name):
        raise Invalid("a parameter's name is a Python name, or Family.name for an upstream task's")
    return name


def direction_word(value: Any) -> str:
    """Check which way the metric is better."""
    if value not in ("maximize", "minimize"):
        raise Invalid("is no direction", did_you_mean(str(value), ("maximize", "minimize")))
    return str(value)


def seconds(value: Any) -> float:
    """Check a length of time."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= sys.float_info.max:
        raise Invalid("must be a number of seconds above 0")
    return float(value)


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() for part in name.split("."))


def _plain(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name)[:100] or "sweep"
