"""A value means the same in a spec and in the parameter that it is for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import luigi
from hypothesis import given
from hypothesis import strategies as st

from sweeper.binding.values import held, spec_value
from sweeper.identity import canonical_json
from sweeper.task.parameters import checked, coerce, identity_value
from tests.pipelines.typed import Colour, Typed

PARAMETERS: dict[str, luigi.Parameter[Any]] = dict(Typed.get_params())

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "real": st.floats(allow_nan=False) | st.integers(-(2**53), 2**53),
    "whole": st.integers() | st.integers(-1000, 1000).map(float),
    "flag": st.booleans(),
    "text": st.text(),
    "colour": st.sampled_from([colour.name for colour in Colour]),
    "day": st.dates(dt.date(1900, 1, 1)) | st.dates(dt.date(1900, 1, 1)).map(str),
    "maybe": st.integers() | st.just(""),
    "items": st.lists(st.integers() | st.text() | st.lists(st.booleans())),
    "table": st.dictionaries(st.text(), st.integers() | st.text()),
    "choice": st.sampled_from(["adam", "sgd"]),
    "share": st.floats(0, 1, exclude_max=True),
}


@given(st.sampled_from(sorted(VALUES)).flatmap(lambda name: st.tuples(st.just(name), VALUES[name])))
def test_what_a_spec_keeps_of_a_value_is_the_value(item: tuple[str, Any]):
    name, value = item
    parameter = PARAMETERS[name]
    wanted = checked(parameter, value)
    kept = spec_value(parameter, wanted, value)
    got = coerce(parameter, parameter.normalize(held(parameter, kept)))
    assert canonical_json(identity_value(parameter, got)) == canonical_json(identity_value(parameter, wanted))
    assert spec_value(parameter, got, kept) == kept
