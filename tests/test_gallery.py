"""The gallery shows what sweeper makes of the real news sweep, run here anew."""

from __future__ import annotations

import difflib
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests import gallery


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, quick_sweeper: Path) -> Path:
    folder = tmp_path_factory.mktemp("checkout")
    gallery.run(folder, quick_sweeper)
    return folder


@pytest.fixture(scope="module")
def made(checkout: Path, quick_sweeper: Path) -> str:
    return "\n".join(gallery.make(checkout, quick_sweeper))


def test_it_shows_what_is_printed_now(made: str) -> None:
    """Digits apart, which a machine's arithmetic may change, and its clock does."""
    shown, now = (gallery.without_numbers(text) for text in (gallery.PAGE.read_text(encoding="utf-8"), made))
    if shown != now:
        diff = "\n".join(difflib.unified_diff(shown.splitlines(), now.splitlines(), "docs/gallery.md", "now"))
        pytest.fail(f"make it anew by python -m tests.gallery\n{diff}")


def test_its_figure_has_the_words_of_the_one_drawn_now(made: str, checkout: Path) -> None:
    shown, now = (_words(folder / "accuracy.svg") for folder in (gallery.PICTURES, checkout))
    assert {"accuracy", "learning_rate (log scale)", "mean, 95 % t interval, n = 5"} <= now
    assert shown == now


def test_its_pictures_are_there() -> None:
    assert {path.name for path in gallery.PICTURES.iterdir()} == {
        exhibit.picture for exhibit in gallery.EXHIBITS if exhibit.picture
    }


def _words(picture: Path) -> set[str]:
    texts = ET.parse(picture).iter("{http://www.w3.org/2000/svg}text")
    return {"".join(text.itertext()).strip() for text in texts} - {""}
