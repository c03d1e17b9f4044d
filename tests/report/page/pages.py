"""Made-up pages."""

from __future__ import annotations

import html
from typing import Any

from sweeper.report.page import Cell, Column, Edge, Failure, Node, Page, Picture

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "it's \"quoted\" & 'so'",
    "😀 emoji",
    "\u05e9\u05dc\u05d5\u05dd right to left \u0645\u0631\u062d\u0628\u0627",
    "x" * 300,
    "</script><b>out</b>",
    "javascript:alert(1)",
    '<a href="javascript:alert(1)">link</a>',
    "{{7*7}}${7*7}",
    "<!--<script>",
    "</style></title></textarea>",
)


def table(*rows: tuple[float | None, str]) -> Page:
    """Return a page with a number and a word in each row; None is a missing number, '' a missing word."""
    columns = (Column("accuracy", is_number=True), Column("optimizer"))
    cells = tuple((Cell("" if number is None else str(number), number), Cell(word)) for number, word in rows)
    return Page("a sweep", columns=columns, rows=cells)


def scatter(name: str = "accuracy", kind: str = "scatter") -> dict[str, Any]:
    """Return a figure of one trace, named as its axis is; the name is what a reader is to see."""
    words = html.escape(name, quote=False)
    trace = {"type": kind, "mode": "markers", "x": [1, 2, 3], "y": [0.5, float("nan"), 0.7], "name": words}
    trace |= {"text": [words] * 3, "hovertemplate": "%{text}<extra></extra>", "showlegend": True}
    return {"data": [trace], "layout": {"xaxis": {"title": {"text": words}}, "yaxis": {"title": {"text": words}}}}


def everything(*words: str, rows: int = 3) -> Page:
    """Return a page with something in each section, and with the words in each place that shows words of a user's."""
    every = words or ("learning_rate",)
    header = tuple(Column(word, title=word) for word in every)
    cells = tuple(Cell(word, note=word, is_best=place == 0, is_alike=place == 1) for place, word in enumerate(every))
    pipeline = tuple(Node(f"{word}{level}", (word,)) for word in every for level in "ab")
    return Page(
        title=f"bert_lr {words[0] if words else ''}",
        lines=("8 of 9 points have a result", *every),
        columns=(Column("number", is_number=True), *header),
        rows=tuple((Cell(f"{number}", number), *cells) for number in range(rows)),
        legend=every,
        footer=every,
        pictures=tuple(Picture(word, word, scatter(word)) for word in every),
        failures=tuple(Failure(word, word, (word, word), 12, f"log: {word}\n{word}\n", word) for word in every),
        nodes=pipeline,
        edges=tuple(Edge(f"{word}a", f"{word}b") for word in every),
        shared=every,
        spec="\n".join(every),
        environment=tuple(zip(every, every, strict=True)),
        packages=tuple(zip(every, every, strict=True)),
    )
