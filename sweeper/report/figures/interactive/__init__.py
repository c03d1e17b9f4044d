"""Interactive pictures of a report, by Plotly: those that have something to say."""

from __future__ import annotations

from collections.abc import Iterator

from sweeper.report.figures.interactive.convergence import convergence
from sweeper.report.figures.interactive.curves import learning_curves
from sweeper.report.figures.interactive.drawing import Picture
from sweeper.report.figures.interactive.front import pareto_front
from sweeper.report.figures.interactive.importances import importances
from sweeper.report.figures.interactive.pairs import over_two_parameters
from sweeper.report.figures.interactive.parallel import parallel_coordinates
from sweeper.report.figures.interactive.parameters import against_parameters
from sweeper.report.figures.interactive.timeline import timeline
from sweeper.report.figures.subject import Subject

__all__ = ["Picture", "pictures"]

_KINDS = (
    pareto_front,
    importances,
    against_parameters,
    over_two_parameters,
    parallel_coordinates,
    learning_curves,
    convergence,
    timeline,
)


def pictures(subject: Subject) -> Iterator[Picture]:
    """Yield the pictures of a subject, each with its title and its caption in plain words, the most telling first."""
    for kind in _KINDS:
        yield from kind(subject)
