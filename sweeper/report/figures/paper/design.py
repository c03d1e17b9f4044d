"""What a figure for a paper shows where: it hides no parameter, or there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sweeper.errors import InputError, did_you_mean
from sweeper.report.escape import shown
from sweeper.report.figures.scales import is_placed, levels, number, varying
from sweeper.report.figures.subject import Axis, Mark, Subject

MOST_PANELS = 4
MOST_HUES = 8
"""How many lines a reader can tell apart by colour, marker and dashes."""


@dataclass(frozen=True, slots=True)
class Design:
    """A figure before it is drawn.

    ``metrics`` have a panel each, against the parameter ``x``; without one, the first two are drawn against each other.
    ``hue`` tells marks apart: by colour, marker and dashes, or by a scale of colours if it is a number of too many
    levels for that. All ``marks`` have a place on ``x``, some perhaps no result.
    """

    subject: Subject
    metrics: tuple[Axis, ...]
    x: Axis | None
    hue: Axis | None
    marks: tuple[Mark, ...]

    @property
    def has_colour_scale(self) -> bool:
        """Whether the hue is told by a scale of colours."""
        return self.hue is not None and len(levels(self.hue, self.marks)) > MOST_HUES


def design(subject: Subject, x: str | None = None, hue: str | None = None) -> Design:
    """Return the figure that shows a subject, against ``x``, told apart by ``hue``.

    By default ``x`` is the first number that varies, and ``hue`` the only other parameter. Raises ``InputError`` if
    there is nothing to draw, and if a parameter would stay hidden.
    """
    if not subject.metrics:
        raise InputError("no metric is known, so that there is nothing to draw; name one with --metric")
    axes = varying(subject)
    along, apart = _named(subject, axes, "x", x), _named(subject, axes, "hue", hue)
    if along and along is apart:
        raise InputError(f"--x and --hue both name {shown(along.label)}: a parameter has one place in a figure")
    if not axes:
        raise InputError("no parameter varies, so that there is nothing to draw a figure against")
    if along is None and len(subject.objectives) > 1:
        return _trade_off(subject, apart)
    free = [axis for axis in axes if axis not in (along, apart)]
    if along is None:
        along = next((axis for axis in free if axis.is_number), free[0])
        free.remove(along)
    if apart is None and len(free) == 1:
        apart = free.pop()
    if free:
        raise InputError(_hidden([axis for axis in (along, apart) if axis], free))
    if len(subject.metrics) > MOST_PANELS:
        raise InputError(f"a figure has at most {MOST_PANELS} panels, and these are {len(subject.metrics)} metrics")
    return _checked(Design(subject, subject.metrics, along, apart, subject.marks))


def _named(subject: Subject, axes: Sequence[Axis], option: str, name: str | None) -> Axis | None:
    """Return the parameter that an option names, by its name or its label."""
    if name is None:
        return None
    found = next((axis for axis in axes if name in (axis.name, axis.label)), None)
    if found is None:
        if any(name in (axis.name, axis.label) for axis in subject.parameters):
            raise InputError(f"--{option}: {shown(name)} has the same value everywhere")
        remedy = did_you_mean(name, [axis.name for axis in axes])
        raise InputError(f"--{option}: no parameter {shown(name)} varies" + (f"; {remedy}" if remedy else ""))
    return found


def _trade_off(subject: Subject, hue: Axis | None) -> Design:
    objectives = subject.objectives
    if len(objectives) > 2:
        named = ", ".join(shown(metric.name) for metric in objectives)
        raise InputError(f"a figure has two axes, and {named} are {len(objectives)} objectives; name two with --metric")
    return _checked(Design(subject, objectives, None, hue, subject.marks))


def _hidden(told: Sequence[Axis], hidden: Sequence[Axis]) -> str:
    names = ", ".join(shown(axis.name) for axis in hidden)
    besides = " and ".join(shown(axis.name) for axis in told)
    more = "" if len(told) > 1 else ", tell one apart with --hue"
    return (
        f"a figure against {besides} would hide that {names} {'varies' if len(hidden) == 1 else 'vary'} too; fix a "
        f"parameter with --where, keep the best with --best-per, average with --group-by{more}"
    )


def _checked(made: Design) -> Design:
    if made.x is not None:
        lost = sum(not is_placed(made.x, mark) for mark in made.marks)
        if lost:
            have_none = "configuration has none" if lost == 1 else "configurations have none"
            raise InputError(f"{lost} {have_none} of {shown(made.x.name)}; leave them out with --where")
    for metric in made.metrics:
        if all(number(mark.means.get(metric.name)) is None for mark in made.marks):
            raise InputError(f"there is nothing to draw: no configuration has a finite {shown(metric.name)}")
    if (
        made.hue
        and made.has_colour_scale
        and not all(made.hue.is_number and is_placed(made.hue, one) for one in made.marks)
    ):
        raise InputError(
            f"{shown(made.hue.name)} has {len(levels(made.hue, made.marks))} levels, of which readers can tell "
            f"{MOST_HUES} apart; choose some with --where"
        )
    return made
