"""What ``gc`` clears away, and what it must never touch."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from sweeper.cli import main
from sweeper.errors import StoreError
from sweeper.housekeeping.clear import clear
from sweeper.housekeeping.gc import find
from sweeper.housekeeping.leftovers import LeftoverKind, in_words
from sweeper.housekeeping.remove import remove
from sweeper.housekeeping.rename import rename
from sweeper.store.disposal import own_folder
from sweeper.store.driver import Driver
from sweeper.store.host import Process
from sweeper.store.locate import local_path
from sweeper.store.records import DRIVERS_EXPERIMENT, RunRecord, RunStatus
from sweeper.store.tags import INVALIDATED, Kind, Tag
from tests.sweeping import counts, runs, sweep

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

DAY = 24 * 3600.0
TRAIN = """
task = "tests.pipelines.models:Train"
metric = "score"
[grid]
rate = [0.1, 0.2]
"""
UNKNOWN = "0123456789abcdef0123456789abcdef"


def cleared(store: ApiStore, kind: LeftoverKind, *sweeps: str, with_unnamed: bool = False) -> int:
    """Clear everything away; return how much of it was of a kind."""
    findings = find(store, sweeps, with_unnamed=with_unnamed)
    clear(store, findings)
    return len(findings.of(kind))


def folder_of(run: RunRecord) -> Path:
    folder = local_path(run.artifact_uri)
    assert folder is not None
    return folder


def age(path: Path, seconds: float = 2 * DAY) -> None:
    """Let a file, or a folder with what is in it, have been left alone for long."""
    for found in (path, *path.rglob("*")):
        os.utime(found, (time.time() - seconds,) * 2, follow_symlinks=False)


def make_old(path: Path) -> Path:
    """Make a file that nobody has touched for long."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("left", encoding="ascii")
    age(path)
    return path


def dead_driver(store: ApiStore) -> str:
    """Return a driver whose process is gone."""
    gone = Process.current().to_json().replace(f"{os.getpid()},", "999999999,")
    tags = {Tag.KIND: Kind.DRIVER, Tag.BEAT: repr(time.time()), Tag.PROCESS: gone}
    return store.start_run(DRIVERS_EXPERIMENT, "gone", tags=tags).run_id


class TestAttempts:
    """Attempts at work that has a result."""

    def test_a_failure_that_was_mended_goes_with_its_files(self, store: ApiStore) -> None:
        spec = f'{TRAIN}[fixed]\nneeds = "there"\n'
        assert sweep(spec, store.uri).states == {"failed": 2}
        Path("there").touch()
        assert sweep(spec, store.uri).states == {"computed": 2}
        failed = [run for run in runs(store.uri) if run.status is RunStatus.FAILED]
        assert all(folder_of(run).exists() for run in failed)
        assert cleared(store, LeftoverKind.ATTEMPT) == 2
        assert counts(store.uri) == {"collect": 1, "train": 2}
        assert not any(folder_of(run).parent.exists() for run in failed)
        assert sweep(spec, store.uri).states == {"reused": 2}

    def test_the_only_trace_of_a_failure_stays(self, store: ApiStore) -> None:
        sweep(f'{TRAIN}[fixed]\nneeds = "there"\n', store.uri)
        assert find(store).leftovers == ()

    def test_a_failure_stays_while_its_own_sweep_does_not_know_of_the_result(self, store: ApiStore) -> None:
        spec = f'{TRAIN}[fixed]\nneeds = "there"\n'
        sweep(spec, store.uri)
        Path("there").touch()
        sweep(spec, store.uri, name="other")
        assert not find(store).of(LeftoverKind.ATTEMPT)
        sweep(spec, store.uri)
        assert len(find(store).of(LeftoverKind.ATTEMPT)) == 2
        assert len(find(store, ["sweep"]).of(LeftoverKind.ATTEMPT)) == 2
        assert not find(store, ["other"]).of(LeftoverKind.ATTEMPT)

    def test_what_has_changed_since_it_was_shown_is_left_alone(self, store: ApiStore) -> None:
        spec = f'{TRAIN}[fixed]\nneeds = "there"\n'
        sweep(spec, store.uri)
        Path("there").touch()
        sweep(spec, store.uri)
        findings = find(store)
        changed = findings.of(LeftoverKind.ATTEMPT)[0].run
        assert changed
        store.log(changed.run_id, tags={"note": "look at this"})
        outcome = clear(store, findings)
        assert (outcome.number, len(outcome.left)) == (1, 1)
        assert "changed meanwhile" in outcome.left[0]


