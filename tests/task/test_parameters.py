"""Luigi's parameters of every kind, through identity, through the MLflow run, and to another process and back."""

from __future__ import annotations

import datetime as dt
import enum
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper import MlflowTask
from sweeper.engine.base import call_for
from sweeper.engine.execute import rebuild
from sweeper.store.tags import Kind, Tag
from sweeper.task import key_of
from sweeper.task.context import Context
from sweeper.task.parameters import checked, coerce


class Color(enum.Enum):
    """An enum."""

    RED = 1
    GREEN = 2


class Many(MlflowTask):
    """Take a parameter of every kind."""

    text: str = luigi.Parameter(default="")
    whole: int = luigi.IntParameter(default=0)
    real: float = luigi.FloatParameter(default=0.0)
    bounded: float = luigi.NumericalParameter(var_type=float, min_value=0, max_value=10, default=1.0)
    switch: bool = luigi.BoolParameter(default=False)
    items: Any = luigi.ListParameter(default=[])
    pair: Any = luigi.TupleParameter(default=())
    table: Any = luigi.DictParameter(default={})
    day: dt.date = luigi.DateParameter(default=dt.date(2026, 1, 1))
    hour: dt.datetime = luigi.DateHourParameter(default=dt.datetime(2026, 1, 1))  # noqa: DTZ001 (Luigi's are naive)
    length: dt.timedelta = luigi.TimeDeltaParameter(default=dt.timedelta(0))
    color: Color = luigi.EnumParameter(enum=Color, default=Color.RED)
    colors: Any = luigi.EnumListParameter(enum=Color, default=())
    size: int = luigi.ChoiceParameter(choices=[1, 2, 4], var_type=int, default=1)
    maybe: float | None = luigi.OptionalFloatParameter(default=None)
    place: Path = luigi.PathParameter(default=Path())

    def _run(self) -> None:
        pass


SAMPLES: list[dict[str, Any]] = [
    {"text": 'it\'s "quoted"\n`x`'},
    {"whole": -7},
    {"real": 1e-300},
    {"real": float("inf")},
    {"bounded": 2.5},
    {"switch": True},
    {"items": [1, [2.5, None], {"a": [True]}]},
    {"pair": (1, (2, "x"))},
    {"table": {"a": {"b": [1, 2]}, "c d": None}},
    {"day": dt.date(2026, 2, 28)},
    {"hour": dt.datetime(2026, 2, 28, 13)},  # noqa: DTZ001
    {"length": dt.timedelta(hours=36)},
    {"color": Color.GREEN},
    {"colors": (Color.GREEN, Color.RED)},
    {"size": 4},
    {"maybe": 0.5},
    {"place": Path("a/b c")},
]
IDS = [f"{name}={value!r:.30}" for sample in SAMPLES for name, value in sample.items()]


@pytest.mark.parametrize("values", SAMPLES, ids=IDS)
def test_a_value_is_found_in_the_run_and_makes_the_same_task_again(context: Context, values: dict[str, Any]) -> None:
    task = Many(**values)
    task.run()
    (run,) = context.store.runs_with(Tag.KIND, Kind.TASK)
    again = Many.from_str_params(dict(run.params))
    assert again.param_kwargs == task.param_kwargs
    assert key_of(again) == key_of(task)
    assert again.complete()
    assert not Many().complete()


@pytest.mark.parametrize("values", SAMPLES, ids=IDS)
def test_a_value_travels_to_another_process(context: Context, values: dict[str, Any]) -> None:
    task = Many(**values)
    call = call_for(task, labels={})
    Many.clear_instance_cache()
    again = rebuild(call)
    assert again is not task
    assert again.task_id == task.task_id
    assert again.param_kwargs == task.param_kwargs


