"""What helps where a great many objects are made at once."""

from __future__ import annotations

import gc

import pytest

from sweeper.store.bulk import uncollected


def test_the_collector_rests_and_works_again_afterwards():
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_the_collector_works_again_after_an_error():
    with pytest.raises(ZeroDivisionError), uncollected():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off():
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
