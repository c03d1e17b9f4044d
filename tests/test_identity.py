"""The canonical form and the keys: equal if and only if the values are, on every machine and in every release."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import pathlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import IdentityError
from sweeper.identity import canonical, canonical_json, digest, make_key
from sweeper.spec.restore import restore


class Color(enum.Enum):
    """An enum."""

    RED = 1
    GREEN = 2


class Level(enum.IntEnum):
    """An enum whose members are numbers too."""

    LOW = 1


GOLDEN_FORMS = [
    (None, "null"),
    (True, "true"),
    (1, "1"),
    (10**30, "1" + "0" * 30),
    (1.0, "1.0"),
    (1e-5, "1e-05"),
    (0.1 + 0.2, "0.30000000000000004"),
    (-0.0, "0.0"),
    (float("nan"), '{"$float":"nan"}'),
    (float("inf"), '{"$float":"inf"}'),
    (float("-inf"), '{"$float":"-inf"}'),
    ("é\n'\"", '"\\u00e9\\n\'\\""'),
    (b"\x00\xff", '{"$bytes":"00ff"}'),
    ((1, [2, (3,)]), "[1,[2,[3]]]"),
    ({"b": 1, "a": {"c": []}}, '{"a":{"c":[]},"b":1}'),
    ({"$set": [1]}, '{"$dict":[["$set",[1]]]}'),
    ({2: "b", 1: "a"}, '{"$dict":[[1,"a"],[2,"b"]]}'),
    ({3, 1, 2}, '{"$set":[1,2,3]}'),
    (frozenset({"b", "a"}), '{"$set":["a","b"]}'),
    (dt.date(2026, 1, 2), '{"$date":"2026-01-02"}'),
    (dt.time(3, 4, 5), '{"$time":"03:04:05"}'),
    (
        dt.datetime(2026, 1, 2, 3, 4, 5),  # noqa: DTZ001 (a naive one)
        '{"$datetime":"2026-01-02T03:04:05"}',
    ),
    (dt.datetime(2026, 1, 2, tzinfo=dt.UTC), '{"$datetime":"2026-01-02T00:00:00+00:00"}'),
    (dt.timedelta(minutes=90), '{"$seconds":5400.0}'),
    (Color.RED, '{"$enum":"RED"}'),
    (Level.LOW, '{"$enum":"LOW"}'),
    (pathlib.PurePosixPath("a/b c"), '{"$path":"a/b c"}'),
    (np.float64(0.5), "0.5"),
    (np.float32(0.5), "0.5"),
    (np.int64(7), "7"),
    (np.bool_(1), "true"),
    (np.array([[1, 2], [3, 4]]), "[[1,2],[3,4]]"),
    (np.array(2.0), "2.0"),
]


@pytest.mark.parametrize(("value", "form"), GOLDEN_FORMS, ids=lambda item: item if isinstance(item, str) else "")
def test_canonical_forms_stay_as_they_are(value: Any, form: str) -> None:
    assert canonical_json(value) == form


GOLDEN_KEYS = {
    "1-c14327d9b7fc35a650400b233aac1a3d14aca15fb17c8bcc89a7e171553d2784": ("train", "Train", 1, {}),
    "1-4ebd213e7d05dbe591689ef41d9fbe39143431a00bc291a986cf4c3f730ead50": (
        "train",
        "Train",
        1,
        {"lr": 1e-4, "seed": 0},
    ),
    "1-498a26e25c5585bb21aab94b91d022af3ff09bcadfc45e1f7d4191024ba4e8af": (
        "train",
        "Train",
        2,
        {"lr": 1e-4, "seed": 0},
    ),
    "1-3c6c6061a481796be2781b0714c10340ec04541c1b0ed912cc73d8f46be57011": (
        *("naïve exp", "space.Train", 1),
        {"upstream.titles": "1-ab", "layers": (1, 2), "on": True},
    ),
}


@pytest.mark.parametrize(("key", "arguments"), GOLDEN_KEYS.items(), ids=["bare", "tags", "version", "not ascii"])
def test_keys_stay_as_they_are(key: str, arguments: tuple[str, str, int, dict[str, Any]]) -> None:
    """If this fails, every stored result is lost: raise the format number, and look old keys up too."""
    assert make_key(*arguments) == key


@pytest.mark.parametrize(
    "value", [object(), print, 1j, np.array([object()]), np.longdouble(1)], ids=lambda value: type(value).__name__
)
def test_a_value_without_a_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(IdentityError, match="has no canonical form"):
        canonical(value)


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(max_size=8),
    st.dates(),
    st.times(),
    st.datetimes(),
    st.timedeltas(min_value=dt.timedelta(days=-36500), max_value=dt.timedelta(days=36500)),
    st.sampled_from(Color),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.text(max_size=3), inner, max_size=3),
        st.dictionaries(st.one_of(st.integers(), st.dates()), inner, max_size=3),
        st.frozensets(st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
    ),
    max_leaves=6,
)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal with their types: 1, 1.0 and True are three values, and NaN is one."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right))
    if type(left) is not type(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return {*left} == {*right} and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


LOOKALIKES = st.recursive(
    st.sampled_from(
        [None, False, True, 0, 1, 0.0, -0.0, 1.0, "", "1", "null", b"", b"1", float("nan"), Color.RED, "RED"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(st.sampled_from(["", "$float", "$set", "$dict", "nan", 0, 1]), inner, max_size=2),
    ),
    max_leaves=3,
)


@given(LOOKALIKES, LOOKALIKES)
def test_values_that_look_alike_are_told_apart(left: Any, right: Any) -> None:
    assert (canonical_json(left) == canonical_json(right)) is same(left, right)


@given(VALUES, VALUES)
def test_forms_are_equal_if_and_only_if_the_values_are(left: Any, right: Any) -> None:
    assert (canonical_json(left) == canonical_json(right)) is same(left, right)


@given(st.floats(), st.floats())
def test_two_floats_share_a_form_only_if_they_are_equal(left: float, right: float) -> None:
    assert (canonical_json(left) == canonical_json(right)) is same(left, right)


@given(VALUES)
def test_a_form_is_json_that_says_the_same_again(value: Any) -> None:
    form = canonical(value)
    assert json.loads(json.dumps(form)) == form
    assert canonical_json(value).isascii()


@given(VALUES)
def test_a_restored_value_has_the_same_form(value: Any) -> None:
    assert canonical_json(restore(canonical(value))) == canonical_json(value)


@given(st.dictionaries(st.text(), SCALARS))
def test_the_order_of_tags_does_not_count(tags: dict[str, Any]) -> None:
    backwards = dict(reversed(tags.items()))
    assert make_key("e", "F", 1, tags) == make_key("e", "F", 1, backwards)


@given(st.lists(st.floats(allow_nan=False), max_size=4))
def test_tuples_arrays_and_lists_of_the_same_numbers_are_one_value(numbers: list[float]) -> None:
    assert digest(numbers) == digest(tuple(numbers)) == digest(np.array(numbers, dtype=float))


@pytest.mark.parametrize(
    "other",
    [("f", "F", 1, {"a": 1}), ("e", "G", 1, {"a": 1}), ("e", "F", 2, {"a": 1}), ("e", "F", 1, {"a": 2})],
    ids=["experiment", "family", "version", "tags"],
)
def test_each_part_of_an_identity_counts(other: tuple[str, str, int, dict[str, Any]]) -> None:
    assert make_key(*other) != make_key("e", "F", 1, {"a": 1})


def test_a_key_is_short_at_any_size_of_the_tags() -> None:
    assert len(make_key("e" * 999, "F", 1, {f"tag{number}": "x" * 9000 for number in range(100)})) == 66
