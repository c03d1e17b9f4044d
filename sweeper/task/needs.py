"""What a task's own class says that it needs: Luigi's ``resources``."""

from __future__ import annotations

import math
from collections.abc import Mapping

import luigi

from sweeper.errors import TaskError


def own_needs(task: luigi.Task) -> Mapping[str, float]:
    """Return how much of each resource a task needs by its own account; raises ``TaskError`` for what is no amount."""
    given, family = task.process_resources(), task.get_task_family()
    if not given:
        return {}
    if not isinstance(given, Mapping):
        raise TaskError(f"{family}: its resources must be a dict, as in {{'gpu': 1}}, not {given!r:.80}")
    for name, amount in given.items():
        is_number = isinstance(amount, int | float) and not isinstance(amount, bool)
        if not isinstance(name, str) or not is_number or not 0 <= amount < math.inf:
            raise TaskError(
                f"{family}: its resources say {name!r:.80} = {amount!r:.80}, which is no amount; "
                "name what it needs, and give a number of 0 or more"
            )
    return {name: float(amount) for name, amount in given.items() if amount}
