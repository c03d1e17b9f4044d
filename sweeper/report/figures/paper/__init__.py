"""The figure for a paper, by Matplotlib: a metric against a parameter, or two objectives against each other."""

from sweeper.report.figures.paper.write import write_figure

__all__ = ["write_figure"]