@pytest.mark.parametrize("values", SAMPLES, ids=IDS)
def test_each_value_is_an_identity_of_its_own(values: dict[str, Any]) -> None:
    keys = [key_of(Many(**sample)) for sample in SAMPLES]
    assert keys.count(key_of(Many(**values))) == 1


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({"real": 1}, {"real": 1.0}),
        ({"real": "1e0"}, {"real": 1.0}),
        ({"real": np.float32(0.5)}, {"real": 0.5}),
        ({"whole": 3.0}, {"whole": 3}),
        ({"whole": np.int64(3)}, {"whole": 3}),
        ({"whole": "3"}, {"whole": 3}),
        ({"bounded": 2}, {"bounded": 2.0}),
        ({"switch": 1}, {"switch": True}),
        ({"switch": np.bool_(1)}, {"switch": True}),
        ({"day": "2026-02-28"}, {"day": dt.date(2026, 2, 28)}),
        ({"length": "90 minutes"}, {"length": dt.timedelta(minutes=90)}),
        ({"color": "GREEN"}, {"color": Color.GREEN}),
        ({"colors": ["GREEN"]}, {"colors": (Color.GREEN,)}),
        ({"maybe": 1}, {"maybe": 1.0}),
        ({"items": (1, 2)}, {"items": [1, 2]}),
        ({"place": "a/b c"}, {"place": Path("a/b c")}),
    ],
    ids=str,
)
def test_what_means_the_same_is_one_instance(given: dict[str, Any], meant: dict[str, Any]) -> None:
    assert Many(**given) is Many(**meant)


@pytest.mark.parametrize(
    "values", [{"items": value} for value in ([[1]], [[1.0]], [[True]])] + [{"table": {"a": v}} for v in (1, 1.0, True)]
)
def test_values_that_python_takes_for_equal_are_instances_of_their_own(values: dict[str, Any]) -> None:
    others = [Many(items=[[one]]) for one in (1, 1.0, True)] + [Many(table={"a": one}) for one in (True, 1, 1.0)]
    task = Many(**values)
    assert [key_of(other) == key_of(task) for other in others].count(True) == 1
    assert [other is task for other in others].count(True) == 1
    assert repr(getattr(task, *values)) == repr(getattr(Many.from_str_params(task.to_str_params()), *values))


@given(st.floats(allow_nan=False))
def test_a_float_is_one_value_however_it_is_written(number: float) -> None:
    parameter = luigi.FloatParameter()
    assert (
        coerce(parameter, repr(number)) == coerce(parameter, np.float64(number)) == coerce(parameter, number) == number
    )


@given(st.integers(-(2**53), 2**53))
def test_an_integer_is_one_value_however_it_is_written(number: int) -> None:
    parameter = luigi.IntParameter()
    values = [coerce(parameter, form) for form in (number, float(number), str(number), np.int64(number))]
    assert values == [number] * 4
    assert {type(value) for value in values} == {int}


@pytest.mark.parametrize(
    ("parameter", "value", "reason"),
    [
        (luigi.IntParameter(), 1.5, r"expected an integer \(IntParameter\), not a float"),
        (luigi.IntParameter(), True, r"expected an integer \(IntParameter\), not a boolean"),
        (luigi.FloatParameter(), "fast", r"expected a number \(FloatParameter\), not text"),
        (luigi.BoolParameter(), "yes", r"expected true or false \(BoolParameter\), not text"),
        (luigi.Parameter(), 1, r"expected text \(Parameter\), not an integer"),
        (luigi.ListParameter(), "a", r"expected a list \(ListParameter\), not text"),
        (luigi.DictParameter(), [1], r"expected a table \(DictParameter\), not a list"),
        (luigi.DateParameter(), "soon", "DateParameter: "),
        (luigi.EnumParameter(enum=Color), "BLUE", "not a member of Color; choose from RED, GREEN"),
        (luigi.ChoiceParameter(choices=["a", "b"]), "c", "not a choice; choose from a, b"),
        (luigi.NumericalParameter(var_type=float, min_value=0, max_value=1), 2, "NumericalParameter: .*2"),
    ],
    ids=lambda item: type(item).__name__ if isinstance(item, luigi.Parameter) else "",
)
def test_a_value_that_is_not_meant_for_a_parameter_is_refused(
    parameter: luigi.Parameter[Any], value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        checked(parameter, value)


@pytest.mark.parametrize("values", SAMPLES, ids=IDS)
def test_what_a_task_takes_is_what_a_check_lets_pass(values: dict[str, Any]) -> None:
    ((name, value),) = values.items()
    assert checked(dict(Many.get_params())[name], value) == getattr(Many(**values), name)
