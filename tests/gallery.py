"""The gallery of the documentation, made from the real news sweep: what a reader sees in each format.

python -m tests.gallery writes docs/gallery.md and the pictures beside it anew.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.shell import SWEEPER, shell

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "gallery"
RUN = "sweeper run sweeps/bert_lr.toml --workers 2"

HEAD = """\
# Gallery

What `sweeper report` makes of [one sweep](../sweeps/bert_lr.toml): a BERT's features of 600 news articles, a classifier
on top of them, six learning rates, five seeds each. All of it is from one run of

```sh
sweeper run sweeps/bert_lr.toml --workers 2
```

<!-- Written by tests/gallery.py from that run. -->
"""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A command, and what is said of what it prints, or of the ``picture`` that it writes."""

    title: str
    words: str
    command: str
    language: str = "text"
    picture: str = ""


EXHIBITS = (
    Exhibit(
        "The table",
        "One row a configuration, the best first; what cannot be told from it is marked.",
        "sweeper report bert_lr",
    ),
    Exhibit(
        "Held against a baseline",
        "Paired over the seeds, corrected for how many comparisons there are.",
        "sweeper report bert_lr --baseline learning_rate=0.01",
    ),
    Exhibit(
        "Several metrics",
        "The best of each is marked, once it is said which values are better.",
        "sweeper report bert_lr --metric accuracy --maximize macro_f1 --minimize log_loss --interval none",
    ),
    Exhibit(
        "Two ways",
        "A seed a column: is the best the best for every seed?",
        "sweeper report bert_lr --pivot learning_rate seed",
    ),
    Exhibit(
        "In a paper",
        "A `tabular` for the booktabs package.",
        "sweeper report bert_lr --format latex",
        "latex",
    ),
    Exhibit(
        "For a program",
        "Every digit; `--long` has a row for each result.",
        "sweeper report bert_lr --format csv",
        "text",
    ),
    Exhibit(
        "A figure for a paper",
        "A vector picture, with axes that say their scale.",
        "sweeper report bert_lr --figure accuracy.svg",
        picture="accuracy.svg",
    ),
    Exhibit(
        "A page",
        "One file that opens anywhere: the table to sort and filter, pictures, what failed, the pipeline and what "
        "sharing it saved.",
        "sweeper report bert_lr --html page.html",
        picture="page.png",
    ),
    Exhibit(
        "Two configurations side by side",
        "What differs, and what does not.",
        "sweeper diff bert_lr:learning_rate=0.01 bert_lr:learning_rate=0.1",
    ),
)


def make(checkout: Path, sweeper: Path = SWEEPER) -> Iterator[str]:
    """Yield the gallery's lines, from a checkout in which the sweep has run; pictures are written into it."""
    yield HEAD
    for exhibit in EXHIBITS:
        printed = shell(exhibit.command, checkout, sweeper)
        yield f"## {exhibit.title}\n\n{exhibit.words}\n"
        if exhibit.picture:
            yield f"```sh\n{exhibit.command}\n```\n\n![{exhibit.title}](gallery/{exhibit.picture})\n"
        else:
            yield f"```sh\n{exhibit.command}\n```\n\n```{exhibit.language}\n{printed}```\n"


def without_numbers(text: str) -> str:
    """Return a gallery without what differs from one machine to another: digits, and how wide columns are."""
    return re.sub(r"[-+]?[\d.,]+(e[-+]\d+)?", "#", re.sub(r"[ -]{2,}", " ", text))


def run(checkout: Path, sweeper: Path = SWEEPER) -> None:
    """Run the news sweep in a folder that is like a fresh clone."""
    shutil.copytree(ROOT / "sweeps", checkout / "sweeps", ignore=shutil.ignore_patterns("__pycache__", "results"))
    (checkout / "results").mkdir()
    done = shell(RUN, checkout, sweeper)
    if "30 of 30 points" not in done:
        sys.exit(done)


def photograph(page: Path, picture: Path) -> None:
    """Take a picture of a page as a browser shows it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_context(viewport={"width": 1100, "height": 800}, offline=True).new_page()
        tab.goto(page.as_uri())
        tab.evaluate("dispatchEvent(new Event('beforeprint'))")  # draws what is not in sight yet
        tab.evaluate("document.querySelectorAll('details').forEach(part => { part.open = false })")
        tab.wait_for_timeout(2000)
        tab.screenshot(path=picture, full_page=True)
        browser.close()


def main() -> None:
    """Write the gallery."""
    with tempfile.TemporaryDirectory(prefix="sweeper-gallery-") as folder:
        checkout = Path(folder)
        run(checkout)
        PAGE.write_text("\n".join(make(checkout)), encoding="utf-8")
        PICTURES.mkdir(exist_ok=True)
        shutil.copyfile(checkout / "accuracy.svg", PICTURES / "accuracy.svg")
        photograph(checkout / "page.html", PICTURES / "page.png")


if __name__ == "__main__":
    main()
