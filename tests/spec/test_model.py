"""The records of a spec: axes are distinct, documents are a round trip, families resolve."""

import datetime as dt
import enum
import json
import math
import pickle
from dataclasses import replace
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import SpecError
from sweeper.identity import canonical
from sweeper.spec import Axis, Direction, Grid, Spec
from sweeper.spec.levels import generate
from sweeper.spec.restore import restore
from sweeper.spec.retry import Retry

names = st.from_regex(r"[a-z]{1,6}(\.[a-z]{1,6})?", fullmatch=True)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.dates()
    | st.times()
    | st.datetimes()
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
assignments = st.dictionaries(names, values, min_size=1, max_size=3)
listed = st.builds(
    lambda name, levels: Axis((name,), [(level,) for level in levels]), names, st.lists(values, min_size=1)
)
generated = st.builds(
    lambda name, generator, num: Axis((name,), generate(generator, [1, 10, num])),
    names,
    st.sampled_from(["linspace", "geomspace", "range"]),
    st.integers(1, 8),
)
paired = st.builds(lambda levels: Axis(("p", "q"), levels), st.lists(st.tuples(values, values), min_size=1))
grids = st.builds(Grid, st.lists(listed | generated | paired, max_size=3).map(tuple))
retries = st.builds(
    Retry,
    attempts=st.integers(1, 9),
    delay=st.floats(0, 1e6),
    on=st.lists(names, max_size=2).map(tuple),
    lost=st.integers(0, 3),
)
specs = st.builds(
    Spec,
    name=st.just("sweep"),
    task=st.just("news:Train"),
    metric=st.just("accuracy"),
    direction=st.sampled_from(Direction),
    replicates=st.none() | names,
    fixed=assignments,
    grids=st.lists(st.builds(Grid, st.lists(listed | generated | paired, max_size=3).map(tuple)), max_size=2).map(
        tuple
    ),
    rows=st.lists(assignments, max_size=2).map(tuple),
    exclude=st.lists(assignments, max_size=2).map(tuple),
    timeout=st.none() | st.floats(0.1, 1e6),
    timeouts=st.dictionaries(names, st.floats(0.1, 1e6), max_size=2),
    resources=st.dictionaries(names, st.dictionaries(names, st.floats(0.1, 8), min_size=1, max_size=2), max_size=2),
    limits=st.dictionaries(names, st.floats(0.1, 8), max_size=2),
    retry=retries,
    retries=st.dictionaries(names, retries, max_size=2),
    path=st.none() | st.just(Path("sweeps/sweep.toml")),
    text=st.text(),
    overrides=st.lists(st.text(), max_size=2).map(tuple),
)


class Optimizer(enum.Enum):
    ADAM = 1


@given(specs)
def test_a_spec_comes_back_from_its_document(spec):
    document = json.loads(json.dumps(spec.to_document(), allow_nan=False))
    assert Spec.from_document(document) == spec
    assert Spec.from_document(document).to_document() == document


@pytest.mark.parametrize(
    "value",
    [
        Optimizer.ADAM,
        dt.timedelta(hours=1, microseconds=5),
        dt.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=dt.UTC),
        b"\x00\xff",
        {1, 2},
        PurePosixPath("a/b"),
        (1, (2.0, "x")),
        {"$date": "not one"},
        {1: "a", "b": 2},
        -math.inf,
    ],
    ids=repr,
)
def test_a_value_that_only_python_has_keeps_its_canonical_form(value):
    assert canonical(restore(canonical(value))) == canonical(value)


def test_specs_that_differ_are_not_equal():
    spec = Spec(name="s", task="m:C", metric="x", fixed={"a": 1})
    assert spec == replace(spec)
    assert hash(spec) == hash(replace(spec))
    assert spec != replace(spec, fixed={"a": 1.0})
    assert spec != replace(spec, fixed={"a": True})


def test_of_equal_levels_the_first_is_kept():
    assert Axis(("a",), [(1,), (2,), (1,), (1.0,), (True,)]).levels == ((1,), (2,), (1.0,), (True,))


