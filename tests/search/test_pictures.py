"""What Optuna says and draws of anything that was tried."""

from __future__ import annotations

from itertools import product

import pytest

from sweeper.search.pictures import Tried, Value, history, importances_of, parallel_coordinates
from sweeper.spec import Direction


def grid(size: int = 4) -> list[Tried]:
    """Return a grid in which ``much`` matters, ``some`` a little, and ``none`` not at all."""
    levels = [float(level) for level in range(size)]
    return [
        Tried({"much": f"{much}", "some": f"{some}", "none": f"{none}"}, -((much - 1) ** 2) - 0.1 * some)
        for much, some, none in product(levels, levels, ("a", "b"))
    ]


def test_the_parameter_that_matters_is_the_first() -> None:
    shares = importances_of(grid(), Direction.MAXIMIZE, frozenset())
    assert [*shares] == ["much", "some", "none"]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["none"] == pytest.approx(0, abs=1e-9)


def test_what_is_better_decides_what_matters() -> None:
    tried = [Tried({"a": float(a), "b": float(b)}, a if a > 5 else b / 100) for a in range(10) for b in range(10)]
    assert next(iter(importances_of(tried, Direction.MAXIMIZE, frozenset()))) == "a"
    assert next(iter(importances_of(tried, Direction.MINIMIZE, frozenset()))) == "b"


def test_too_few_and_one_parameter_say_nothing() -> None:
    assert importances_of(grid()[:9], Direction.MAXIMIZE, frozenset()) == {}
    alone = [Tried({"a": float(place)}, place) for place in range(20)]
    assert importances_of(alone, Direction.MAXIMIZE, frozenset()) == {}


def test_a_parameter_that_is_not_always_set_is_known() -> None:
    tried = [Tried({"a": float(place), **({"b": 1.0 * place} if place % 2 else {})}, place) for place in range(20)]
    assert {*importances_of(tried, Direction.MAXIMIZE, frozenset({"a"}))} == {"a", "b"}


def test_a_history_has_each_trial_and_the_best_so_far() -> None:
    tried = [Tried({}, 1.0), Tried({}, 3.0, is_feasible=False), Tried({}, 2.0)]
    trials, best, broken = history(tried, Direction.MAXIMIZE).data
    assert ([*trials.x], [*best.y], [*broken.x]) == ([0, 2], [1.0, 1.0, 2.0], [1])


def test_parallel_coordinates_have_a_line_each_in_their_order() -> None:
    values: list[dict[str, Value]] = [{"a": 0.1, "b": "x"}, {"a": 10.0, "b": "y"}, {"b": "x"}]
    tried = [Tried(one, float(place)) for place, one in enumerate(values)]
    figure = parallel_coordinates(tried, Direction.MINIMIZE, frozenset({"a"}))
    assert [line.y[0] for line in figure.data[:3]] == [0.0, 0.5, 1.0]
    assert [*figure.layout.xaxis.ticktext] == ["Objective Value", "a", "b"]
    assert "None" in {tick.text for tick in figure.layout.annotations}
