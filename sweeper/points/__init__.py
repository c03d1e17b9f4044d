"""Points: what a spec's grids, rows and exclusions span, one assignment at a time and never all at once."""

from sweeper.points.point import Point
from sweeper.points.points import Count, Points

__all__ = ["Count", "Point", "Points"]
