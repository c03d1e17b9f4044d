"""Points: distinct, in a fixed order, counted without being listed."""

import itertools
import pickle
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.identity import canonical_json
from sweeper.points import Count, Point, Points
from sweeper.spec import Axis, Grid, Spec
from sweeper.spec.levels import generate


def axis(name, *values):
    return Axis((name,), [(value,) for value in values])


def lazy(name, *arguments, generator="range"):
    return Axis((name,), generate(generator, list(arguments)))


def grid(*axes):
    return Grid(axes)


def assignments(points):
    return [point.as_dict() for point in points]


BILLION = lazy("x", 1_000_000_000)


def test_a_grid_is_the_product_of_its_axes_the_first_varying_slowest():
    points = Points([grid(axis("a", 1, 2), Axis(("b", "c"), [(3, 4), (5, 6)]))])
    assert assignments(points) == [
        {"a": 1, "b": 3, "c": 4},
        {"a": 1, "b": 5, "c": 6},
        {"a": 2, "b": 3, "c": 4},
        {"a": 2, "b": 5, "c": 6},
    ]


def test_the_replicates_of_a_configuration_come_together():
    points = list(Points([grid(axis("seed", 0, 1), axis("lr", 0.1, 0.2))], replicates="seed"))
    configurations = [point.configuration(["seed"]) for point in points]
    assert configurations == [Point.of({"lr": lr}) for lr in (0.1, 0.1, 0.2, 0.2)]
    assert [point["seed"] for point in points] == [0, 1, 0, 1]


def test_without_grids_and_rows_there_is_one_point():
    assert assignments(Points([])) == [{}]
    assert assignments(Points([grid()])) == [{}]
    assert Points([]).count() == Count(1, is_exact=True)


def test_a_point_in_two_grids_is_one_point():
    points = Points([grid(axis("a", 1, 2), axis("b", 1, 2)), grid(axis("b", 2, 3), axis("a", 2, 3))])
    assert [point.as_dict() for point in points] == [
        {"a": 1, "b": 1},
        {"a": 1, "b": 2},
        {"a": 2, "b": 1},
        {"a": 2, "b": 2},
        {"b": 2, "a": 3},
        {"b": 3, "a": 2},
        {"b": 3, "a": 3},
    ]


def test_what_varies_together_in_one_grid_only_is_still_one_point():
    together, apart = grid(Axis(("a", "b"), [(0, 1), (1, 2), (5, 0)])), grid(axis("b", 0, 1), lazy("a", 3))
    assert assignments(Points([apart, together])) == [
        *({"b": b, "a": a} for b in (0, 1) for a in (0, 1, 2)),
        {"a": 1, "b": 2},
        {"a": 5, "b": 0},
    ]
    assert assignments(Points([together, apart])) == [
        *({"a": a, "b": b} for a, b in [(0, 1), (1, 2), (5, 0)]),
        *({"b": b, "a": a} for b, a in [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2)]),
    ]


def test_grids_of_other_parameters_share_no_points():
    assert assignments(Points([grid(axis("a", 1)), grid(axis("a", 1), axis("b", 1))])) == [{"a": 1}, {"a": 1, "b": 1}]


def test_a_row_in_a_grid_is_no_other_point():
    points = Points([grid(axis("a", 1, 2))], rows=[{"a": 2}, {"a": 3}, {"a": 3}, {"b": 1}])
    assert assignments(points) == [{"a": 1}, {"a": 2}, {"a": 3}, {"b": 1}]