class TestStale:
    """Runs that were left RUNNING."""

    def test_runs_of_a_dead_driver_are_closed_and_those_of_a_living_one_are_not(self, store: ApiStore) -> None:
        with closing(Driver(store)) as living:
            for name, driver in (("mine", living.run_id), ("lost", dead_driver(store))):
                tags = {Tag.KIND: Kind.TASK, Tag.CLAIM: name, Tag.DRIVER: driver}
                store.start_run("work", name, tags=tags)
            assert cleared(store, LeftoverKind.STALE) == 2
            assert {run.name: run.status.value for run in runs(store.uri)} == {"mine": "RUNNING", "lost": "KILLED"}

    def test_a_run_that_names_no_driver_is_closed_after_a_day(self, store: ApiStore) -> None:
        run = store.start_run("work", "odd", tags={Tag.KIND: Kind.TASK, Tag.CLAIM: "odd"})
        assert not find(store).of(LeftoverKind.STALE)
        with closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database, database:
            database.execute("UPDATE runs SET start_time = start_time - 90000000 WHERE run_uuid = ?", (run.run_id,))
        assert cleared(store, LeftoverKind.STALE) == 1
        assert store.run(run.run_id).status is RunStatus.KILLED

    def test_runs_of_others_are_never_touched(self, store: ApiStore) -> None:
        foreign = store.start_run("work", "foreign", tags={"who": "somebody else"})
        with closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database, database:
            database.execute("UPDATE runs SET start_time = 0")
        folder = local_path(foreign.artifact_uri)
        assert folder
        make_old(folder / "model.bin")
        age(folder.parent)
        assert find(store, with_unnamed=True).leftovers == ()


class TestFiles:
    """Files that belong to nothing."""

    @pytest.fixture
    def home(self, store: ApiStore) -> Path:
        """The folder of an experiment that a sweep has filled."""
        sweep(TRAIN, store.uri)
        return folder_of(runs(store.uri, "train")[0]).parent.parent

    def test_the_folder_of_a_run_that_nobody_knows_goes_once_it_has_settled(self, store: ApiStore, home: Path) -> None:
        left = make_old(home / UNKNOWN / "artifacts" / "model.bin")
        assert not find(store).leftovers  # its folder was made just now
        age(home / UNKNOWN)
        assert [one.size for one in find(store).of(LeftoverKind.ORPHAN)] == [4]
        assert cleared(store, LeftoverKind.ORPHAN) == 1
        assert not left.parent.parent.exists()
        assert sweep(TRAIN, store.uri).states == {"reused": 2}

    def test_nothing_else_is_an_orphan(self, store: ApiStore, home: Path, tmp_path: Path) -> None:
        """Known runs, deleted ones too; names that are none of a run; experiments of others; what links lead to."""
        known, deleted = runs(store.uri, "train")
        store.delete_run(deleted.run_id)
        elsewhere = make_old(tmp_path / "precious" / "file").parent
        for path in (home / "models", home.parent / "foreign" / UNKNOWN, tmp_path / "results" / UNKNOWN):
            make_old(path / "file")
        (home / UNKNOWN).symlink_to(elsewhere)
        (home.parent / "linked").symlink_to(elsewhere.parent)
        for path in (home, home.parent / "foreign", folder_of(known), folder_of(deleted)):
            age(path)
        assert find(store).leftovers == ()

    def test_beside_another_database_nothing_is_an_orphan(self, store: ApiStore, home: Path) -> None:
        make_old(home / UNKNOWN / "file")
        age(home / UNKNOWN)
        database = Path(store.uri.removeprefix("sqlite:///"))
        shutil.copyfile(database, database.with_name("older.db"))
        findings = find(store)
        assert not findings.leftovers
        assert "older.db is a database too" in findings.notes[0]

    def test_logs_and_databases_that_were_never_finished_go(self, store: ApiStore, home: Path) -> None:
        run = store.start_run("train", "at it", tags={Tag.KIND: Kind.TASK, Tag.CLAIM: "x"})
        running, unknown = (make_old(home / f".{run_id}.log") for run_id in (run.run_id, UNKNOWN))
        database = Path(store.uri.removeprefix("sqlite:///"))
        half = make_old(database.with_name("mlflow.db.17.new-wal"))
        fresh = database.with_name("mlflow.db.18.new")
        shutil.copyfile(database, fresh)
        findings = find(store)
        assert {one.path for one in findings.leftovers} == {unknown, half}
        clear(store, findings)
        assert [path.exists() for path in (running, unknown, half, fresh)] == [True, False, False, True]

    def test_checkpoints_of_work_that_is_done_or_forsaken_go(self, store: ApiStore, home: Path) -> None:
        key = runs(store.uri, "train")[0].key
        names = (str(key), "a" * 64, "b" * 64)
        folders = [home / ".checkpoints" / name for name in names]
        for folder in folders:
            make_old(folder / "files" / "weights")
        age(folders[1], 80 * DAY)
        age(folders[2], 100 * DAY)
        assert cleared(store, LeftoverKind.CHECKPOINT) == 2
        assert [folder.exists() for folder in folders] == [False, True, False]

    def test_a_run_that_says_it_is_elsewhere_is_not_believed(self, store: ApiStore, home: Path, tmp_path: Path) -> None:
        run = runs(store.uri, "train")[0]
        make_old(tmp_path / "precious" / run.run_id / "artifacts" / "file")
        for place in (
            tmp_path / "precious" / run.run_id / "artifacts",
            home / ".." / home.name / run.run_id / "artifacts",
        ):
            with pytest.raises(StoreError, match="left alone"):
                own_folder(store.uri, RunRecord(run.run_id, "train", run.status, 0, 0, place.as_uri()))
        shutil.move(folder_of(run), tmp_path / "moved")
        folder_of(run).symlink_to(tmp_path / "moved")
        with pytest.raises(StoreError, match="left alone"):
            own_folder(store.uri, run)


