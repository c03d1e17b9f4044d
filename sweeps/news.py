"""Sort news articles into their sections with BERT, in seven tasks from a database to the accuracy.

    FetchArticleIds ─┬─ FetchTitles ────────────────┐
                     ├─ FetchBodies ── CleanBodies ─┴─ BertFeatures ─┐
                     ├─ BuildClassifier ─────────────────────────────┼─ TrainClassifier
                     └───────────────────────────────────────────────┘

Each task is an MLflow experiment of its own, and runs once for all the points that agree on its parameters: a sweep
over the learning rate computes the BERT features a single time.
"""

import json
from pathlib import Path

import luigi
import numpy as np
import pandas as pd
from bs4 import BeautifulSoup
from sklearn.metrics import accuracy_score, f1_score
from sklearn.model_selection import train_test_split

import minilm
import news_database
import softmax
from sweeper import MlflowTask

RESULTS = Path(__file__).resolve().parent.parent / "results"


class NewsQuery(MlflowTask):
    """What the tasks share that ask the news site's database."""

    # The articles are the same wherever their database lies, so its place is no part of a task's identity.
    database_folder: Path = luigi.PathParameter(default=RESULTS, significant=False)

    def query(self, sql: str, *values: int | str) -> pd.DataFrame:
        """Return the rows that a statement selects, by article id."""
        with news_database.connect(self.database_folder) as database:
            return pd.read_sql(sql, database, index_col="id", params=list(values))


class FetchArticleIds(NewsQuery):
    """Choose the articles: the first ``limit`` of those that repeat no earlier one's title or body.

    A repeated article could otherwise be trained on in one copy and measured with in another.
    """

    class Meta:
        mlflow_artifact_fnames = {"ids": "ids.csv"}

    limit: int = luigi.IntParameter(default=600)

    def _run(self) -> None:
        ids = self.query(
            """
            SELECT id, section FROM articles
            WHERE id IN (SELECT min(id) FROM articles GROUP BY title)
              AND id IN (SELECT min(id) FROM articles GROUP BY body)
            ORDER BY id LIMIT ?
            """,
            self.limit,
        )
        self.save_to_mlflow({"ids": (ids, pd.DataFrame.to_csv)}, metrics={"articles": len(ids)})


class FetchTitles(NewsQuery):
    """Fetch the titles of the chosen articles."""

    class Meta:
        mlflow_artifact_fnames = {"titles": "titles.csv"}

    def requires(self) -> dict[str, luigi.Task]:
        return {"ids": FetchArticleIds()}

    def _run(self) -> None:
        ids = read_table(self.input()["ids"]["ids"].path)
        titles = self.query(
            "SELECT id, title FROM articles WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(ids.index.tolist()),
        )
        self.save_to_mlflow({"titles": (titles, pd.DataFrame.to_csv)})


class FetchBodies(NewsQuery):
    """Fetch the bodies of the chosen articles, in HTML."""

    class Meta:
        mlflow_artifact_fnames = {"bodies": "bodies.csv"}

    def requires(self) -> dict[str, luigi.Task]:
        return {"ids": FetchArticleIds()}

    def _run(self) -> None:
        ids = read_table(self.input()["ids"]["ids"].path)
        bodies = self.query(
            "SELECT id, body FROM articles WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id",
            json.dumps(ids.index.tolist()),
        )
        self.save_to_mlflow({"bodies": (bodies, pd.DataFrame.to_csv)})


class CleanBodies(MlflowTask):
    """Reduce the bodies to what their authors wrote."""

    class Meta:
        mlflow_artifact_fnames = {"bodies": "clean_bodies.csv"}

    def requires(self) -> dict[str, luigi.Task]:
        return {"bodies": FetchBodies()}

    def _run(self) -> None:
        bodies = read_table(self.input()["bodies"]["bodies"].path)
        bodies["body"] = bodies["body"].map(strip_html)
        self.save_to_mlflow({"bodies": (bodies, pd.DataFrame.to_csv)})


