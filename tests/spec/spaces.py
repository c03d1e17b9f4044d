"""Spaces as hypothesis draws them, with conditions and chains of them."""

from hypothesis import strategies as st

from sweeper.spec.space import Choice, Dimension, Interval

values = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-3, 3) | st.text(max_size=4) | st.dates()
choices = st.builds(lambda listed: Choice(tuple(listed)), st.lists(values | st.lists(values), min_size=1, max_size=4))


@st.composite
def intervals(draw):
    """Draw a range of ints or floats, with steps, with a log scale, or with neither."""
    is_whole = draw(st.booleans())
    numbers = st.integers(-1000, 1000) if is_whole else st.integers(-(10**6), 10**6).map(lambda number: number / 1000)
    low, high = sorted([draw(numbers), draw(numbers)])
    is_log = low > 0 and draw(st.booleans())
    step = None if is_log else draw(st.none() | numbers.filter(lambda number: number > 0))
    return Interval(low, high, is_whole, step, is_log)


def levels(domain):
    """Return a strategy for the values of a domain."""
    if isinstance(domain, Choice):
        return st.sampled_from(domain.values)
    numbers = st.integers if domain.is_whole else st.floats
    return numbers(*domain.ends).map(domain.level)


@st.composite
def spaces(draw):
    """Draw the dimensions of a space, each after those that its condition names; every condition can be met."""
    space = []
    for name in ("a", "b.c", "d", "e", "f")[: draw(st.integers(1, 5))]:
        when = {}
        if space and draw(st.booleans()):
            other = draw(st.sampled_from(space))
            when[other.name] = tuple(draw(st.lists(levels(other.domain), min_size=1, max_size=2)))
        space.append(Dimension(name, draw(intervals() | choices), when))
    return tuple(space)


@st.composite
def assignments(draw, space):
    """Draw an assignment of a space, whole, with what its conditions leave unset left out."""
    drawn = {}
    for dimension in space:
        if dimension.is_active(drawn):
            drawn[dimension.name] = draw(levels(dimension.domain))
    return drawn
