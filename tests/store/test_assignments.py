"""Which points of a sweep a run stands for, written to its tags and read from them."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sweeper.points import Point
from sweeper.store.assignments import decode, encode, forms, to_form
from sweeper.store.values import MAX_TAG

POINTS = st.lists(st.dictionaries(st.text(max_size=8), st.text(max_size=600) | st.integers(), max_size=6), max_size=40)


@given(POINTS)
def test_every_assignment_comes_back_and_every_tag_fits(assignments: list[dict[str, object]]):
    written = {Point.of(assignment).to_record() for assignment in assignments}
    tags = encode("lr", written)
    assert {to_form(assignment) for assignment in decode("lr", tags)} == written
    assert all(len(tag) <= MAX_TAG for tag in tags.values())


@given(POINTS | st.just([{"nested": [{"a": 1}, {"b": "},{"}]}]))
def test_assignments_are_had_as_they_were_written(assignments: list[dict[str, object]]):
    written = {Point.of(assignment).to_record() for assignment in assignments}
    assert sorted(forms("lr", encode("lr", written))) == sorted(written)
    assert forms("other", encode("lr", written)) == []


@given(POINTS, POINTS)
def test_a_list_that_replaces_a_longer_one_leaves_nothing_of_it(
    before: list[dict[str, int]], after: list[dict[str, int]]
):
    tags = encode("lr", {Point.of(assignment).to_record() for assignment in before})
    written = {Point.of(assignment).to_record() for assignment in after}
    tags |= encode("lr", written, replaces=True)
    assert {to_form(assignment) for assignment in decode("lr", tags)} == written
    assert {*forms("lr", tags)} == written


def test_a_long_value_is_recorded_by_its_digest_and_short_ones_as_they_are():
    record = json.loads(Point.of({"text": "x" * 9000, "rate": 0.1}).to_record())
    assert record["rate"] == 0.1
    assert record["text"].keys() == {"sha256"}
    assert Point.of({"text": "x" * 9000}).to_record() != Point.of({"text": "y" * 9000}).to_record()


def test_a_list_that_just_fits_is_not_cut():
    written = {f'{{"a":"{number:041}"}}' for number in range(100)}
    assert len(decode("lr", encode("lr", written))) == 100
    assert all(len(tag) <= MAX_TAG for tag in encode("lr", written).values())


def test_an_assignment_of_very_many_parameters_is_recorded_by_one_digest():
    record = Point.of({f"parameter_{number}": number for number in range(500)}).to_record()
    assert json.loads(record).keys() == {"sha256"}


def test_a_sweep_whose_name_another_begins_with_has_tags_of_its_own():
    tags = encode("lr", ['{"a":1}']) | encode("lr.2", ['{"a":2}'])
    assert decode("lr", tags) == [{"a": 1}]
