"""What a trial knows of the others: all that has ended, or what its number fixes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.search.disclosure import AtOnce, InOrder, held_back
from sweeper.search.memory import Memory
from sweeper.store.trials import Told, Trial, TrialState
from tests.search.studies import spec_of


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    """A study of which five trials are under way."""
    memory = Memory(spec_of('sampler = "random"', folder=tmp_path))
    for number in range(5):
        memory.ask(number)
    return memory


def told(number: int) -> Told:
    """Return what came of a trial, which was the ``number``-th to end."""
    return Told(number, TrialState.COMPLETE, (1.0,))


def known(memory: Memory) -> list[int]:
    """Return the trials that the sampler knows to have ended."""
    return [trial.number for trial in memory.study.trials if trial.state.is_finished()]


def test_what_is_known_at_once_is_counted_as_it_comes(memory: Memory):
    disclosure = AtOnce(memory, [Trial(0, {}, 0, told=told(6)), Trial(1, {}, 0)])
    assert (disclosure.order(3), disclosure.seen(9)) == (7, 7)
    disclosure.tell(3, told(7))
    disclosure.tell(0, told(6))  # it ends once more, in its old place
    assert (disclosure.order(1), disclosure.seen(9)) == (8, 8)
    assert known(memory) == [0, 3]
    assert disclosure.catch_up(5, under_way=[1, 2, 4])


def test_what_is_known_in_order_waits_for_the_trial_that_may_know_it(memory: Memory):
    disclosure = InOrder(memory, lag=3, held_back={})
    disclosure.tell(2, told(2))
    disclosure.tell(1, told(1))
    assert not disclosure.catch_up(5, under_way=[0, 3, 4]), "trial 0 lies more than three before"
    assert known(memory) == []
    disclosure.tell(0, told(0))
    assert disclosure.catch_up(4, under_way=[3])
    assert known(memory) == [0, 1]
    assert disclosure.catch_up(5, under_way=[3, 4])
    assert known(memory) == [0, 1, 2]
    assert [disclosure.seen(number) for number in (0, 2, 3, 5)] == [0, 0, 1, 3]
    assert (disclosure.order(7), disclosure.horizon(7)) == (7, 4)


def test_what_the_next_trial_must_not_know_is_held_back():
    trials = [Trial(number, {}, 0, told=told(number)) for number in range(4)]
    assert held_back([*trials, Trial(4, {}, 0)], {3}, number=5, lag=3) == {}
    assert list(held_back(trials, (), number=4, lag=2)) == [3]
