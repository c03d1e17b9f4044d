"""Stores that others made, or that something has happened to: they work, or it is said what to do; none is changed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.store.locate import sqlite_uri
from sweeper.store.schema import _revisions
from tests.processes import in_child
from tests.store.old.thaw import OLDER_MLFLOW, OLDER_SWEEPER, thaw

if TYPE_CHECKING:
    from tests.cli.conftest import Command

RUN = ("run", "grid.toml", "--engine", "inline")
READING = [("plan", "grid.toml"), ("report",), ("status",), ("list",)]
COMMANDS = [RUN, *READING]


def contents(folder: Path) -> dict[str, str]:
    """Return the digest of each file of a folder, by name, without what SQLite and locks leave there empty."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.stat().st_size and path.suffix != ".db-shm")
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def execute(database: Path, statement: str) -> None:
    """Change a database behind everybody's back."""
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute(statement)


@pytest.fixture
def refused(command: Command) -> Callable[..., None]:
    """Assert of commands that each refuses the store with words, and leaves it as it is."""

    def check(database: Path, words: str, *commands: tuple[str, ...]) -> None:
        before = contents(database.parent)
        for arguments in commands:
            done = command(*arguments)
            assert (done.exit_code, words in done.output) == (3, True), (arguments, done.output)
            assert "Traceback" not in done.output
            assert str(database) in done.output
            assert contents(database.parent) == before, arguments

    return check


def test_a_store_of_an_older_mlflow_says_how_to_upgrade_it_and_then_works(
    tmp_path: Path, command: Command, refused: Callable[..., None]
) -> None:
    from mlflow.db import commands as mlflow_db

    database = thaw(OLDER_MLFLOW, tmp_path)
    advice = f"mlflow db upgrade {sqlite_uri(database)}"
    refused(database, advice, *COMMANDS)
    mlflow_db.main(["upgrade", sqlite_uri(database)], standalone_mode=False)
    assert "4 of 4 points" in command("report").output
    assert "4 reused" in command(*RUN).output


def test_a_store_of_a_newer_mlflow_says_to_upgrade_mlflow(tmp_path: Path, refused: Callable[..., None]) -> None:
    database = thaw(OLDER_SWEEPER, tmp_path)
    execute(database, "UPDATE alembic_version SET version_num = 'fffffffffff1'")
    execute(database, "DROP TABLE jobs")
    refused(database, "newer MLflow (schema fffffffffff1)", *COMMANDS)


def test_a_store_is_still_read_when_mlflow_has_been_upgraded(
    tmp_path: Path, command: Command, refused: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = thaw(OLDER_SWEEPER, tmp_path)
    head, older = _revisions()
    assert head is not None
    monkeypatch.setattr("sweeper.store.schema._revisions", lambda: ("fffffffffff1", older | {head}))
    refused(database, "mlflow db upgrade", RUN)
    assert "4 of 4 points" in command("report").output


def test_a_store_of_the_first_sweeper_is_reported_and_resumed(tmp_path: Path, command: Command) -> None:
    thaw(OLDER_SWEEPER, tmp_path)
    assert "nothing to run: every task has its result" in command("plan", "grid.toml").output
    before = command("report").output
    assert [line.split()[:2] for line in before.splitlines() if line.strip().startswith("0.")] == [
        ["0.2", "1.10"],
        ["0.1", "0.80"],
    ]
    assert "4 reused" in command(*RUN).output
    assert "4 of 4 points" in command("report").output
    for arguments in (("status",), ("list",), ("show", "grid")):
        assert command(*arguments).exit_code == 0


@pytest.fixture(params=["garbage", "empty", "truncated", "folder", "another program's"])
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """What lies in the place of a database, and words by which it is told."""
    database = thaw(OLDER_SWEEPER, tmp_path)
    whole = database.read_bytes()
    database.unlink()
    if request.param == "folder":
        database.mkdir()
        return database, f"is a folder; name the database in it, as {database}/mlflow.db"
    if request.param == "another program's":
        execute(database, "CREATE TABLE customers (name TEXT)")
        return database, "is no MLflow store: it holds tables of another program, as customers"
    words, content = {
        "garbage": ("file is not a database", b"no database, but long enough to be taken for one" * 50),
        "empty": ("is no MLflow store: it is empty", b""),
        "truncated": ("take it from a backup", whole[: len(whole) // 2]),
    }[request.param]
    database.write_bytes(content)
    return database, words


def test_what_is_no_store_is_told_and_left_alone(broken: tuple[Path, str], refused: Callable[..., None]) -> None:
    database, words = broken
    refused(database, words, *COMMANDS)


@contextlib.contextmanager
def frozen(folder: Path) -> Iterator[None]:
    """Let nobody write to a folder."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        yield
    finally:
        for path in paths:
            path.chmod(0o755 if path.is_dir() else 0o644)


def without_privileges(body: Callable[[], None]) -> int | None:
    """Run a function in a process that modes of files hold for, as they do not for root; return its exit code."""

    def run() -> None:
        if os.geteuid() == 0:
            account = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        body()

    return in_child(run)


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that every user may look into, as the working directory."""
    folder = Path(tempfile.mkdtemp(prefix="sweeper-"))
    folder.chmod(0o755)
    monkeypatch.chdir(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("left", [(), ("-wal",), ("-wal", "-shm")], ids=["closed", "log left", "log and index left"])
def test_a_store_that_may_not_be_written_to_is_read_and_no_sweep_is_run_on_it(
    left: tuple[str, ...], public: Path, tmp_path: Path, command: Command
) -> None:
    """What a killed process has left of its writes beside the database is read as well."""
    made = thaw(OLDER_SWEEPER, tmp_path)
    database = public / "results" / "mlflow.db"
    shutil.copytree(tmp_path, public, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mlflow.db*"))
    with contextlib.closing(sqlite3.connect(made)) as writer:
        if left:
            writer.execute("UPDATE latest_metrics SET value = 77")
            writer.commit()
        for suffix in ("", *left):
            shutil.copyfile(f"{made}{suffix}", f"{database}{suffix}")
    shutil.copytree(public, tmp_path / "writable")
    os.chdir(tmp_path / "writable")
    expected = {arguments: command(*arguments).output for arguments in READING[1:3]}
    assert ("77" in expected["report",]) == bool(left)
    os.chdir(public)
    before = contents(public)

    def look() -> None:
        for arguments, output in expected.items():
            assert command(*arguments).output == output
        for arguments in READING:
            assert command(*arguments).exit_code == 0
        done = command(*RUN)
        assert (done.exit_code, "cannot be written to" in done.output) == (3, True), done.output

    with frozen(public):
        assert without_privileges(look) == 0
    assert contents(public) == before
