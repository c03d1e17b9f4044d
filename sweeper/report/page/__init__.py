"""The report as one HTML file: it opens offline, in light and dark, on a phone and on paper."""

from sweeper.report.page.page import Cell, Column, Edge, Failure, Node, Page, Picture
from sweeper.report.page.render import render

__all__ = ["Cell", "Column", "Edge", "Failure", "Node", "Page", "Picture", "render"]
