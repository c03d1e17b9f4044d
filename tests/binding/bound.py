"""Bind specs from their text."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.binding import Binding, bind
from sweeper.errors import SpecError
from sweeper.spec import load
from sweeper.task import key_of
from tests.sweeping import write_spec


def bound(task: str, text: str, *overrides: str) -> Binding:
    """Return the binding of a task and the rest of a spec."""
    path = write_spec(f'task = "{task}"\nmetric = "score"\n{text}')
    return bind(load(path.relative_to(Path.cwd()), overrides))


def problems(task: str, text: str, *overrides: str) -> list[str]:
    """Return why there is none."""
    with pytest.raises(SpecError) as raised:
        bound(task, text, *overrides)
    return [str(problem) for problem in raised.value.problems]


def keys(binding: Binding) -> list[str]:
    """Return the keys of a binding's points."""
    return [key_of(binding.instance(point)) for point in binding.points]
