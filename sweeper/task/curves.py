"""A run's metrics on their way to the store: checked, in order, and in batches."""

from __future__ import annotations

import math
import numbers
import sys
import time
from collections.abc import Iterable
from typing import Any

from sweeper.errors import TaskError
from sweeper.store.records import MetricPoint
from sweeper.store.values import fit_key

METRICS_AT_ONCE = 500
SECONDS_BETWEEN_WRITES = 2.0
MOST_STEP = 2**63 - 1


class Curves:
    """The values that wait to be written, and the last of each metric. ``owner`` is named in complaints."""

    def __init__(self, owner: str) -> None:
        self._owner = owner
        self._waiting: list[MetricPoint] = []
        self._last: dict[str, MetricPoint] = {}
        self._last_write = time.monotonic()

    @property
    def are_due(self) -> bool:
        """Whether so much waits, or for so long, that it should be written."""
        is_late = time.monotonic() - self._last_write > SECONDS_BETWEEN_WRITES
        return len(self._waiting) >= METRICS_AT_ONCE or bool(self._waiting and is_late)

    def add(self, name: str, value: Any, step: int) -> MetricPoint:
        """Add a value to a metric, and return it as it is to be written.

        Raises ``TaskError`` for a name or a step that MLflow does not take, and for no number.
        """
        if not isinstance(name, str):
            raise TaskError(f"{self._owner}: metric {_shown(name)}: the name of a metric is text")
        if fit_key(name) != name:
            raise TaskError(
                f"{self._owner}: metric {name!r:.80} is no name that MLflow takes; {fit_key(name)!r} is one"
            )
        step = self._step(name, step)
        now, last = int(time.time() * 1000), self._last.get(name)
        if last is not None and last.step == step:
            now = max(now, last.timestamp + 1)  # of two values of one step and instant MLflow takes the greater
        point = MetricPoint(name, self._number(name, value), step, now)
        self._waiting.append(point)
        if last is None or point.step >= last.step:
            self._last[name] = point
        return point

    def take(self) -> list[MetricPoint]:
        """Return what waits, to be written now."""
        waiting, self._waiting = self._waiting, []
        self._last_write = time.monotonic()
        return waiting

    def last_step(self, name: str) -> int:
        """Return the step at which a value is the last one: MLflow takes that of the highest step for it."""
        return self._last[name].step if name in self._last else 0

    def last_values(self, names: Iterable[str]) -> dict[str, float]:
        """Return the last values of the named metrics, of those that have one."""
        return {name: self._last[name].value for name in names if name in self._last}

    def _step(self, name: str, step: Any) -> int:
        whole = _plain(step)
        if isinstance(whole, float) and whole.is_integer():
            whole = int(whole)
        if not isinstance(whole, int) or abs(whole) > MOST_STEP:
            raise TaskError(f"{self._owner}: metric {name!r} has a step that is no whole number: {_shown(step)}")
        return int(whole)

    def _number(self, name: str, value: Any) -> float:
        plain = _plain(value)
        if not isinstance(plain, numbers.Real):
            raise TaskError(f"{self._owner}: metric {name!r} is no number: {_shown(value)}")
        try:
            number = float(plain)
        except OverflowError:
            number = math.inf
        # In infinity's place MLflow's databases hold the greatest float, which is then not told from it.
        if abs(number) >= sys.float_info.max and (number != plain or math.isfinite(number)):
            raise TaskError(f"{self._owner}: metric {name!r} is too large for a float: {_shown(value)}")
        return number


def _plain(value: Any) -> Any:
    """Return what a numpy scalar, or an array or tensor of one element, holds; None if it holds no one thing."""
    if not hasattr(value, "item"):
        return value
    mask = getattr(value, "mask", False)
    try:
        return None if not callable(mask) and bool(mask) else value.item()
    except Exception:  # noqa: BLE001 (whose class it is decides what it raises)
        return None


def _shown(value: Any) -> str:
    """Return a value as Python shows it, if it does, cut to 80 characters."""
    try:
        return repr(value)[:80]
    except Exception:  # noqa: BLE001 (a class of the user's may fail to say what it is, an int may be too long to)
        return f"a {type(value).__name__}"
