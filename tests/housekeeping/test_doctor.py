"""A check-up: what it says of a store that is well, and of one in which something is wrong."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections import namedtuple
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner
from filelock import FileLock

from sweeper.cli import main
from sweeper.housekeeping import database_checks, machine_checks
from sweeper.housekeeping.diagnosis import Diagnosis, Level, exit_code
from sweeper.housekeeping.doctor import examine
from sweeper.housekeeping.server_checks import checks_for
from sweeper.store import health
from sweeper.store.driver import Driver
from sweeper.store.host import Process
from sweeper.store.locate import local_path, sqlite_uri
from sweeper.store.records import DRIVERS_EXPERIMENT, LOG_ARTIFACT, OpenRun, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.store.unrecorded import Unrecorded, keep

if TYPE_CHECKING:
    from collections.abc import Callable

    from sweeper.store.api import ApiStore


def amiss(uri: str) -> dict[str, Diagnosis]:
    """Return what is not well, by check."""
    return {one.check: one for one in examine(uri) if one.level is not Level.OK}


def database_of(uri: str) -> Path:
    return Path(uri.removeprefix("sqlite:///"))


def contents(folder: Path) -> dict[str, int]:
    """Return when each file was last written to."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-shm", "-wal")))
    return {str(path): path.stat().st_mtime_ns for path in files}


def test_a_store_that_is_well_is_said_to_be_and_is_not_changed(store: ApiStore, tmp_path: Path) -> None:
    before = contents(tmp_path)
    found = [*examine(store.uri)]
    assert {one.level for one in found} == {Level.OK}, found
    assert {one.check for one in found} >= {
        *(
            "versions",
            "store",
            "file system",
            "disk",
            "folder",
            "writing",
            "clock",
            "integrity",
            "journal",
            "lock",
            "schema",
        ),
        *("drivers", "stale runs", "unrecorded"),
    }
    assert contents(tmp_path) == before
    assert exit_code(found) == 0


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    assert not amiss(sqlite_uri(tmp_path / "results" / "mlflow.db"))
    assert not (tmp_path / "results").exists()


def test_a_server_that_is_away_is_exit_code_3_and_says_what_to_do() -> None:
    done = CliRunner().invoke(main, ["doctor", "--tracking-uri", "http://me:secret@127.0.0.1:1"])
    assert done.exit_code == 3
    assert "the store cannot be reached" in done.output
    assert "to mend it: start it" in done.output
    assert "secret" not in done.output


def test_the_store_comes_as_json_too(store_uri: str) -> None:
    done = CliRunner().invoke(main, ["doctor", "--json", "--tracking-uri", store_uri])
    assert done.exit_code == 0
    assert {"check": "store", "level": "ok", "found": store_uri, "remedy": ""} in json.loads(done.output)


def scribble(database: Path) -> None:
    """Write over a quarter of a file."""
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))