class TestMadeAgain:
    """Artifacts of results that count no more."""

    @pytest.fixture
    def bad(self, store: ApiStore) -> RunRecord:
        """A result that was taken back, and not made again yet."""
        sweep(TRAIN, store.uri)
        bad = runs(store.uri, "train")[0]
        store.log(bad.run_id, tags={Tag.SUPERSEDED: INVALIDATED})
        return store.run(bad.run_id)

    def test_they_go_once_it_was_made_again_and_no_sooner(self, store: ApiStore, bad: RunRecord) -> None:
        assert not find(store).leftovers, "it may be let count again"
        sweep(TRAIN, store.uri)
        assert cleared(store, LeftoverKind.REMADE) == 1
        after = store.run(bad.run_id)
        assert not (folder_of(bad) / "model.json").exists()
        assert "made again by run" in after.tags[Tag.ARTIFACTS]
        assert (after.metrics, after.tags[Tag.SUPERSEDED]) == (bad.metrics, INVALIDATED)
        assert all((folder_of(run) / "model.json").exists() for run in runs(store.uri, "train") if run.key)
        assert not find(store).leftovers

    def test_what_a_sweeper_at_work_may_have_read_stays(self, store: ApiStore, bad: RunRecord) -> None:
        with closing(Driver(store)):
            sweep(TRAIN, store.uri)
            assert not find(store).leftovers
        with closing(Driver(store)) as later:
            with closing(sqlite3.connect(store.uri.removeprefix("sqlite:///"))) as database, database:
                database.execute("UPDATE runs SET start_time = start_time + 6000 WHERE run_uuid = ?", (later.run_id,))
            assert len(find(store, ["sweep"]).of(LeftoverKind.REMADE)) == 1

    def test_they_stay_if_what_was_made_again_is_gone_meanwhile(self, store: ApiStore, bad: RunRecord) -> None:
        sweep(TRAIN, store.uri)
        findings = find(store)
        (heir,) = (run for run in runs(store.uri, "train") if run.key == bad.tags[Tag.KEY])
        store.log(heir.run_id, tags={Tag.SUPERSEDED: INVALIDATED})
        assert "gone meanwhile" in clear(store, findings).left[0]
        assert (folder_of(bad) / "model.json").exists()