def test_an_axis_contains_its_levels_by_canonical_value():
    axis = Axis(("a", "b"), [(1, [2])])
    assert (1, (2,)) in axis
    assert (1.0, [2]) not in axis


def test_values_that_become_equal_become_one_level():
    axis = Axis(("a", "b"), [(1, 2), (1.0, 2), (3, 4)])
    assert axis.map(lambda name, value: float(value) if name == "a" else value).levels == ((1.0, 2), (3.0, 4))


def test_a_short_generator_is_listed_by_its_parameter():
    assert Axis(("a",), generate("linspace", [0, 2, 3])).map(lambda _, value: int(value)).levels == ((0,), (1,), (2,))


def test_a_long_generator_stays_lazy_and_takes_the_parameters_type():
    seen = []

    def convert(name, value):
        seen.append((name, value))
        return float(value)

    axis = Axis(("a",), generate("range", [1_000_000_000])).map(convert)
    assert seen == [("a", 0), ("a", 999_999_999)]
    assert repr(axis.levels[7]) == "(7.0,)"
    assert (7.0,) in axis
    assert (7,) not in axis
    spec = Spec(name="s", task="m:C", metric="x", grids=(Grid((axis,)),))
    assert Spec.from_document(spec.to_document()) == spec


@pytest.mark.parametrize(
    ("arguments", "convert"),
    [([0, 1, 20_000], int), ([0, 10, 20_001], int), ([0, 1, 20_000], str), ([1, 2, 20_000], lambda value: -value)],
)
def test_a_long_generator_is_refused_where_its_numbers_would_change(arguments, convert):
    with pytest.raises(ValueError, match="levels of linspace are not numbers that it takes"):
        Axis(("a",), generate("linspace", arguments)).map(lambda _, value: convert(value))


def test_ints_beyond_a_floats_precision_do_not_become_floats():
    with pytest.raises(ValueError, match="levels of range are not numbers that it takes"):
        Axis(("a",), generate("range", [2**53, 2**54 + 1])).map(lambda _, value: float(value))


def test_records_travel_to_other_processes():
    axis = Axis(("a",), generate("geomspace", [1, 10, 3]))
    spec = Spec(name="s", task="m:C", metric="x", grids=(Grid((axis, Axis(("b",), [(1,)]))),))
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_tables_of_families_are_spelled_out_and_other_tables_are_values():
    spec = Spec(
        name="s",
        task="m:C",
        metric="x",
        fixed={"Bert": {"width": 8}, "options": {"a": 1}, "news": {"Fetch": {"limit": 3}, "rest": 4}, "empty": {}},
        rows=({"Bert": {"depth": 1}},),
        exclude=({"Bert": {"depth": 1}},),
    ).resolve({"Bert", "news.Fetch"})
    assert spec.fixed == {
        "Bert.width": 8,
        "options": {"a": 1},
        "news": {"rest": 4},
        "news.Fetch.limit": 3,
        "empty": {},
    }
    assert spec.rows == ({"Bert.depth": 1},)
    assert spec.exclude == ({"Bert.depth": 1},)
    assert spec.swept == ("Bert.depth",)


def test_resolving_finds_every_name_that_is_then_wrong():
    axis = Axis(("Bert.width",), [(1,), (2,)])
    spec = Spec(
        name="s",
        path=Path("sweeps/s.toml"),
        task="m:C",
        metric="x",
        replicates="Bert.sed",
        fixed={"Bert.depth": 1, "Bert": {"depth": 2, "width": 3}},
        grids=(Grid((axis,)),),
        exclude=({"Bert": {"widht": 1}},),
    )
    with pytest.raises(SpecError) as caught:
        spec.resolve({"Bert"})
    assert str(caught.value).splitlines() == [
        "sweeps/s.toml: fixed.Bert.depth: sets Bert.depth twice; keep one of them",
        "sweeps/s.toml: fixed.Bert.width: is also swept, by grid.Bert.width; keep one of them",
        "sweeps/s.toml: exclude[0].Bert.widht: excludes by a parameter that is not swept; did you mean Bert.width?",
        'sweeps/s.toml: replicates = "Bert.sed": is not swept; did you mean Bert.width?',
    ]
