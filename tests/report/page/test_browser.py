"""Pages as a reader has them: in a real browser, with the network off.

The fixture fails a test whose page asks for anything, writes an error or a warning, or opens a dialog.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Tab

from sweeper.report.figures.interactive import pictures
from sweeper.report.page import Cell, Column, Failure, Page, Picture
from tests.report.figures.subjects import hostile
from tests.report.page.pages import HOSTILE, everything, scatter, table
from tests.report.page.reader import Reader

LIGHT, DARK = "rgb(255, 255, 255)", "rgb(21, 24, 28)"
SECTIONS = ["Results", "Pictures", "Failures", "Pipeline", "Spec", "Code and environment"]


def column(tab: Tab, number: int) -> list[str]:
    return tab.locator(f"tbody tr > :nth-child({number})").all_inner_texts()


def header(tab: Tab, name: str) -> Locator:
    return tab.get_by_role("columnheader", name=name)


def ground(tab: Tab) -> Any:
    return tab.evaluate("getComputedStyle(document.body).backgroundColor")


def scroll_through(tab: Tab) -> None:
    for plot in tab.locator(".plot").all():
        plot.scroll_into_view_if_needed()
        expect(plot.locator(".main-svg").first).to_be_attached()


def test_a_page_opens_offline_with_all_its_sections(reader: Reader) -> None:
    tab = reader.open(everything())
    scroll_through(tab)
    assert tab.get_by_role("heading", level=2).all_inner_texts() == SECTIONS
    assert tab.get_by_role("navigation").get_by_role("link").all_inner_texts() == SECTIONS


def test_what_is_empty_is_left_out(reader: Reader) -> None:
    tab = reader.open(Page("nothing yet", lines=("0 of 9 points have a result",)))
    assert tab.locator("h2, table, nav").count() == 0
    expect(tab.get_by_role("heading")).to_have_text("nothing yet")


def test_a_policy_stands_in_the_way_of_what_is_not_the_pages_own(reader: Reader) -> None:
    """Neither a script, nor a request for one, were it to slip in."""
    tab = reader.open(table((1.0, "adam")))
    tab.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'slipped = 1'}))")
    tab.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://example.com/x.png'}))")
    tab.wait_for_timeout(100)
    assert tab.evaluate("'slipped' in window") is False
    errors = [complaint for complaint in reader.complaints if complaint.startswith("error")]
    assert len(errors) == 2
    assert all("Content Security Policy" in error for error in errors)
    reader.complaints.clear()


def test_numbers_sort_by_number_and_missing_ones_come_last_in_either_order(reader: Reader) -> None:
    numbers = (9.5, None, 10.0, float("-inf"), 1e-05, float("nan"), -2.0, float("inf"))
    tab = reader.open(table(*((number, "") for number in numbers)))
    as_given = column(tab, 1)
    button = header(tab, "accuracy").get_by_role("button")
    button.click()
    assert column(tab, 1) == ["-inf", "-2.0", "1e-05", "9.5", "10.0", "inf", "", "nan"]
    button.click()
    assert column(tab, 1) == ["inf", "10.0", "9.5", "1e-05", "-2.0", "-inf", "", "nan"]
    button.click()
    assert column(tab, 1) == as_given


def test_words_sort_by_collation(reader: Reader) -> None:
    tab = reader.open(table(*((None, word) for word in ("layer10", "Zoo", "élan", "", "layer9", "adam"))), locale="en")
    header(tab, "optimizer").get_by_role("button").click()
    assert column(tab, 2) == ["adam", "élan", "layer9", "layer10", "Zoo", ""]


def test_headers_sort_by_keyboard_and_say_so(reader: Reader) -> None:
    tab = reader.open(table((2.0, "sgd"), (1.0, "adam")))
    tab.locator("#filter").focus()
    for key in ("Tab", "Tab", "Enter"):
        tab.keyboard.press(key)
    expect(header(tab, "accuracy")).to_have_attribute("aria-sort", "ascending")
    tab.keyboard.press("Space")
    expect(header(tab, "accuracy")).to_have_attribute("aria-sort", "descending")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(header(tab, "accuracy")).to_have_attribute("aria-sort", "none")
    expect(header(tab, "optimizer")).to_have_attribute("aria-sort", "ascending")


def test_a_row_stays_if_it_has_all_words_of_the_filter(reader: Reader) -> None:
    tab = reader.open(table((0.91, "SGD cosine"), (0.92, "adam cosine"), (0.93, "sgd")))
    field, count = tab.get_by_label("Filter"), tab.get_by_role("status")
    expect(count).to_have_text("3 rows")
    field.fill("  cos sgd ")
    assert column(tab, 1) == ["0.91"]
    expect(count).to_have_text("1 of 3 rows")
    field.fill("1sgd")  # neighbouring cells are not one word
    expect(count).to_have_text("0 of 3 rows")
    field.fill("")
    assert column(tab, 1) == ["0.91", "0.92", "0.93"]


def test_a_filter_outlasts_sorting(reader: Reader) -> None:
    tab = reader.open(table((3.0, "sgd"), (2.0, "adam"), (1.0, "sgd")))
    tab.get_by_label("Filter").fill("sgd")
    header(tab, "accuracy").get_by_role("button").click()
    assert column(tab, 1) == ["1.0", "3.0"]


def test_thousands_of_rows_are_laid_out_only_where_the_reader_looks(reader: Reader) -> None:
    tab = reader.open(table(*((float(number), f"word{number % 7}") for number in range(5000))))
    rows = tab.locator("tbody tr")
    assert rows.count() < 500
    height = tab.evaluate("document.getElementById('table').scrollHeight")
    assert 0.9 < height / (5000 * rows.first.bounding_box()["height"]) < 1.1  # type: ignore[index]
    tab.get_by_role("region", name="Table").focus()
    tab.keyboard.press("End")
    expect(tab.get_by_role("row", name="4999.0")).to_be_in_viewport()
    assert rows.count() < 500
    header(tab, "accuracy").get_by_role("button").dblclick()
    expect(tab.get_by_role("row", name="4999.0")).to_be_in_viewport()
    tab.get_by_label("Filter").fill("word3")
    expect(tab.get_by_role("status")).to_have_text("714 of 5,000 rows")


def test_readers_without_scripts_have_every_row(reader: Reader) -> None:
    tab = reader.open(table(*((float(number), "") for number in range(700))), java_script_enabled=False)
    expect(tab.get_by_text("699.0")).to_be_visible()
    expect(tab.get_by_label("Filter")).to_be_hidden()


@pytest.mark.parametrize(
    ("scheme", "before", "after"), [("light", LIGHT, DARK), ("dark", DARK, LIGHT)], ids=["light", "dark"]
)
def test_a_page_is_light_or_dark_as_the_reader_prefers_and_as_chosen(
    reader: Reader, scheme: str, before: str, after: str
) -> None:
    tab = reader.open(everything(), color_scheme=scheme)
    scroll_through(tab)
    paper = "document.querySelector('.plot .main-svg').style.backgroundColor"
    assert (ground(tab), tab.evaluate(paper)) == (before, before)
    tab.locator("#theme").click()
    assert (ground(tab), tab.evaluate(paper)) == (after, after)
    tab.reload()
    assert ground(tab) == after


def test_the_theme_follows_the_system_until_one_is_chosen(reader: Reader) -> None:
    tab = reader.open(Page("a sweep"))
    tab.emulate_media(color_scheme="dark")
    assert ground(tab) == DARK
    tab.get_by_role("button", name="Show in light").click()
    tab.emulate_media(color_scheme="dark")
    assert ground(tab) == LIGHT


def test_paper_shows_everything_in_light_and_nothing_to_click(reader: Reader) -> None:
    failure = Failure("failed", "ValueError", ("seed=1",), log="Traceback")
    nine = tuple(Picture(f"picture {number}", "", scatter()) for number in range(9))
    rows = tuple((Cell(str(number), number),) for number in range(1200))
    page = Page("long", columns=(Column("x", is_number=True),), rows=rows, pictures=nine, failures=(failure,))
    tab = reader.open(page, color_scheme="dark")
    assert tab.locator(".plot:has(.main-svg)").count() < len(nine)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    assert tab.locator("tbody tr").count() == 1200
    assert tab.locator("#table").evaluate("region => region.scrollHeight === region.clientHeight")
    assert tab.locator(".plot:has(.main-svg)").count() == len(nine)
    assert tab.locator(".plot .main-svg").first.evaluate("svg => svg.style.backgroundColor") == LIGHT
    expect(tab.get_by_text("Traceback")).to_be_visible()
    assert ground(tab) == LIGHT
    for control in tab.locator("nav, input, #theme").all():
        expect(control).to_be_hidden()
    tab.emulate_media(media="screen")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    expect(tab.get_by_text("Traceback")).to_be_hidden()
    expect(tab.locator("tbody tr").nth(1000)).not_to_be_attached()
    assert tab.locator(".plot .main-svg").first.evaluate("svg => svg.style.backgroundColor") == DARK


def test_a_theme_can_be_chosen_where_nothing_can_be_stored(reader: Reader) -> None:
    forbidden = "Object.defineProperty(window, 'localStorage', {get() { throw new DOMException('no') }})"
    tab = reader.open(Page("a sweep"), before=forbidden)
    tab.locator("#theme").click()
    assert ground(tab) == DARK


def test_a_filtered_table_says_so_on_paper(reader: Reader) -> None:
    tab = reader.open(table((1.0, "sgd"), (2.0, "adam")))
    tab.get_by_label("Filter").fill("sgd")
    tab.emulate_media(media="print")
    shown = "getComputedStyle(document.getElementById('count'), '::after').content"
    assert "attr(data-filter)" in tab.evaluate(shown) or "sgd" in tab.evaluate(shown)
    expect(tab.locator("#count")).to_have_attribute("data-filter", "sgd")


def test_pictures_are_drawn_when_they_come_near_and_all_before_printing(reader: Reader) -> None:
    tab = reader.open(Page("pictures", pictures=tuple(Picture(f"{number}", "", scatter()) for number in range(9))))
    expect(tab.locator(".plot").first.locator(".main-svg").first).to_be_attached()
    assert tab.locator(".plot").last.locator(".main-svg").count() == 0
    tab.pdf()
    assert tab.locator(".plot:has(.main-svg)").count() == 9


def test_pictures_that_need_webgl_are_drawn_under_the_policy(reader: Reader) -> None:
    parallel: Any = {"type": "parcoords", "dimensions": [{"label": label, "values": [1, 2, 3]} for label in "ab"]}
    figures = (scatter(kind="scattergl"), {"data": [parallel]})
    tab = reader.open(Page("pictures", pictures=tuple(Picture("needs WebGL", "", figure) for figure in figures)))
    if not tab.evaluate("!!document.createElement('canvas').getContext('webgl')"):
        pytest.skip("this browser has no WebGL")
    scroll_through(tab)
    assert tab.locator(".plot:has(.gl-container canvas)").count() == 2
    assert tab.locator(".no-webgl").count() == 0


def test_a_picture_follows_the_window_and_stays_as_the_reader_zoomed_it(reader: Reader) -> None:
    tab = reader.open(Page("picture", pictures=(Picture("a", "", scatter()),)))
    svg = tab.locator(".main-svg").first
    expect(svg).to_be_attached()
    tab.evaluate("Plotly.relayout(document.querySelector('.plot'), {'xaxis.range': [1.5, 2.5]})")
    tab.set_viewport_size({"width": 360, "height": 740})
    expect(svg).to_have_css("width", "328px")
    tab.locator("#theme").click()
    assert tab.evaluate("document.querySelector('.plot')._fullLayout.xaxis.range") == [1.5, 2.5]


def test_a_page_fits_a_phone(reader: Reader) -> None:
    tab = reader.open(everything(*HOSTILE), viewport={"width": 360, "height": 740})
    scroll_through(tab)
    tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert tab.evaluate("document.documentElement.scrollWidth") == 360


def test_a_wide_first_column_leaves_a_phone_room_for_the_others(reader: Reader) -> None:
    page = Page("a sweep", columns=(Column("optimizer"), Column("rate")), rows=((Cell("w" * 60), Cell("0.1")),))
    tab = reader.open(page, viewport={"width": 360, "height": 740})
    box = tab.locator("tbody th").bounding_box()
    assert box is not None
    assert box["width"] == pytest.approx(0.38 * 360, abs=1)


def test_the_figures_of_hostile_names_do_nothing_either(reader: Reader) -> None:
    figures = tuple(Picture(title, caption, one.to_plotly_json()) for title, caption, one in pictures(hostile()))
    tab = reader.open(Page("pictures", pictures=figures))
    scroll_through(tab)
    assert tab.locator(".plot").count() == len(figures) > 5
    assert tab.locator("img, .plot script, .plot b, .plot a:not(.modebar a)").count() == 0


def test_hostile_names_are_shown_and_do_nothing(reader: Reader) -> None:
    tab = reader.open(everything(*HOSTILE))
    ours = tab.locator("script").count()
    scroll_through(tab)
    for picture in range(len(HOSTILE)):
        tab.evaluate(
            f"Plotly.Fx.hover(document.querySelectorAll('.plot')[{picture}], [{{curveNumber: 0, pointNumber: 2}}])"
        )
    assert tab.locator("script").count() == ours
    assert tab.locator("img, iframe, main b:not(.dag b), a:not(nav a):not(.modebar a)").count() == 0
    assert tab.evaluate("document.querySelectorAll('[onerror], [onclick], [onload]').length") == 0
    assert tab.title() == f"bert_lr {HOSTILE[0]}"
    places = [
        *("header p:not(.tally)", "thead th button", "tbody tr:first-child > :not(.number) > small"),
        *("figure h3", "figcaption", ".state", ".failure bdi", ".path", ".shared li", "dt", "dd"),
    ]
    for place in places:
        words = [words for words in tab.locator(place).all_text_contents() if words != "number"]
        assert words == [*HOSTILE], place
    assert tab.locator("#spec pre").text_content() == "\n".join(HOSTILE)
    for word, log in zip(HOSTILE, tab.locator(".failure pre").all_text_contents(), strict=True):
        assert log == f"log: {word}\n{word}\n"
    assert tab.locator(".dag b").all_text_contents() == [f"{word}{level}" for level in "ab" for word in HOSTILE]
    for word, plot in zip(HOSTILE, tab.locator(".plot").all(), strict=True):
        for label in (".xtitle", ".ytitle", ".legendtext", ".hovertext text.nums"):
            assert word in plot.locator(label).first.text_content().replace("\xa0", " "), label  # type: ignore[union-attr]
