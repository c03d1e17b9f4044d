"""What a page says, before any HTML: all words are plain text, whatever they hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the table; ``title`` is shown when the header is pointed at.

    The words of a column of numbers are set as they come, spaces included, in characters of one width: numerals that
    are padded to their decimal points stand aligned.
    """

    header: str
    is_number: bool = False
    title: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the table.

    ``sort`` is what it is sorted by: a number in a column of numbers, else a text. None stands for the words in a
    column of words, and for nothing in one of numbers. Nothing (None, '' or NaN) comes last in either order. The best
    is bold; ``is_alike``, what cannot be told from the best, has a dotted line under it; a ``note`` stands below.
    """

    words: str
    sort: float | str | None = None
    is_best: bool = False
    is_alike: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A Plotly figure as JSON has it, and what it shows.

    Its template is the page's. Words of a user's in it are escaped by who makes it, for Plotly reads some HTML.
    """

    title: str
    caption: str
    figure: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Points that have no result for one reason; ``more`` are not named. ``log`` is the end of one's log."""

    state: str
    reason: str
    points: tuple[str, ...]
    more: int = 0
    log: str = ""
    log_path: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """A task class, and lines about its instances."""

    name: str
    detail: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edge:
    """What ``downstream`` requires; both are names of nodes."""

    upstream: str
    downstream: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page. What is empty is left out.

    ``lines`` stand below the title, ``legend`` and ``footer`` below the table, ``shared`` beside the pipeline.
    ``environment`` and ``packages`` are pairs of a name and a value.
    """

    title: str
    lines: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    legend: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    failures: tuple[Failure, ...] = ()
    nodes: tuple[Node, ...] = ()
    edges: tuple[Edge, ...] = ()
    shared: tuple[str, ...] = ()
    spec: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    packages: tuple[tuple[str, str], ...] = ()