def cut(database: Path) -> None:
    """Cut a file in the middle."""
    os.truncate(database, database.stat().st_size // 2)


def swap_for_folder(database: Path) -> None:
    """Put a folder in a file's place."""
    database.rename(database.with_name("file"))
    database.mkdir()
    database.with_name("file").rename(database / "mlflow.db")


@pytest.mark.parametrize(
    ("damage", "found", "remedy"),
    [
        (scribble, "is damaged: ", ".recover | sqlite3 "),
        (cut, "is damaged: ", ".recover | sqlite3 "),
        (lambda path: path.write_bytes(b""), "is an empty file", "restore it from a backup"),
        (lambda path: path.write_bytes(b"no database" * 100), "is no SQLite database", "restore it from a backup"),
        (swap_for_folder, "is a folder", "mlflow.db/mlflow.db by --tracking-uri"),
    ],
    ids=["scribbled", "cut", "empty", "garbage", "folder"],
)
def test_damage_is_one_problem_with_its_remedy(
    store_uri: str, damage: Callable[[Path], object], found: str, remedy: str
) -> None:
    database = database_of(store_uri)
    damage(database)
    before = contents(database.parent)
    said = [*examine(store_uri)]
    (problem,) = (one for one in said if one.level is Level.PROBLEM)
    assert problem.check == "integrity"
    assert found in problem.found
    assert remedy in problem.remedy
    skipped = {one.check: one.found for one in said if one.level is Level.SKIPPED}
    assert skipped.keys() == {"journal", "writing", "artifacts", "results", "schema", "drivers", "stale runs"}
    assert {*skipped.values()} == {"not looked at: the database is damaged"}
    assert {"disk", "lock", "unrecorded"} <= {one.check for one in said if one.level is Level.OK}
    assert exit_code(said) == 1
    assert contents(database.parent) == before


def test_results_that_have_lost_their_folders_are_counted(store: ApiStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        tags = {Tag.KIND: Kind.TASK, Tag.KEY: f"key {number}", Tag.LOG: LOG_ARTIFACT}
        run = store.start_run("work", f"{number}", tags=tags)
        folder = local_path(run.artifact_uri)
        assert folder
        folder.mkdir(parents=True)
        store.end_run(run.run_id, RunStatus.FINISHED, ended=run.start_time + number)
    assert "results" not in amiss(store.uri)
    folder.rmdir()
    assert "of the latest 3 results that kept a log, 1 without the folder" in amiss(store.uri)["results"].found
    store.log(run.run_id, tags={Tag.SUPERSEDED: "invalidated"})
    assert "results" not in amiss(store.uri), "it is no result any more"
    store.untag(run.run_id, [Tag.SUPERSEDED])
    monkeypatch.setattr(database_checks, "MOST_RESULTS", 1)
    assert "latest 1 results" in amiss(store.uri)["results"].found
    there = database_of(store.uri).parent
    there.rename(there.with_name("moved"))
    monkeypatch.setattr(database_checks, "MOST_RESULTS", 3)
    assert (
        "3 results that kept a log, 1 without the folder"
        in amiss(sqlite_uri(there.with_name("moved") / "mlflow.db"))["results"].found
    )


def test_another_schema_is_told_from_this_mlflows(store_uri: str) -> None:
    with closing(sqlite3.connect(database_of(store_uri))) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'of the future'")
    assert "newer MLflow" in amiss(store_uri)["schema"].found


def test_another_journal_is_a_warning_with_the_way_back(store_uri: str) -> None:
    with closing(sqlite3.connect(database_of(store_uri))) as database:
        database.execute("PRAGMA journal_mode=DELETE")
    found = amiss(store_uri)["journal"]
    assert found.level is Level.WARNING
    assert "PRAGMA journal_mode=WAL" in found.remedy


def test_a_database_that_another_program_has_locked_is_a_warning(
    store_uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "BUSY_SECONDS", 0.1)
    with closing(sqlite3.connect(database_of(store_uri), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = amiss(store_uri)["writing"]
    assert found.level is Level.WARNING
    assert "locked" in found.found


def test_who_holds_the_lock_is_named(store_uri: str) -> None:
    with FileLock(f"{database_of(store_uri)}.lock"):
        assert f"process {os.getpid()}" in amiss(store_uri)["lock"].found


def test_a_store_that_was_moved_is_said_to_be(store_uri: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database_of(store_uri))) as database, database:
        there = (tmp_path / "results" / "artifacts" / DRIVERS_EXPERIMENT).as_uri()
        database.execute("UPDATE experiments SET artifact_location = ? WHERE name = ?", (there, DRIVERS_EXPERIMENT))
    shutil.move(tmp_path / "results", tmp_path / "moved")
    found = amiss(sqlite_uri(tmp_path / "moved" / "mlflow.db"))["artifacts"]
    assert str(tmp_path / "results") in found.found


def test_a_network_file_system_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mounts = f"disk / ext4 rw 0 0\nhost:/home {tmp_path}/my\\040home nfs4 rw 0 0\nx {tmp_path}/u fuse.sshfs rw 0 0\n"
    (tmp_path / "mounts").write_text(mounts, encoding="ascii")
    monkeypatch.setattr(machine_checks, "MOUNTS", tmp_path / "mounts")
    for folder, level in (("my home", Level.PROBLEM), ("u", Level.PROBLEM), ("us", Level.OK), (".", Level.OK)):
        (tmp_path / folder).mkdir(exist_ok=True)
        assert [one.level for one in machine_checks.file_system(tmp_path / folder / "results")] == [level]


@pytest.mark.parametrize(("free", "level"), [(5e7, Level.PROBLEM), (5e8, Level.WARNING), (5e9, Level.OK)])
def test_little_room_is_noticed(free: float, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1e12, 1e12 - free, free))
    assert [one.level for one in machine_checks.disk(tmp_path)] == [level]


@pytest.mark.parametrize(("drift", "words"), [(4.9, "agrees"), (61, "61 s ahead of"), (-3600, "3,600 s behind")])
def test_a_clock_that_is_off_is_noticed(drift: float, words: str) -> None:
    (found,) = machine_checks.clock(drift, "the server's clock")
    assert words in found.found


def test_a_library_that_is_too_old_is_named_with_what_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        machine_checks, "requires", lambda _: ["luigi>=99", "no-such-thing>=1", "mlflow>=3", "x; extra == 'y'"]
    )
    (found,) = machine_checks.versions()
    assert found.level is Level.PROBLEM
    assert "(needs >=99); no-such-thing is missing" in found.found


class TestWork:
    """Who is at work, and what was left behind."""

    def test_a_living_driver_is_told_of_with_what_it_runs(self, store: ApiStore) -> None:
        with closing(Driver(store, at="bert")) as driver:
            store.start_run("work", "w", tags={Tag.KIND: Kind.TASK, Tag.CLAIM: "k", Tag.DRIVER: driver.run_id})
            found = [one for one in examine(store.uri) if one.check == "drivers"]
        assert [one.level for one in found] == [Level.OK]
        assert found[0].found.endswith("at bert, 1 task running")

    def test_one_of_another_host_that_is_silent_or_ahead_is_a_warning(self, store: ApiStore) -> None:
        elsewhere = json.dumps(["far.away", "boot", 1, 1.0])
        for beat in (time.time() - 600, time.time() + 600):
            tags = {Tag.KIND: Kind.DRIVER, Tag.PROCESS: elsewhere, Tag.BEAT: repr(beat)}
            store.start_run(DRIVERS_EXPERIMENT, "far.away 1", tags=tags)
        found = [one for one in examine(store.uri) if one.check == "drivers"]
        assert [one.level for one in found] == [Level.WARNING] * 2
        assert "600 s ago" in found[0].found
        assert "in the future" in found[1].found

    def test_what_a_dead_driver_left_is_a_warning(self, store: ApiStore) -> None:
        gone = Process.current().to_json().replace(f"{os.getpid()},", "999999999,")
        store.start_run(DRIVERS_EXPERIMENT, "gone", tags={Tag.KIND: Kind.DRIVER, Tag.PROCESS: gone, Tag.BEAT: "1.0"})
        assert "sweeper gc" in amiss(store.uri)["stale runs"].remedy

    def test_results_that_are_not_recorded_yet_are_a_warning(self, store: ApiStore) -> None:
        keep(store.uri, Unrecorded(OpenRun("a" * 32, "work", "file:///x", 1), "key", 2), {})
        assert "1 result kept in" in amiss(store.uri)["unrecorded"].found


def test_what_is_asked_of_a_server_depends_on_what_it_is() -> None:
    assert [*checks_for("https://mlflow.example.org")] == ["server", "clock", "artifacts"]
    assert [*checks_for("postgresql+psycopg2://db/x")] == ["schema", "writing", "clock", "artifacts"]
