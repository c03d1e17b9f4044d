"""A metric is recorded as it was given, to the nearest float, or its task fails and says which it was."""

from __future__ import annotations

import math
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper import MlflowTask
from sweeper.errors import TaskError
from sweeper.store.values import as_logged
from sweeper.task.context import Context
from sweeper.task.curves import Curves
from tests.task.test_base import metrics_of, only_run


class Tensor:
    """Something of one element, as a tensor is: what ``item`` returns, or raises."""

    def __init__(self, element: Any) -> None:
        self._element = element

    def item(self) -> Any:
        if isinstance(self._element, Exception):
            raise self._element
        return self._element

    def __repr__(self) -> str:
        raise RuntimeError("cannot be shown")


SCALARS = [
    np.dtype(code).type(1) for code in ("?", "b", "B", "h", "H", "i", "I", "l", "L", "q", "Q", "e", "f", "d", "g")
]
NUMBERS: list[tuple[Any, float]] = [
    *((scalar, 1.0) for scalar in SCALARS),
    *(
        (number, float(number))
        for number in (0, 1, -1, True, 0.1, -0.0, 2**53, 10**25, 5e-324, -5e-324, 1e308, math.inf)
    ),
    (-math.inf, -math.inf),
    (Fraction(1, 3), 1 / 3),
    (np.float32(0.1), float(np.float32(0.1))),
    (np.array(2.5), 2.5),
    (np.array([[2.5]]), 2.5),
    (np.longdouble("0.1"), 0.1),
    (Tensor(2.5), 2.5),
    (Tensor(np.float16(2.5)), 2.5),
    (np.uint64(2**64 - 1), 2.0**64),
]
NO_NUMBERS = [
    *(
        None,
        "1",
        b"1",
        [1],
        {},
        1j,
        complex(1, 0),
        Decimal("0.1"),
        Decimal("NaN"),
        object(),
        np.complex64(1),
        np.str_("1"),
    ),
    *(np.datetime64("2024-01-01"), np.array([1.0, 2.0]), np.array([]), np.array(["a"]), np.ma.masked),
    *(Tensor("1"), Tensor(None), Tensor(ValueError("two elements")), Tensor(Tensor(1.0))),
]
TOO_LARGE = [
    10**400,
    -(10**400),
    10**5000,
    Fraction(10**400),
    np.longdouble("1e4000"),
    sys.float_info.max,
    -sys.float_info.max,
]
NO_NAMES = [
    "",
    ".",
    "..",
    "/",
    "/a",
    "a/",
    "../a",
    "a//b",
    "a\n",
    "a\0",
    "\x1b[2J",
    "x" * 251,
    "f1@10",
    "a%",
    "\u202e",
    None,
    5,
    b"a",
    ("a",),
]
NO_STEPS = [
    1.5,
    math.nan,
    math.inf,
    "1",
    None,
    [1],
    2**63,
    -(2**63),
    10**400,
    1e300,
    np.array([1, 2]),
    Tensor(ValueError()),
]


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(TaskError, match=r"^m:Task: metric 'accuracy' is no number: "):
        Curves("m:Task").add("accuracy", value, 0)


@pytest.mark.parametrize("value", TOO_LARGE, ids=lambda value: type(value).__name__)
def test_a_number_that_would_become_infinite_is_refused(value: object) -> None:
    with pytest.raises(TaskError, match=r"^m:Task: metric 'accuracy' is too large for a float: "):
        Curves("m:Task").add("accuracy", value, 0)


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_mlflow_cannot_hold_is_refused(name: Any) -> None:
    with pytest.raises(TaskError, match=r"^m:Task: metric ") as caught:
        Curves("m:Task").add(name, 1.0, 0)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("step", NO_STEPS)
def test_a_step_that_is_no_whole_number_is_refused(step: Any) -> None:
    with pytest.raises(TaskError, match=r"^m:Task: metric 'loss' has a step that is no whole number: "):
        Curves("m:Task").add("loss", 1.0, step)


@given(st.floats() | st.integers() | st.fractions())
def test_any_other_number_comes_out_as_the_nearest_float(number: float | Fraction) -> None:
    try:
        value = Curves("m:Task").add("loss", number, 0).value
    except TaskError:
        assert abs(number) >= sys.float_info.max
    else:
        assert value == float(number) or (math.isnan(value) and math.isnan(number))


def test_every_number_comes_back_from_the_store_as_it_was(context: Context) -> None:
    class Measured(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics={f"m{place}": number for place, (number, _) in enumerate(NUMBERS)})
            self.save_to_mlflow(metrics={"none": math.nan, " ": 1.0, "a/b c:d.e-f": 2.0, "ü名": 3.0, "x" * 250: 4.0})

    Measured().run()
    for metrics in (metrics_of(Measured()), only_run(context).metrics):
        found = {name: as_logged(value) for name, value in metrics.items()}
        assert [found[f"m{place}"] for place in range(len(NUMBERS))] == [number for _, number in NUMBERS]
        assert math.isnan(found["none"])
        assert [found[name] for name in (" ", "a/b c:d.e-f", "ü名", "x" * 250)] == [1.0, 2.0, 3.0, 4.0]


def test_steps_may_be_negative_far_apart_and_of_any_whole_type(context: Context) -> None:
    steps = [-(2**63) + 1, -1, 0, 1, 2, 3, 2**53 + 1, 2**63 - 1]

    class Curve(MlflowTask):
        def _run(self) -> None:
            for step in [*steps[:3], np.int8(1), 2.0, np.float64(3), *steps[6:]]:
                self.log_metric("loss", float(step), step)

    Curve().run()
    run = only_run(context)
    assert [*context.store.curves([run.run_id], "loss")[run.run_id]] == steps
    assert run.metrics == {"loss": float(steps[-1])}
