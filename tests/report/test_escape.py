"""Whatever a value holds, no format takes it for its own syntax."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.report.escape import MOST_CHARACTERS, latex, markdown, shown, spreadsheet


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("adam", "adam"),
        ("", '""'),
        (None, ""),
        (True, "true"),
        (3, "3"),
        (1e-05, "1e-05"),
        ([8, 0.5, "a"], '[8,0.5,"a"]'),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.timedelta(seconds=90), "0:01:30"),
        ("two\nlines", "two\\nlines"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eabc", "\\u202eabc"),
        ("naïve 学习", "naïve 学习"),
    ],
)
def test_a_value_is_shown_in_one_line(value: Any, words: str) -> None:
    assert shown(value) == words


def test_a_long_value_loses_its_middle() -> None:
    words = shown("start" + "x" * 300 + "end")
    assert len(words) == MOST_CHARACTERS
    assert words.startswith("startx")
    assert words.endswith("xend")


@given(st.text())
def test_what_is_shown_is_printable(value: str) -> None:
    assert shown(value).isprintable()


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("learning_rate", "learning_rate"),
        ("__init__", r"\_\_init\_\_"),
        ("a|b", r"a\|b"),
        ("a\\|b", r"a&#92;\|b"),
        ("<script>&", "&lt;script&gt;&amp;"),
        ("*b* `c` [d](e) $f$ ~g~", r"\*b\* \`c\` \[d\](e) \$f\$ \~g\~"),
    ],
)
def test_markdown_shows_words_as_they_are(words: str, escaped: str) -> None:
    assert markdown(words) == escaped


@given(st.text())
def test_no_words_end_a_cell_or_open_a_tag_in_markdown(words: str) -> None:
    escaped = markdown(words)
    assert not re.search(r"(?<!\\)\|", escaped)
    assert "<" not in escaped


@pytest.mark.parametrize(
    ("words", "escaped"),
    [
        ("50% of $x_1 & #2", r"50\% of \$x\_1 \& \#2"),
        (r"{~^} \n", r"\{\textasciitilde{}\textasciicircum{}\} \textbackslash{}n"),
        ("[8,8]", "{[}8,8{]}"),
        ("*", "{*}"),
        ("--flag a-b", "-{}-flag a-b"),
    ],
)
def test_latex_shows_words_as_they_are(words: str, escaped: str) -> None:
    assert latex(words) == escaped


@given(st.text())
def test_latex_leaves_nothing_active(words: str) -> None:
    inert = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_{}]|-\{\}|\{[][*]\}", "", latex(words))
    assert not set(inert) & set("\\&%$#_{}~^[*")


@pytest.mark.parametrize("formula", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\n=1", "\uff1d1"])
def test_a_spreadsheet_is_given_no_formula(formula: str) -> None:
    assert spreadsheet(formula) == f"'{formula}"


@pytest.mark.parametrize("value", [-1, -0.5, None, True, "adam", "a=b", ""])
def test_a_spreadsheet_is_given_other_values_as_they_are(value: Any) -> None:
    assert spreadsheet(value) is value
