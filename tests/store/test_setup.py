"""A SQLite store is made whole or not at all, works where it lies, and is read without a write."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from sweeper.errors import StoreError
from sweeper.store import open_reader, open_store
from sweeper.store.api import ApiStore
from sweeper.store.api_reader import ApiReader
from sweeper.store.base import Reader
from sweeper.store.empty import EmptyReader
from sweeper.store.index import OVERLAP_MS, Index
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import RunStatus
from sweeper.store.setup import prepare
from sweeper.store.sql import SqlReader
from sweeper.store.sqlite import SqliteStore
from sweeper.store.tags import Tag
from tests.processes import in_child


def commit(store: ApiStore, key: str, *, experiment: str = "train", text: str = "hello") -> str:
    """Commit a run with an artifact; return its id."""
    run = store.start_run(experiment, "", tags={Tag.CLAIM: key})
    Path("a.txt").write_text(text)
    store.save_artifact(run, Path("a.txt"), "a.txt")
    store.log(run.run_id, tags={Tag.KEY: key})
    store.end_run(run.run_id, RunStatus.FINISHED)
    return run.run_id


def texts(reader: Reader, experiment: str = "train") -> dict[str, str]:
    """Return what the artifacts of an experiment's results hold, by key."""
    return {result.key: reader.artifact(result, "a.txt").read_text() for result in reader.results([experiment])}


def test_processes_that_make_one_store_at_once_get_one_store(tmp_path: Path) -> None:
    database = tmp_path / "new" / "mlflow.db"

    def open_and_write(number: int) -> None:
        os.chdir(tmp_path)
        run = open_store(sqlite_uri(database)).start_run("train", "", tags={Tag.KEY: f"1-{number}"})
        open_store(sqlite_uri(database)).end_run(run.run_id, RunStatus.FINISHED)

    forks = multiprocessing.get_context("fork")
    children = [forks.Process(target=open_and_write, args=(number,)) for number in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0]
    assert {result.key for result in open_reader(sqlite_uri(database)).results(["train"])} == {"1-0", "1-1"}
    leftovers = {path.name for path in database.parent.iterdir()} - {"mlflow.db", "mlflow.db-wal", "mlflow.db-shm"}
    assert leftovers <= {"mlflow.db.lock", "artifacts"}


def test_a_store_that_could_not_be_made_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_out_of_room(uri: str) -> None:
        Path(uri.removeprefix("sqlite:///")).write_bytes(b"half a database")
        raise OSError("no space left on device")

    monkeypatch.setattr("mlflow.tracking.MlflowClient", run_out_of_room)
    with pytest.raises(StoreError, match="no space left"):
        prepare(tmp_path / "new" / "mlflow.db")
    assert {path.name for path in (tmp_path / "new").iterdir()} <= {"mlflow.db.lock"}


def test_a_folder_that_cannot_be_made_is_an_error_that_names_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/mlflow\.db"):
        open_store(sqlite_uri(tmp_path / "file" / "mlflow.db"))


