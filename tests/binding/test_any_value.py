"""A task gets the value that was written, by a spec or on the command line, or nothing runs."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sweeper.binding import bind
from sweeper.errors import SpecError
from sweeper.identity import canonical_json
from sweeper.points import Point
from sweeper.spec import load, to_toml
from sweeper.spec.grid_table import is_generator
from sweeper.task import MlflowTask, key_of
from tests.chaos.scale import at_scale
from tests.chaos.tally import Tally
from tests.fuzz import values
from tests.pipelines.typed import Colour, Typed

VALUES = at_scale(2_000, 20_000)
HEAD = 'task = "tests.pipelines.typed:Typed"\nmetric = "score"\n'
NAMES = [name for name, _ in Typed.get_params()]
LIKELY: Mapping[str, tuple[Any, ...]] = {
    "colour": ("RED", "BLUE"),
    "choice": ("adam", "sgd"),
    "day": (dt.date(1, 1, 1), dt.date(9999, 12, 31), "2024-02-29", "2023-02-29"),
    "maybe": ("", 0, -1, 10**30),
    "flag": (True, False),
    "whole": (1.0, 2**53 + 1, 10**30, 1e22),
    "real": (2**53, 2**53 + 1, 10**30, -0.0),
    "share": (0, 1, 0.1, 1.1),
}


def task_of(path: Path, text: str, *overrides: str) -> MlflowTask | None:
    """Return the instance of a spec that sweeps nothing, or None if it is refused."""
    path.write_text(HEAD + text, encoding="utf-8")
    try:
        return bind(load(path, overrides)).instance(Point(()))
    except SpecError:
        return None


def is_meant(got: Any, written: Any) -> bool:
    """Whether a parameter's value is what a spec's value means; a number is itself in any type."""
    match got:
        case None:
            return bool(written == "")
        case Colour():
            return bool(got.name == written)
        case bool() | str():
            return type(got) is type(written) and bool(got == written)
        case int() | float():
            both_nan = isinstance(written, float) and math.isnan(got) and math.isnan(written)
            return not isinstance(written, bool | str) and (both_nan or bool(got == written))
        case dt.date():
            return bool(got == written or got.isoformat() == written)
    return canonical_json(got) == canonical_json(written)


def test_a_task_gets_what_was_written_or_it_is_refused(tmp_path: Path, tally: Tally) -> None:
    path = tmp_path / "sweep.toml"
    taken = 0
    for number in range(VALUES):
        random = Random(number)
        name = random.choice(NAMES)
        value = random.choice(LIKELY[name]) if name in LIKELY and random.random() < 0.4 else values.value(random)
        shown = f"number {number}: {name} = {to_toml(value)}"
        task = task_of(path, f"fixed = {to_toml({name: value}, None)}\n")
        if task is None:
            continue
        taken += 1
        assert is_meant(getattr(task, name), value), f"{shown} became {getattr(task, name)!r}"
        assert canonical_json(task.to_mlflow_tags()), shown
        overridden = task_of(path, "", f"{name}={to_toml(value, None)}")
        if not is_generator(value):  # which on the command line sweeps
            assert overridden is not None, shown
            assert key_of(overridden) == key_of(task), shown
    tally.tried("parameter values, each in a spec and on the command line", VALUES)
    assert taken > VALUES // 8


@pytest.mark.parametrize("value", [2**53 + 1, 10**400, -(10**400)])
def test_a_number_that_a_float_cannot_hold_is_no_float(value: int, tmp_path: Path) -> None:
    assert task_of(tmp_path / "sweep.toml", f"fixed.real = {value}\n") is None
