"""The page on reliability says what was counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.page import PAGE, with_figures
from tests.chaos.tally import Tally, read_tally


def test_figures_are_written_between_their_marks_and_nowhere_else(tmp_path: Path):
    tally = Tally(tmp_path / "tally.jsonl")
    for _ in range(2):
        tally.kills("the driver, kill -9", 600)
    tally.faults("the disk is full", 3)
    tally.tried("random specs", 200_000)
    tally.compared(sweeps=7, results=90, lost=0, twice=1)
    text = "# A page\n\n<!-- figures: kills -->\nold\n<!-- end of figures -->\n\nProse.\n"
    assert with_figures(text, read_tally(tmp_path / "tally.jsonl")) == (
        "# A page\n\n<!-- figures: kills -->\n\n"
        "| what was killed, and how | times |\n|---|---|\n| the driver, kill -9 | 1,200 |\n| **in all** | **1,200** |\n"
        "\n<!-- end of figures -->\n\nProse.\n"
    )


def test_every_block_of_the_page_has_figures(tmp_path: Path):
    page = PAGE.read_text(encoding="utf-8")
    written = with_figures(page, read_tally(tmp_path / "none"))
    assert page.count("<!-- figures: ") == written.count("<!-- end of figures -->") == 5
    assert "| lost | 0 |" in page


def test_a_tally_that_nobody_asks_for_is_not_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    Tally(None).kills("the driver, kill -9")
    assert not list(tmp_path.iterdir())


def test_tests_in_several_processes_share_a_tally(tmp_path: Path):
    path = tmp_path / "tally.jsonl"
    for _ in range(3):
        Tally(path).tried("random specs", 5)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [["inputs", "random specs", 5]] * 3
