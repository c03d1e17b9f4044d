"""A database behind a server of its own: made once, read without a write, never changed where it is not ours."""

from __future__ import annotations

import multiprocessing
import os
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from sweeper.errors import StoreError
from sweeper.store import open_reader, open_store
from sweeper.store.connections import disconnect
from sweeper.store.empty import EmptyReader
from sweeper.store.locate import ARTIFACTS
from sweeper.store.tags import Tag
from tests.postgres import Postgres
from tests.processes import in_child
from tests.store.test_setup import commit, texts


@pytest.fixture
def new_database(postgres: Postgres) -> Iterator[str]:
    """The name of a database without tables."""
    name = f"new{uuid.uuid4().hex}"
    postgres.create(name)
    yield name
    disconnect()


def tables(uri: str) -> set[str]:
    """Return the names of a database's tables."""
    engine = sqlalchemy.create_engine(uri, poolclass=sqlalchemy.pool.NullPool)
    with engine.connect() as connection:
        return {*sqlalchemy.inspect(connection).get_table_names()}


def test_processes_of_two_machines_make_the_tables_of_one_database_once(
    postgres: Postgres, new_database: str, tmp_path: Path
) -> None:
    """Two spellings of the address stand for two machines: MLflow's own lock is a file, named after the address."""

    def open_and_write(host: str) -> None:
        os.chdir(tmp_path)
        ready.wait(60)
        commit(open_store(postgres.uri(new_database, host)), f"1-{host}")

    forks = multiprocessing.get_context("fork")
    ready = forks.Barrier(2)
    hosts = ("127.0.0.1", "localhost")
    children = [forks.Process(target=open_and_write, args=(host,)) for host in hosts]
    for child in children:
        child.start()
    for child in children:
        child.join(120)
    assert [child.exitcode for child in children] == [0, 0]
    assert texts(open_reader(postgres.uri(new_database))) == {f"1-{host}": "hello" for host in hosts}


def test_a_database_without_tables_is_read_as_empty_and_stays_so(postgres: Postgres, new_database: str) -> None:
    reader = open_reader(postgres.uri(new_database))
    assert isinstance(reader, EmptyReader)
    assert reader.sweep_names() == []
    assert tables(postgres.uri(new_database)) == set()


def test_tables_that_a_killed_process_had_begun_with_are_made_to_the_end(postgres: Postgres, new_database: str) -> None:
    from mlflow.store.tracking.dbmodels.initial_models import Base

    Base.metadata.create_all(sqlalchemy.create_engine(postgres.uri(new_database), poolclass=sqlalchemy.pool.NullPool))
    commit(open_store(postgres.uri(new_database)), "1-a")
    assert texts(open_reader(postgres.uri(new_database))) == {"1-a": "hello"}


@pytest.mark.parametrize("open_it", [open_reader, open_store])
def test_the_database_of_another_program_is_left_alone(
    postgres: Postgres, new_database: str, open_it: Callable[[str], object]
) -> None:
    postgres.execute("CREATE TABLE customers (name text)", new_database)
    with pytest.raises(StoreError, match="no MLflow store: it holds tables of another program, as customers"):
        open_it(postgres.uri(new_database))
    assert tables(postgres.uri(new_database)) == {"customers"}


@pytest.mark.parametrize(
    ("revision", "remedy"),
    [
        ("1bd49d398cd23", "older MLflow .* then: mlflow db upgrade postgresql://"),
        ("fffffffffff1", "newer"),
    ],
)
@pytest.mark.parametrize("open_it", [open_reader, open_store])
def test_tables_of_another_mlflow_are_left_alone(
    postgres: Postgres, postgres_uri: str, revision: str, remedy: str, open_it: Callable[[str], object]
) -> None:
    database = postgres_uri.rpartition("/")[2]
    postgres.execute(f"UPDATE alembic_version SET version_num = '{revision}'", database)
    postgres.execute("DROP TABLE jobs CASCADE", database)  # which makes MLflow take the database for one to be upgraded
    before = tables(postgres_uri)
    with pytest.raises(StoreError, match=remedy):
        open_it(postgres_uri)
    assert tables(postgres_uri) == before


def test_a_forked_child_writes_through_its_parents_connections(postgres_uri: str) -> None:
    store = open_store(postgres_uri)
    commit(store, "1-parent")
    for _ in range(2):
        assert in_child(commit, store, "1-child") == 0
    commit(store, "1-parent again")
    keys = sorted(result.key for result in store.results(["train"]))
    assert keys == ["1-child", "1-child", "1-parent", "1-parent again"]


def test_connections_that_the_server_has_closed_are_made_anew(postgres: Postgres, postgres_uri: str) -> None:
    store = open_store(postgres_uri)
    commit(store, "1-before")
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    commit(store, "1-after")
    assert texts(store) == {"1-before": "hello", "1-after": "hello"}


def test_artifacts_are_kept_in_the_results_folder_of_where_it_was_opened(
    postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "elsewhere").mkdir()
    store = open_store(postgres_uri)
    monkeypatch.chdir(tmp_path / "elsewhere")
    run = store.start_run("train", "", tags={Tag.CLAIM: "1-a"})
    assert run.artifact_uri.startswith((tmp_path / "results" / ARTIFACTS).as_uri())
    long = store.start_run("train " * 20, "", tags={})
    assert long.artifact_uri.startswith((tmp_path / "results" / ARTIFACTS).as_uri())


def test_a_folder_too_deep_for_the_database_is_an_error_that_names_it(
    postgres_uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("deep" * 40)
    deep.mkdir()
    monkeypatch.chdir(deep)
    with pytest.raises(StoreError, match=r"deepdeep.*too long"):
        open_store(postgres_uri).start_run("train", "", tags={})


def test_a_driver_that_is_not_installed_is_an_error_that_names_it(
    postgres_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for open_it in (open_reader, open_store):
        with pytest.raises(StoreError, match=r"needs a package that is not installed: psycopg"):
            open_it(postgres_uri)