def test_a_store_is_in_wal_mode(store_uri: str, tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / "results" / "mlflow.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.mark.parametrize("folder", ["moved", "with space", "ü#"])
def test_a_store_that_was_moved_still_reads_and_writes(store: ApiStore, tmp_path: Path, folder: str) -> None:
    commit(store, "1-a", text="before")
    shutil.move(tmp_path / "results", tmp_path / folder)
    uri = sqlite_uri(tmp_path / folder / "mlflow.db")
    assert texts(open_reader(uri)) == {"1-a": "before"}
    moved = open_store(uri)
    commit(moved, "1-b", text="after")
    assert texts(moved) == texts(open_reader(uri)) == {"1-a": "before", "1-b": "after"}
    assert not (tmp_path / "results").exists()


def test_a_moved_store_is_read_where_nothing_may_be_written(store: ApiStore, tmp_path: Path) -> None:
    run_id = commit(store, "1-a", text="before")
    shutil.move(tmp_path / "results", tmp_path / "moved")
    reader = open_reader(sqlite_uri(tmp_path / "moved" / "mlflow.db"))
    assert reader.artifact(reader.run(run_id), "a.txt").read_text() == "before"


@pytest.mark.parametrize("folder", ["per%20cent", "what?"])
def test_a_folder_that_no_address_can_hold_is_refused(tmp_path: Path, folder: str) -> None:
    with pytest.raises(StoreError, match=r"% or \?"):
        open_store(sqlite_uri(tmp_path / folder / "mlflow.db"))


def test_a_reader_writes_nothing(store: ApiStore, tmp_path: Path) -> None:
    commit(store, "1-a")
    reader = open_reader(store.uri)
    assert isinstance(reader, SqlReader)
    with reader._connect() as connection, pytest.raises(sqlite3.OperationalError, match="readonly"):
        connection.execute("DELETE FROM runs")


def test_a_reader_does_not_import_mlflow(store: ApiStore) -> None:
    commit(store, "1-a")
    code = (
        "import sys; from sweeper.store import open_reader\n"
        f"reader = open_reader({store.uri!r})\n"
        "assert [found.key for found in reader.results(['train'])] == ['1-a'], reader.results(['train'])\n"
        "assert reader.sweep_names() == [] and not {'mlflow', 'sqlalchemy', 'pandas'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_store_that_is_not_there_is_empty_and_stays_away(tmp_path: Path) -> None:
    reader = open_reader(sqlite_uri(tmp_path / "none" / "mlflow.db"))
    assert isinstance(reader, EmptyReader)
    assert (reader.results(["train"]), reader.sweep_names(), reader.sweep("a"), reader.runs_with("a")) == (
        [],
        [],
        None,
        [],
    )
    with pytest.raises(StoreError, match="there is no run abc"):
        reader.run("abc")
    assert not (tmp_path / "none").exists()


def test_a_schema_that_is_not_known_is_read_by_the_api(store: ApiStore, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(store, "1-a")
    monkeypatch.setattr("sweeper.store.sql.KNOWN_REVISIONS", frozenset({"an older one"}))
    monkeypatch.setattr(SqlReader, "results", None)
    monkeypatch.setattr(SqlReader, "runs_with", None)
    reader, writer = open_reader(store.uri), open_store(store.uri)
    assert (type(reader), type(writer)) == (ApiReader, SqliteStore)
    assert texts(reader) == texts(writer) == {"1-a": "hello"}
    assert len(writer.runs_with(Tag.CLAIM)) == 1


def test_what_is_no_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_text("this is a text, and long enough to be read as a header of nothing" * 20)
    with pytest.raises(StoreError, match=r"mlflow\.db"):
        open_store(sqlite_uri(tmp_path / "mlflow.db"))


def test_a_forked_child_writes_through_its_parents_store(store: ApiStore) -> None:
    commit(store, "1-parent")
    for _ in range(2):
        assert in_child(commit, store, "1-child") == 0
    commit(store, "1-parent again")
    for reader in (store, ApiStore(store.uri)):
        keys = sorted(result.key for result in reader.results(["train"]))
        assert keys == ["1-child", "1-child", "1-parent", "1-parent again"]
    with contextlib.closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


class TestIndex:
    """A dictionary in front of the store."""

    def test_reads_each_experiment_once(self, store: ApiStore) -> None:
        commit(store, "1-a")
        index = Index(store)
        assert index.find("1-a", "train") is not None
        commit(store, "1-b")
        assert index.find("1-b", "train") is None
        index.refresh()
        assert index.find("1-b", "train") is not None

    def test_that_is_live_looks_again_at_a_miss(self, store: ApiStore) -> None:
        index = Index(store, live=True)
        assert index.find("1-a", "train") is None
        commit(store, "1-a")
        assert index.find("1-a", "train") is not None

    def test_finds_results_of_a_clock_that_is_behind(self, store: ApiStore) -> None:
        index = Index(store, live=True)
        commit(store, "1-a")
        assert index.find("1-a", "train") is not None
        behind = store.start_run("train", "", tags={Tag.KEY: "1-b"})
        ended = store.run(behind.run_id).start_time - OVERLAP_MS // 2
        store._client.set_terminated(behind.run_id, "FINISHED", ended)
        assert index.find("1-b", "train") is not None

    def test_forgets_what_is_discarded(self, store: ApiStore) -> None:
        commit(store, "1-a")
        index = Index(store)
        index.refresh(["train"])
        index.discard("1-a")
        assert index.find("1-a", "train") is None