class TestUnnamed:
    """Results that no sweep names."""

    def test_what_a_removed_sweep_had_goes_and_what_another_needs_stays(self, store: ApiStore) -> None:
        sweep(TRAIN, store.uri)
        sweep(TRAIN.replace("0.1, ", ""), store.uri, name="other")
        assert not find(store, with_unnamed=True).leftovers
        remove(store, "sweep")
        assert not find(store).leftovers
        assert cleared(store, LeftoverKind.UNNAMED, with_unnamed=True) == 1
        assert [run.params["rate"] for run in runs(store.uri, "train")] == ["0.2"]
        remove(store, "other")
        assert cleared(store, LeftoverKind.UNNAMED, with_unnamed=True) == 2
        assert counts(store.uri) == {}

    def test_what_an_unfinished_sweep_had_made_upstream_stays(self, store: ApiStore) -> None:
        sweep(f'{TRAIN}[fixed]\nneeds = "there"\n', store.uri)
        for run in runs(store.uri, "train"):
            store.delete_run(run.run_id)  # as if the sweep had been stopped before
        assert counts(store.uri) == {"collect": 1}
        assert not find(store, with_unnamed=True).leftovers
        rename(store, "sweep", "better")
        assert not find(store, with_unnamed=True).leftovers
        remove(store, "better")
        assert len(find(store, with_unnamed=True).of(LeftoverKind.UNNAMED)) == 1

    def test_nothing_is_taken_while_a_sweeper_is_at_work(self, store: ApiStore) -> None:
        sweep(TRAIN, store.uri)
        remove(store, "sweep")
        findings = find(store, with_unnamed=True)
        with closing(Driver(store)):
            assert "a sweeper is at work" in " ".join(find(store, with_unnamed=True).notes)
            assert len(clear(store, findings).left) == 3
        assert counts(store.uri) == {"collect": 1, "train": 2}

    def test_a_kill_in_the_middle_leaves_no_result_without_its_files(
        self, store: ApiStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        sweep(TRAIN, store.uri)
        remove(store, "sweep")
        findings = find(store, with_unnamed=True)
        with monkeypatch.context() as patch:
            patch.setattr(store, "delete_run", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                clear(store, findings)
        assert all(folder_of(run).exists() for run in runs(store.uri) if run.key)
        assert cleared(store, LeftoverKind.UNNAMED, with_unnamed=True) == 3
        assert counts(store.uri) == {}


class TestCommand:
    """``sweeper gc``."""

    def test_it_shows_what_and_how_much_and_changes_nothing_unless_it_is_told_to(self, store: ApiStore) -> None:
        sweep(f'{TRAIN}[keep]\nartifacts = "best:1"\n', store.uri)
        for arguments, code in ((["--dry-run", "--list"], 0), ([], 2)):
            done = CliRunner().invoke(main, ["gc", "--tracking-uri", store.uri, *arguments])
            assert done.exit_code == code, done.output
            assert "     1    6 bytes  results whose artifacts [keep] lets go" in done.output
        assert "say it by --yes" in done.output
        done = CliRunner().invoke(main, ["gc", "--tracking-uri", store.uri, "--yes"])
        assert done.output.endswith("1 cleared away, 6 bytes freed\n"), done.output
        done = CliRunner().invoke(main, ["gc", "--tracking-uri", store.uri])
        assert done.output == "nothing to clear away\n"

    def test_a_sweep_that_is_not_there_is_said_to_be(self, store: ApiStore) -> None:
        sweep(TRAIN, store.uri)
        done = CliRunner().invoke(main, ["gc", "swep", "--tracking-uri", store.uri])
        assert done.exit_code == 2
        assert done.output.endswith("has no sweep swep; did you mean sweep?\n")


def test_sizes_are_said_in_the_unit_that_fits() -> None:
    assert [in_words(size) for size in (0, 999, 1000, 2_500_000, 7e15)] == [
        "0 bytes",
        "999 bytes",
        "1.0 kB",
        "2.5 MB",
        "7,000.0 TB",
    ]
