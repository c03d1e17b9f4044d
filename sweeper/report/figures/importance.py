"""Which parameters matter, of configurations that no search has proposed: those of a grid."""

from __future__ import annotations

from collections.abc import Mapping

from sweeper.report.figures.scales import key, levels, number, varying
from sweeper.report.figures.subject import Subject


def importances_of(subject: Subject) -> Mapping[str, float]:
    """Return the share of each parameter in what sets the best tenth of the configurations apart, the greatest first.

    The method is ``sweeper.search.pictures.METHOD``. None are returned for fewer than ten configurations with a result,
    for one parameter, for several objectives and where it is not known what is better.
    """
    axes = varying(subject)
    if len(subject.objectives) != 1 or len(axes) < 2:
        return {}
    (metric,) = subject.objectives
    assert metric.direction is not None
    from sweeper.search.pictures import Tried, importances_of

    words = {axis.name: levels(axis, subject.marks) for axis in axes}
    tried = [
        Tried({axis.name: words[axis.name][key(axis, mark)] for axis in axes if axis.name in mark.values}, value)
        for mark in subject.marks
        if (value := number(mark.means.get(metric.name))) is not None
    ]
    return importances_of(tried, metric.direction, frozenset())
