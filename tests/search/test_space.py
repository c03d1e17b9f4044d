"""Whatever the space, what a sampler proposes lies in it."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper.identity import canonical_json
from sweeper.search.distributions import labels, to_parameter, to_value
from sweeper.search.rebuild import rebuild
from sweeper.spec import Spec, Study
from sweeper.spec.space import Choice, Dimension, Interval
from sweeper.spec.study import Component
from sweeper.store.trials import Told, Trial, TrialState

NAMES = ("a", "b", "c", "d")
PLAIN = st.one_of(st.booleans(), st.integers(-5, 5), st.floats(-3, 3), st.text(max_size=3), st.lists(st.integers(0, 2)))


@st.composite
def intervals(draw: st.DrawFn) -> Interval:
    is_log = draw(st.booleans())
    if draw(st.booleans()):
        low = draw(st.integers(1 if is_log else -50, 50))
        step = 1 if is_log else draw(st.integers(1, 7))
        return Interval(low, low + step * draw(st.integers(0, 40)), is_whole=True, step=step, is_log=is_log)
    low = draw(st.sampled_from([1e-5, 0.1, 1.0, 3.5] if is_log else [-2.5, -0.3, 0.0, 0.1, 4.0]))
    if is_log or draw(st.booleans()):
        return Interval(low, low * 1000 if is_log else low + draw(st.floats(0, 10)), is_whole=False, is_log=is_log)
    plain = Interval(low, 1e9, is_whole=False, step=draw(st.sampled_from([0.1, 0.25, 0.3, 2.0])))
    assert plain.step is not None
    high = plain.level(low + draw(st.integers(0, 30)) * plain.step)
    return Interval(low, high, is_whole=False, step=plain.step)


choices = st.lists(PLAIN, min_size=1, max_size=4, unique_by=canonical_json).map(lambda values: Choice(tuple(values)))


@st.composite
def spaces(draw: st.DrawFn) -> tuple[Dimension, ...]:
    dimensions: list[Dimension] = []
    for name in NAMES[: draw(st.integers(1, 4))]:
        parents = [one for one in dimensions if isinstance(one.domain, Choice)]
        when = {}
        if parents and draw(st.booleans()):
            parent = draw(st.sampled_from(parents))
            assert isinstance(parent.domain, Choice)
            when = {parent.name: tuple(draw(st.lists(st.sampled_from(parent.domain.values), min_size=1, max_size=2)))}
        dimensions.append(Dimension(name, draw(st.one_of(intervals(), choices)), when))
    return tuple(dimensions)


def assert_lies_in(study: Study, values: dict[str, Any]) -> None:
    """Every parameter that may be set is, none else is, and each has a value of its domain in the domain's type."""
    assert study.fits(values) == ""
    assert set(values) == {one.name for one in study.space if one.is_active(values)}
    for one in study.space:
        if one.name in values and isinstance(one.domain, Interval):
            value = values[one.name]
            assert type(value) is (int if one.domain.is_whole else float)
            assert one.domain.low <= value <= one.domain.high


@settings(max_examples=60)
@given(spaces(), st.sampled_from(["random", "tpe", "nsga2"]), st.integers(0, 2**32 - 1))
def test_every_proposal_satisfies_bounds_steps_conditions_and_types(
    space: tuple[Dimension, ...], name: str, seed: int
) -> None:
    arguments = {"tpe": {"n_startup_trials": 2}, "nsga2": {"population_size": 2}}.get(name, {})
    study = Study(space=space, trials=9, sampler=Component(name, arguments), seed=seed)
    memory, _ = rebuild(Spec(name="s", task="m:T", metric="score", study=study), [])
    for number in range(6):
        values, _ = memory.ask(number)
        assert_lies_in(study, values)
        memory.tell(number, Told(number, TrialState.COMPLETE, (float(number % 3),)))
    values, _ = memory.ask(6)
    for draw in (1, 2):
        assert_lies_in(study, memory.redraw(6, draw))


@settings(max_examples=40)
@given(spaces(), st.integers(0, 2**32 - 1))
def test_what_was_proposed_comes_back_from_the_record_to_the_last_digit(
    space: tuple[Dimension, ...], seed: int
) -> None:
    study = Study(space=space, trials=9, sampler=Component("random"), seed=seed)
    spec = Spec(name="s", task="m:T", metric="score", study=study)
    memory, _ = rebuild(spec, [])
    trials = []
    for number in range(3):
        values, _ = memory.ask(number)
        told = Told(number, TrialState.COMPLETE, (1.0,))
        memory.tell(number, told)
        trials.append(Trial(number, values, number, told=told))
    again, _ = rebuild(spec, trials)
    assert [one.params for one in again.study.trials] == [one.params for one in memory.study.trials]
    assert [one.distributions for one in again.study.trials] == [one.distributions for one in memory.study.trials]


@given(choices)
def test_a_choice_of_anything_is_told_apart(choice: Choice) -> None:
    for value in choice.values:
        assert canonical_json(to_value(choice, to_parameter(choice, value))) == canonical_json(value)


def test_plain_choices_keep_their_names_and_others_are_named_by_their_json() -> None:
    assert labels(Choice(("adam", 3, 0.5))) == ("adam", 3, 0.5)
    assert labels(Choice(([1, 2], [3]))) == ("[1,2]", "[3]")
    assert labels(Choice((1, True))) == ("1", "true")
