"""Pipelines are drawn below what they require, and nothing lies on anything else."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.page import Edge, Node
from sweeper.report.page.drawing import Drawing, Place, draw

NAMES = "ABCDEF"


def drawn(*edges: str) -> Drawing:
    """Draw edges as in "AB": B requires A."""
    names = dict.fromkeys("".join(edges))
    return draw([Node(name) for name in names], [Edge(*edge) for edge in edges])


def rows(drawing: Drawing) -> list[str]:
    boxes = itertools.groupby(drawing.boxes, lambda box: box.place.top)
    return ["".join(box.node.name for box in row) for _, row in boxes]


def ends(arrow: str) -> tuple[float, ...]:
    numbers = [float(number) for number in re.findall(r"[\d.]+", arrow)]
    return (*numbers[:2], *numbers[-2:])


def test_each_class_stands_below_all_that_it_requires() -> None:
    assert rows(drawn("AB", "BC", "AC", "CD")) == ["A", "B", "C", "D"]


def test_what_requires_nothing_stands_just_above_what_requires_it() -> None:
    assert rows(drawn("AB", "BC", "CD", "XD")) == ["A", "B", "CX", "D"]


def test_arrows_do_not_cross_without_need() -> None:
    assert rows(drawn("AX", "BY", "CZ", "XE", "YE", "ZE"))[:2] == ["ABC", "XYZ"]
    assert rows(drawn("AY", "BX"))[1] == "YX"


def test_an_arrow_runs_from_the_lower_side_of_one_box_to_the_upper_side_of_another() -> None:
    drawing = drawn("AB")
    upper, lower = (box.place for box in drawing.boxes)
    assert ends(*drawing.arrows) == pytest.approx((upper.centre, upper.bottom, lower.centre, lower.top))


def test_a_class_may_require_itself_or_come_in_a_circle() -> None:
    drawing = drawn("AA", "AB", "BA")
    assert rows(drawing) == ["A", "B"]
    assert len(drawing.arrows) == 3


def test_edges_of_nodes_that_are_not_there_are_left_out() -> None:
    drawing = draw([Node("A")], [Edge("A", "B")])
    assert (len(drawing.boxes), drawing.arrows) == (1, ())


def test_no_pipeline_is_an_empty_drawing() -> None:
    assert draw([], []) == Drawing(0, 0, (), ())


@given(st.sets(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES))), st.lists(st.integers(0, 3), min_size=6))
def test_any_graph_is_drawn_without_overlaps(edges: set[tuple[str, str]], lines: list[int]) -> None:
    nodes = [Node(name, ("line",) * count) for name, count in zip(NAMES, lines, strict=False)]
    drawing = draw(nodes, [Edge(*edge) for edge in sorted(edges)])
    assert {box.node for box in drawing.boxes} == {*nodes}
    assert len(drawing.arrows) == len(edges)
    for one, other in itertools.combinations([box.place for box in drawing.boxes], 2):
        assert _apart(one, other), (one, other)
    for box in drawing.boxes:
        assert 0 <= box.place.left < box.place.right <= drawing.width
        assert 0 <= box.place.top < box.place.bottom <= drawing.height


def _apart(one: Place, other: Place) -> bool:
    beside = one.right <= other.left or other.right <= one.left
    return beside or one.bottom <= other.top or other.bottom <= one.top
