"""A page is one file that needs no other, and no words in it become anything else."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sweeper.report.page import Cell, Column, Page, Picture, render
from tests.report.page.pages import HOSTILE, everything, scatter, table

VOID = {"meta", "link", "input", "br", "img"}


class Outline(HTMLParser):
    """What elements a page has, how they are nested, and the text of those that hold data."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.figures: list[Any] = []
        self.headers: list[str] = []
        self._open: list[tuple[str, str | None]] = []
        self.feed(text)
        self.close()
        assert self._open == [], "every element is closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]
        if tag not in VOID:
            self._open.append((tag, dict(attrs).get("type")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == ("script", "application/json"):
            self.figures.append(json.loads(data))
        if "thead" in [tag for tag, _ in self._open] and data.strip():
            self.headers.append(data)


def test_a_page_names_no_other_file() -> None:
    links = Outline(render(everything())).links
    assert [link for link in links if not link.startswith("#")] == ["data:,"]


def test_nothing_may_be_fetched_and_no_other_script_may_run() -> None:
    policy = _policy(everything())
    assert policy["default-src"] == ["'none'"]
    assert all(source.startswith("'sha256-") for source in policy["script-src"])
    assert not any("http" in source for sources in policy.values() for source in sources)


def test_only_pictures_that_need_it_may_compile_code() -> None:
    page = Page("a", pictures=(Picture("a", "", scatter()), Picture("b", "", scatter(kind="scattergl"))))
    assert "'unsafe-eval'" in _policy(page)["script-src"]


def test_a_page_without_pictures_is_small() -> None:
    assert len(render(table((1.0, "adam")))) < 40_000


def test_figures_arrive_as_they_are() -> None:
    words = "</script><!--<script>&\u2028"
    figure = {"data": [{"type": "scatter", "y": [0.5, None, 0.7], "name": words}], "layout": {words: words}}
    assert Outline(render(Page("a", pictures=(Picture("a", "", figure),)))).figures == [figure]


def test_what_json_cannot_say_is_missing() -> None:
    figure = {"data": [{"y": [float("nan"), float("inf"), 1.0]}]}
    assert Outline(render(Page("a", pictures=(Picture("a", "", figure),)))).figures == [
        {"data": [{"y": [None, None, 1]}]}
    ]


def test_hostile_names_make_no_element() -> None:
    harmless = Outline(render(everything(*(f"name {number}" for number in range(len(HOSTILE))))))
    hostile = Outline(render(everything(*HOSTILE)))
    assert hostile.tags == harmless.tags
    assert hostile.links == harmless.links
    assert hostile.headers == ["number", *HOSTILE]


@settings(max_examples=25)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=3, unique=True))
def test_no_words_make_an_element(words: list[str]) -> None:
    names = [f"name {number}" for number in range(len(words))]
    page, harmless = everything(*words), everything(*names)
    assert Outline(render(page)).tags == Outline(render(harmless)).tags


def test_what_is_not_unicode_can_be_written() -> None:
    text = render(Page("half a pair: \ud83d", rows=((Cell("\udc80"),),), columns=(Column("\ud800"),)))
    assert text.encode("utf-8")


def test_the_same_page_is_the_same_file() -> None:
    assert render(everything()) == render(everything())


@pytest.mark.parametrize("rows", [5000])
def test_a_large_table_is_quick(rows: int) -> None:
    page = everything(*"abcdefghij", rows=rows)
    render(page)
    assert min(_seconds_to_render(page) for _ in range(3)) < 3


def _seconds_to_render(page: Page) -> float:
    before = time.process_time()
    render(page)
    return time.process_time() - before


def _policy(page: Page) -> dict[str, list[str]]:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', render(page))
    assert found
    directives = (directive.split() for directive in found[1].replace("&#39;", "'").split("; "))
    return {name: sources for name, *sources in directives}
