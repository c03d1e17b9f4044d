from __future__ import annotations

import multiprocessing
import sqlite3
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING

import pytest

import news_database
from news_database import FILE_NAME, Article

if TYPE_CHECKING:
    from pathlib import Path

ARTICLES = [
    Article("tech", "Chips shrink", ("Smaller & smaller.", "So says Gordon Moore.")),
    Article("sports", "Late goal", ("It was late.",)),
    Article("politics", "Vote nears", ('"Soon," they said.',)),
]


def rows(folder: Path) -> list[tuple[int, str, str, str]]:
    with news_database.connect(folder) as database:
        return database.execute("SELECT * FROM articles ORDER BY id").fetchall()


def test_the_corpus_becomes_a_database_of_all_its_articles(tmp_path) -> None:
    articles = rows(tmp_path)

    sections = Counter(section for _, section, _, _ in articles)
    assert sections == {"sports": 511, "business": 510, "politics": 417, "tech": 401, "entertainment": 386}
    assert all(title and "<p>" in body for _, _, title, body in articles)
    assert any("£15.8m" in body for _, _, _, body in articles), "the one file in Latin-1 is read as such"


def test_sections_are_mixed_so_that_the_first_articles_are_a_sample(tmp_path) -> None:
    sections = Counter(section for _, section, _, _ in rows(tmp_path)[:100])

    assert len(sections) == 5
    assert min(sections.values()) >= 10


def test_the_same_articles_give_the_same_database_in_whatever_order_they_come(tmp_path) -> None:
    news_database.create(tmp_path / "one" / FILE_NAME, ARTICLES)
    news_database.create(tmp_path / "other" / FILE_NAME, reversed(ARTICLES))

    assert rows(tmp_path / "one") == rows(tmp_path / "other")


def test_a_body_is_html_with_links_and_entities() -> None:
    body = news_database.render(ARTICLES[0].paragraphs)

    assert "<p>Smaller &amp; smaller.</p>" in body
    assert '<a href="/topics/gordon-moore">Gordon Moore</a>' in body


def test_a_database_that_is_there_is_left_as_it_is(tmp_path) -> None:
    news_database.create(tmp_path / FILE_NAME, ARTICLES)

    assert len(rows(tmp_path)) == len(ARTICLES)


def test_readers_cannot_write(tmp_path) -> None:
    news_database.create(tmp_path / FILE_NAME, ARTICLES)

    with (
        news_database.connect(tmp_path) as database,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        database.execute("DELETE FROM articles")


def test_several_processes_that_make_it_at_once_all_read_all_of_it(tmp_path) -> None:
    with ProcessPoolExecutor(4, mp_context=multiprocessing.get_context("spawn")) as processes:
        answers = list(processes.map(rows, [tmp_path] * 4))

    assert len(answers[0]) == 2225
    assert all(answer == answers[0] for answer in answers)
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_making_it_in_vain_leaves_nothing_behind(tmp_path) -> None:
    def cut_short():
        yield ARTICLES[0]
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        news_database.create(tmp_path / FILE_NAME, cut_short())

    assert list(tmp_path.iterdir()) == []
