"""Any subject at all: parameters of every type, some not set, results that are missing or not finite."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from sweeper.report.figures.subject import Axis, Curve, Mark, Step, Subject
from sweeper.spec import Direction

NAMES = ("a", "<b>", "c$x$", "%{d}")
METRICS = ("m", "_n & o")

words = st.text(max_size=50)
floats = st.floats(width=64)
value = st.one_of(
    st.none(), st.booleans(), st.integers(), floats, words, st.lists(st.integers(0, 3), max_size=2), st.dates()
)
rows = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, value))
numbers = st.one_of(st.sampled_from([0.0001, 0.001, 0.01, 0.1, 1.0]), st.integers(-3, 99), floats)
number_rows = st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, numbers))


@st.composite
def subjects(draw: st.DrawFn) -> Subject:
    is_number = draw(st.booleans())
    is_study = draw(st.booleans())
    directions = draw(st.tuples(*[st.sampled_from([None, *Direction])] * 2))
    metrics = tuple(
        Axis(name, draw(words), is_number=True, is_log=draw(st.booleans()), direction=direction)
        for name, direction in zip(METRICS, directions, strict=True)
    )[: draw(st.integers(0, 2))]
    marks = [
        Mark(
            draw(number_rows if is_number else rows),
            *(draw(st.dictionaries(st.sampled_from(METRICS), floats)) for _ in range(3)),
            n=draw(st.integers(0, 5)),
            is_best=draw(st.booleans()),
            words=draw(words),
            trial=place if is_study else None,
        )
        for place in range(draw(st.integers(0, 12)))
    ]
    axes = tuple(Axis(name, draw(words), is_number=is_number, is_log=draw(st.booleans())) for name in NAMES)
    return Subject(
        draw(words),
        axes[: draw(st.integers(0, 4))],
        metrics,
        tuple(marks),
        tuple(draw(st.lists(words, max_size=2))),
        draw(st.sampled_from(["", "95 % t interval"])),
        tuple(draw(st.lists(_steps, max_size=6))),
        tuple(draw(st.lists(_curves, max_size=3))),
        draw(st.sampled_from(METRICS)),
        draw(st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1))),
        draw(words),
    )


_times = st.integers(0, 10**13)
_steps: st.SearchStrategy[Any] = st.builds(
    lambda number, told, start, seconds, state, values, is_feasible, said: Step(
        number, told, start, None if seconds is None else start + seconds, state, values, is_feasible, said
    ),
    st.integers(0, 99),
    st.none() | st.integers(0, 99),
    _times,
    st.none() | st.integers(-5, 10**9),
    st.sampled_from(["complete", "failed", "running", "<b>"]),
    st.lists(floats, max_size=2).map(tuple),
    st.booleans(),
    words,
)
_curves = st.builds(
    Curve, words, st.lists(st.dictionaries(st.integers(0, 5), floats, max_size=5), max_size=3).map(tuple)
)
