"""Which store is meant, by an address, a setting, or where one stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.errors import StoreError
from sweeper.store.locate import local_path, locate, sqlite_path, sqlite_uri


def test_the_nearest_results_folder_is_the_store(tmp_path: Path) -> None:
    inner = tmp_path / "project" / "deep" / "er"
    inner.mkdir(parents=True)
    (tmp_path / "results").mkdir()
    assert locate(start=inner) == sqlite_uri(tmp_path / "results" / "mlflow.db")
    (tmp_path / "project" / "results").mkdir()
    assert locate(start=inner) == sqlite_uri(tmp_path / "project" / "results" / "mlflow.db")


@pytest.mark.parametrize("mark", [".git", "pyproject.toml"])
def test_without_one_it_is_that_of_the_project(tmp_path: Path, mark: str) -> None:
    inner = tmp_path / "project" / "sweeps"
    inner.mkdir(parents=True)
    (tmp_path / "project" / mark).touch()
    assert locate(start=inner) == sqlite_uri(tmp_path / "project" / "results" / "mlflow.db")


def test_the_working_directory_is_where_one_stands(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    assert locate() == sqlite_uri(tmp_path / "results" / "mlflow.db")


def test_locating_creates_nothing(tmp_path: Path) -> None:
    locate(start=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_mlflows_own_setting_counts_and_an_argument_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert locate(start=tmp_path) == "http://127.0.0.1:5000"
    assert locate("https://example.org", start=tmp_path) == "https://example.org"


def test_a_relative_sqlite_uri_is_made_absolute(tmp_path: Path) -> None:
    assert locate("sqlite:///my/store.db") == f"sqlite:///{tmp_path}/my/store.db"
    assert locate("sqlite:////abs/store.db") == "sqlite:////abs/store.db"
    assert sqlite_path(locate("sqlite:///my/store.db")) == tmp_path / "my" / "store.db"


@pytest.mark.parametrize("address", ["mlruns", "./mlruns", "/data/mlruns", "file:///data/mlruns", "file:mlruns"])
def test_a_plain_folder_is_refused_with_the_remedy(address: str) -> None:
    with pytest.raises(StoreError, match=r"plain files; name a database, as sqlite:///results/mlflow.db") as raised:
        locate(address)
    assert str(raised.value).startswith(address)


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("/a/b", "/a/b"),
        ("a b", "a b"),
        ("file:///a/b%20c%25", "/a/b c%"),
        ("file://localhost/a", "/a"),
        ("file://other/a", None),
        ("mlflow-artifacts:/1/x", None),
        ("s3://bucket/x", None),
    ],
)
def test_an_artifact_uri_is_a_local_path_or_none(uri: str, path: str | None) -> None:
    assert local_path(uri) == (Path(path) if path else None)


@pytest.mark.parametrize("folder", ["plain", "with space", "per%20cent", "ünï", "q?mark", "ha#sh"])
def test_a_path_survives_being_an_artifact_uri(tmp_path: Path, folder: str) -> None:
    assert local_path((tmp_path / folder).as_uri()) == tmp_path / folder
