from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import news
import news_database
import softmax
from news import (
    BertFeatures,
    BuildClassifier,
    CleanBodies,
    FetchArticleIds,
    FetchBodies,
    FetchTitles,
    TrainClassifier,
)
from news_database import Article

if TYPE_CHECKING:
    from pathlib import Path

PARAGRAPHS = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"], include_characters=" "), min_size=1).map(str.strip)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("database")


@pytest.fixture(scope="module")
def ids(run_body, folder):
    return run_body(FetchArticleIds(limit=160, database_folder=folder))


@pytest.fixture(scope="module")
def clean_bodies(run_body, folder, ids):
    return run_body(CleanBodies(), bodies=run_body(FetchBodies(database_folder=folder), ids=ids))


@pytest.fixture(scope="module")
def features(run_body, folder, ids, clean_bodies):
    titles = run_body(FetchTitles(database_folder=folder), ids=ids)
    return run_body(BertFeatures(max_tokens=32), titles=titles, bodies=clean_bodies)


@pytest.fixture(scope="module")
def train(run_body, ids, features):
    """Run the last two tasks at one learning rate and seed."""

    def run(learning_rate: float = 0.01, seed: int = 0, features=features):
        classifier = run_body(BuildClassifier(seed=seed), ids=ids)
        task = TrainClassifier(learning_rate=learning_rate, seed=seed)
        return run_body(task, ids=ids, features=features, classifier=classifier)

    return run


def held_out(trained) -> pd.Index:
    return news.read_table(trained.artifacts["predictions"].path).index


def weights(trained) -> np.ndarray:
    return softmax.Softmax.load(trained.artifacts["classifier"].path).weights


def test_the_learning_rate_has_a_best_in_the_middle(train) -> None:
    low, best, high = (
        np.mean([train(learning_rate, seed).metrics["accuracy"] for seed in range(4)])
        for learning_rate in (1e-5, 1e-2, 10)
    )

    assert best > 0.85
    assert low < best - 0.1
    assert high < best - 0.02


def test_the_loss_of_each_epoch_is_on_the_curve(train) -> None:
    steps, losses = zip(*train().curves["train_loss"], strict=True)

    assert steps == (0, 1, 2, 3, 4, 5)
    assert losses[0] == pytest.approx(np.log(5), abs=0.05), "an untrained classifier knows nothing of five sections"
    assert losses[-1] < losses[0] / 2


def test_a_seed_gives_the_same_results_again_and_another_seed_others(train) -> None:
    first, again, other = train(seed=0), train(seed=0), train(seed=1)

    assert first.metrics == again.metrics
    assert np.array_equal(weights(first), weights(again))
    assert not np.array_equal(weights(first), weights(other))
    assert set(held_out(first)) != set(held_out(other))


def test_the_seed_of_a_training_is_that_of_its_initial_weights() -> None:
    assert TrainClassifier(seed=3).requires()["classifier"] == BuildClassifier(seed=3)


def test_articles_held_out_do_not_touch_the_training(train, features, monkeypatch) -> None:
    """Whatever their features are, the classifier comes out the same."""
    trained = train()
    spoilt = news.load_features(features.artifacts["features"].path)
    spoilt.loc[held_out(trained)] = 1e3
    monkeypatch.setattr(news, "load_features", lambda path: spoilt)

    assert np.array_equal(weights(train()), weights(trained))


def test_a_quarter_of_each_section_is_held_out(train, ids) -> None:
    sections = news.read_table(ids.artifacts["ids"].path)["section"]

    shares = sections.loc[held_out(train())].value_counts() / sections.value_counts()

    assert len(shares) == 5
    assert shares.between(0.2, 0.3).all()


def test_no_article_repeats_the_title_or_the_body_of_another(run_body, folder) -> None:
    chosen = news.read_table(run_body(FetchArticleIds(limit=10_000, database_folder=folder)).artifacts["ids"].path)

    with news_database.connect(folder) as database:
        articles = pd.read_sql("SELECT * FROM articles", database, index_col="id").loc[chosen.index]
    assert 2000 < len(articles) < 2225 - 98
    assert articles["title"].is_unique
    assert articles["body"].is_unique


def test_every_table_keeps_the_articles_and_their_text(run_body, tmp_path) -> None:
    """Also where a title reads like a missing value and a body holds quotes, commas and umlauts."""
    articles = [Article("tech", "None", ('"A", b,\' ü', "c")), Article("sports", "NA", ("1",))]
    news_database.create(tmp_path / news_database.FILE_NAME, articles)

    ids = run_body(FetchArticleIds(database_folder=tmp_path))
    titles = run_body(FetchTitles(database_folder=tmp_path), ids=ids)
    bodies = run_body(CleanBodies(), bodies=run_body(FetchBodies(database_folder=tmp_path), ids=ids))

    table = news.read_table(titles.artifacts["titles"].path)
    table = table.join(news.read_table(bodies.artifacts["bodies"].path))
    assert sorted(table.itertuples(index=False, name=None)) == [("NA", "1"), ("None", '"A", b,\' ü\nc')]


def test_where_the_database_lies_is_no_part_of_a_task(tmp_path) -> None:
    assert FetchTitles(database_folder=tmp_path).task_id == FetchTitles().task_id


def test_clean_bodies_hold_no_markup(clean_bodies) -> None:
    bodies = news.read_table(clean_bodies.artifacts["bodies"].path)["body"]

    assert not bodies.str.contains("<|&amp;|Share this story|Picture:|showTeaser|Read on in our app").any()
    assert bodies.str.len().min() > 100


@given(PARAGRAPHS)
def test_cleaning_a_page_gives_back_what_its_author_wrote(paragraphs: list[str]) -> None:
    assert news.strip_html(news_database.render(paragraphs)) == "\n".join(paragraphs)


def test_a_link_leaves_its_words_in_the_sentence() -> None:
    assert (
        news.strip_html('<p>The <a href="/t"><b>Lisbon</b> Agenda</a>, they say.</p>') == "The Lisbon Agenda, they say."
    )


def test_scripts_styles_and_asides_are_not_the_story() -> None:
    body = "<style>p {}</style><script>'<p>x</p>'</script><p>Story</p><aside><p>More</p></aside>"

    assert news.strip_html(body) == "Story"
