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
numbers = st.one_of(st.sampled_from([0.0001, 0.001, 0.01, 0.1, 1.0]), st.integers(-3, 99), floats)
means = st.floats(-1e3, 1e3) | floats


@st.composite
def subjects(draw: st.DrawFn, *, is_whole: bool = False) -> Subject:
    """Draw a subject; a whole one has few parameters, all of them set, and a metric."""
    is_number = draw(st.booleans())
    is_study = draw(st.booleans())
    directions = draw(st.tuples(*[st.sampled_from([None, *Direction])] * 2))
    metrics = tuple(
        Axis(name, draw(words), is_number=True, is_log=draw(st.booleans()), direction=direction)
        for name, direction in zip(METRICS, directions, strict=True)
    )[: draw(st.integers(int(is_whole), 2))]
    names = NAMES[: draw(st.integers(1, 2))] if is_whole else NAMES
    values = dict.fromkeys(names, numbers if is_number else value)
    row = st.fixed_dictionaries(values if is_whole else {}, optional={} if is_whole else values)
    marks = [
        Mark(
            draw(row),
            *(draw(st.dictionaries(st.sampled_from(METRICS), means, min_size=int(is_whole))) for _ in range(3)),
            n=draw(st.integers(0, 5)),
            is_best=draw(st.booleans()),
            is_feasible=draw(st.booleans()),
            words=draw(words),
            trial=place if is_study else None,
        )
        for place in range(draw(st.integers(0, 12)))
    ]
    axes = tuple(Axis(name, draw(words), is_number=is_number, is_log=draw(st.booleans())) for name in names)
    return Subject(
        draw(words),
        axes if is_whole else axes[: draw(st.integers(0, 4))],
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