class BertFeatures(MlflowTask):
    """Embed the title and the body of each article: one row, the title's embedding and then the body's."""

    class Meta:
        mlflow_artifact_fnames = {"features": "features.npz"}

    max_tokens: int = luigi.IntParameter(default=64)

    def requires(self) -> dict[str, luigi.Task]:
        return {"titles": FetchTitles(), "bodies": CleanBodies()}

    def _run(self) -> None:
        titles = read_table(self.input()["titles"]["titles"].path)
        bodies = read_table(self.input()["bodies"]["bodies"].path)
        articles = titles.join(bodies, validate="one_to_one")
        self.logger.info("embedding %d articles", len(articles))
        model = minilm.load_minilm()
        features = np.hstack(
            [minilm.embed(model, articles[text].tolist(), self.max_tokens) for text in ("title", "body")]
        )
        self.save_to_mlflow({"features": (pd.DataFrame(features, articles.index), save_features)})


class BuildClassifier(MlflowTask):
    """Build the classifier that is to be trained, one output a section."""

    class Meta:
        mlflow_artifact_fnames = {"classifier": "untrained.npz"}

    seed: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"ids": FetchArticleIds()}

    def _run(self) -> None:
        sections = read_table(self.input()["ids"]["ids"].path)["section"]
        classifier = softmax.initialise(tuple(sorted(sections.unique())), 2 * minilm.DIMENSION, self.seed)
        self.save_to_mlflow({"classifier": (classifier, softmax.Softmax.save)})


class TrainClassifier(MlflowTask):
    """Train the classifier on some of the articles and measure it on the others.

    The seed draws the held-out articles, the initial weights and the order of the training examples.
    """

    class Meta:
        mlflow_artifact_fnames = {"classifier": "classifier.npz", "predictions": "predictions.csv"}

    learning_rate: float = luigi.FloatParameter(default=1e-3)
    weight_decay: float = luigi.FloatParameter(default=0.01)
    batch_size: int = luigi.IntParameter(default=8)
    epochs: int = luigi.IntParameter(default=5)
    held_out: float = luigi.FloatParameter(default=0.25)
    seed: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"ids": FetchArticleIds(), "features": BertFeatures(), "classifier": BuildClassifier(seed=self.seed)}

    def _run(self) -> None:
        classifier = softmax.Softmax.load(self.input()["classifier"]["classifier"].path)
        features = load_features(self.input()["features"]["features"].path)
        sections = read_table(self.input()["ids"]["ids"].path)["section"].loc[features.index]
        x, y = features.to_numpy(), pd.Categorical(sections, categories=classifier.classes).codes
        train, test = train_test_split(np.arange(len(y)), test_size=self.held_out, stratify=y, random_state=self.seed)

        how = softmax.AdamW(self.learning_rate, self.weight_decay, self.batch_size, self.epochs, self.seed)
        for epoch in softmax.train(classifier, x[train], y[train], how):
            self.log_metric("train_loss", epoch.loss, epoch.number)
        trained = epoch.classifier

        predictions = sections.iloc[test].to_frame().assign(predicted=trained.predict(x[test]))
        self.save_to_mlflow(
            {"classifier": (trained, softmax.Softmax.save), "predictions": (predictions, pd.DataFrame.to_csv)},
            metrics={
                "accuracy": accuracy_score(predictions["section"], predictions["predicted"]),
                "macro_f1": f1_score(predictions["section"], predictions["predicted"], average="macro"),
                "log_loss": softmax.cross_entropy(trained.log_probabilities(x[test]), y[test]),
            },
        )


def strip_html(body: str) -> str:
    """Return the paragraphs of an article, one a line, without tags, pictures, scripts and what stands aside."""
    page = BeautifulSoup(body, "html.parser")
    for boilerplate in page(["aside", "figure", "script", "style"]):
        boilerplate.decompose()
    return "\n".join(paragraph.get_text() for paragraph in page("p"))


def read_table(path: str) -> pd.DataFrame:
    """Read a table of articles; a title such as "None" is a title."""
    return pd.read_csv(path, index_col="id", keep_default_na=False)


def save_features(features: pd.DataFrame, path: str) -> None:
    """Write features, one row an article, as an npz file."""
    np.savez(path, ids=features.index.to_numpy(), features=features.to_numpy())


def load_features(path: str) -> pd.DataFrame:
    """Read the features that ``save_features`` wrote."""
    with np.load(path) as arrays:
        return pd.DataFrame(arrays["features"], pd.Index(arrays["ids"], name="id"))