def test_an_exclusion_takes_out_the_points_that_agree_with_all_of_it():
    points = Points(
        [grid(axis("a", 1, 2), axis("b", 1, 2))],
        rows=[{"a": 1, "b": 3}, {"a": 3}],
        exclude=[{"a": 1, "b": 2}, {"a": 3}],
    )
    assert assignments(points) == [{"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 2}, {"a": 1, "b": 3}]


def test_values_are_the_same_by_identity_and_not_by_python():
    values = [(1,), (1.0,), (True,), ([1],), ((1,),), ("1",)]
    points = Points([grid(Axis(("a",), values))], exclude=[{"a": True}])
    assert [point["a"] for point in points] == [1, 1.0, [1], "1"]


def test_a_nearly_empty_sweep_is_walked_through():
    axes = grid(axis("a", *range(30)), axis("b", *range(30)), axis("c", *range(30)))
    exclude = [{"a": a, "b": b} for a, b in itertools.product(range(30), range(30)) if (a, b) != (7, 8)]
    points = Points([axes], exclude=[*exclude, *({"c": c} for c in range(29))])
    assert assignments(points) == [{"a": 7, "b": 8, "c": 29}]
    assert points.count() == Count(1, is_exact=True)
    assert assignments(points.sample(5)) == [{"a": 7, "b": 8, "c": 29}]


def test_a_billion_points_start_at_once_and_hold_no_memory():
    tracemalloc.start()
    points = Points([grid(BILLION), grid(axis("seed", 0, 1), lazy("y", 0, 1, 10**9, generator="linspace"))])
    assert assignments(itertools.islice(points, 2)) == [{"x": 0}, {"x": 1}]
    assert points.count() == Count(3_000_000_000, is_exact=True)
    assert Point.of({"x": 999_999_999}) in points
    assert len(set(points.sample(50))) == 50
    for _ in itertools.islice(points, 20_000):
        pass
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("grids", "exclude", "count"),
    [
        ([grid(BILLION)], [{"x": 3}, {"x": 4}, {"x": -1}], "999,999,998"),
        ([grid(BILLION, axis("a", 1, 2, 3))], [{"x": 3, "a": 1}, {"a": 2}], "1,999,999,999"),
        ([grid(BILLION, axis("a", 1)), grid(axis("a", 1, 2), BILLION)], [], "2,000,000,000"),
        ([grid(axis("x", 1, -1)), grid(BILLION)], [], "1,000,000,001"),
        ([grid(BILLION), grid(axis("x", 1, -1))], [], "1,000,000,001"),
        ([grid(BILLION), grid(lazy("x", 5, 1_000_000))], [], "at most 1,000,999,995"),
    ],
)
def test_a_count_is_exact_unless_long_axes_of_two_grids_overlap(grids, exclude, count):
    assert str(Points(grids, exclude=exclude).count()) == count


def test_what_the_formula_cannot_count_is_counted_one_by_one_while_it_is_small():
    points = Points([grid(lazy("x", 20_000)), grid(lazy("x", 10_000, 30_000))])
    assert points.count() == Count(30_000, is_exact=True)
    assert points.count(exact_up_to=100) == Count(40_000, is_exact=False)


def test_a_sample_is_repeatable_and_spread():
    points = Points([grid(BILLION), grid(axis("a", *range(1000)), lazy("b", 1000), lazy("c", 1000))])
    sample = points.sample(200, seed=3)
    assert sample == points.sample(200, seed=3) != points.sample(200, seed=4)
    assert all(point in points for point in sample)
    assert 60 < sum("x" in point for point in sample) < 140


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.text() | st.sampled_from(["$float", "a", "b"]), VALUES, max_size=4))
def test_a_point_is_known_by_the_canonical_json_of_its_assignment(assignment):
    """Though what comes up again and again is remembered: 1, 1.0 and true are not each other."""
    for point in (assignment, dict.fromkeys(assignment, 1), dict.fromkeys(assignment, 1.0)):
        assert Point.of(point).to_json() == canonical_json(point)


def test_a_point_is_equal_in_any_order_and_by_canonical_value():
    point = Point((("lr", 0.1), ("layers", [1, 2])))
    assert point == Point((("layers", (1, 2)), ("lr", 0.1)))
    assert hash(point) == hash(Point((("layers", (1, 2)), ("lr", 0.1))))
    assert point != Point((("lr", 0.1), ("layers", [1, 2.0])))
    assert point.to_json() == '{"layers":[1,2],"lr":0.1}'
    assert (point.names, point["lr"], point.get("x", 3), str(point)) == (
        ("lr", "layers"),
        0.1,
        3,
        "lr=0.1, layers=[1, 2]",
    )
    assert pickle.loads(pickle.dumps(point)) == point
    with pytest.raises(KeyError):
        point["x"]


values = st.integers(0, 3) | st.sampled_from([0.0, 1.0, True])
lists = st.lists(values, min_size=1, max_size=4)


@st.composite
def grids(draw):
    """Draw a grid over some of a, b, c and d, some of them together, some axes generated."""
    names = draw(st.permutations("abcd"))[: draw(st.integers(1, 4))]
    axes = []
    while names:
        together, names = names[: draw(st.integers(1, 2))], names[2:]
        if len(together) == 1 and draw(st.booleans()):
            axes.append(lazy(*together, *sorted([draw(st.integers(0, 2)), draw(st.integers(3, 5))])))
        else:
            levels = draw(st.lists(st.tuples(*[values] * len(together)), min_size=1, max_size=4))
            axes.append(Axis(tuple(together), levels))
    return Grid(tuple(axes))


rows = st.dictionaries(st.sampled_from("abcd"), values, min_size=1)


def brute_force(spec):
    """Return the points of a spec by listing everything."""
    found = {}
    for each in spec.grids:
        for levels in itertools.product(*(axis.levels for axis in each.axes)):
            point = dict(zip(each.names, itertools.chain.from_iterable(levels), strict=True))
            found[canonical_json(point)] = point
    found |= {canonical_json(row): row for row in spec.rows}

    def agrees(point, assignment):
        return all(name in point and canonical_json(point[name]) == canonical_json(v) for name, v in assignment.items())

    return {text for text, point in found.items() if not any(agrees(point, each) for each in spec.exclude)}


specs = st.builds(
    Spec,
    name=st.just("s"),
    task=st.just("m:C"),
    metric=st.just("x"),
    replicates=st.sampled_from([None, "a"]),
    grids=st.lists(grids(), min_size=1, max_size=3).map(tuple),
    rows=st.lists(rows, max_size=4).map(tuple),
    exclude=st.lists(rows, max_size=4).map(tuple),
)


@given(specs)
def test_points_are_those_of_brute_force_each_once(spec):
    points = Points.of(spec)
    found = [point.to_json() for point in points]
    expected = brute_force(spec)
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert points.count() == Count(len(expected), is_exact=True)
    assert all(point in points for point in points)
    assert {point.to_json() for point in points.sample(10_000)} == expected


@given(specs, rows)
def test_a_point_is_in_the_points_if_and_only_if_it_is_one_of_them(spec, assignment):
    assert (Point.of(assignment) in Points.of(spec)) == (canonical_json(assignment) in brute_force(spec))
