"""What a long task saves is there for the next attempt, wherever that runs; and is gone once there is a result."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper import MlflowTask
from sweeper.errors import StoreError, TaskError
from sweeper.session import EngineName
from sweeper.store.api import ApiStore
from sweeper.store.index import Index
from sweeper.store.records import OpenRun, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.unrecorded import Unrecorded, keep
from sweeper.task import checkpoint_place, checkpoints, key_of, mirror
from sweeper.task.checkpoint_place import Place, acquire, checkpoint_folders, discard
from sweeper.task.context import Context, current, use
from sweeper.task.late import record_late
from sweeper.task.manifest import Content, from_json, to_json
from sweeper.task.mirror import Mirror, Mirrored, fetch, mirrored_for
from tests.pipelines.steps import Steps
from tests.sweeping import runs, sweep
from tests.task.test_base import metrics_of

STEPS = """
task = "tests.pipelines.steps:Steps"
metric = "score"
[grid]
number = [12]
[fixed]
stops = [1, 3, 4, 7, 10]
"""

ENDS = {1: signal.SIGKILL, 3: signal.SIGTERM, 4: signal.SIGKILL, 7: signal.SIGHUP, 10: signal.SIGKILL}
"""How the attempt that hangs after a step ends."""

PATIENCE_SECONDS = 60


class Saves(MlflowTask):
    """Save a file in several attempts; fail in all but the last."""

    def _run(self) -> None:
        saved = self.checkpoint_dir / "deep" / "attempts"
        saved.parent.mkdir(exist_ok=True)
        attempts = len(saved.read_text(encoding="ascii")) if saved.exists() else 0
        saved.write_text("x" * (attempts + 1), encoding="ascii")
        if attempts < 2:
            raise RuntimeError("out of memory")
        self.save_to_mlflow(metrics={"attempts": attempts + 1})


def fail(task: MlflowTask) -> None:
    """Let an attempt fail as it means to."""
    with pytest.raises(RuntimeError, match="out of memory"):
        task.run()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < until, "not so in time"
        time.sleep(0.01)


def attempt(uri: str) -> None:
    """Run the task alone, which asks less of a server than a sweep does."""
    from sweeper.store import open_store

    store = open_store(uri)
    with use(Context(store, Index(store), labels={Tag.DRIVER: "none"})):
        Steps(stops=(*ENDS,)).run()


def interrupt_at(step: int, is_saved: Callable[[], bool], body: Callable[..., object], *args: object) -> None:
    """Run the task in a process of its own, and end it when it hangs after a step."""
    child = multiprocessing.get_context("fork").Process(target=body, args=args)
    child.start()
    wait_until(lambda: Path(f"at-{step}").exists() and is_saved())
    assert child.pid is not None
    os.kill(child.pid, ENDS[step])
    child.join(PATIENCE_SECONDS)
    assert child.exitcode is not None, "it did not end"


def ledger() -> list[int]:
    """Return the steps that were taken."""
    return [int(line) for line in Path("ledger").read_text(encoding="ascii").split()]


def test_a_task_that_is_killed_five_times_takes_each_step_once(store_uri: str, store: ApiStore) -> None:
    for step in ENDS:
        interrupt_at(step, lambda: True, sweep, STEPS, store_uri)
    assert sweep(STEPS, store_uri).states == {"computed": 1}
    assert ledger() == [*range(12)]
    assert [run.status.value for run in runs(store_uri)] == ["KILLED"] * 5 + ["FINISHED"]
    assert [*checkpoint_folders(store)] == []


def test_so_it_does_when_its_worker_is_lost(store_uri: str) -> None:
    swept = sweep(STEPS.replace("stops = [1, 3, 4, 7, 10]", "ends = [3, 6]"), store_uri, engine=EngineName.LOCAL)
    assert swept.states == {"computed": 1}, swept.reasons
    assert ledger() == [*range(12)]
    assert [run.status.value for run in runs(store_uri)] == ["FAILED", "FAILED", "FINISHED"]


def test_so_it_does_on_other_machines_that_see_only_the_server(
    server_uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A cache of its own is what makes another machine of it."""
    from sweeper.store import open_store

    monkeypatch.setattr(mirror, "SECONDS_BETWEEN", 0.05)
    store = open_store(server_uri)
    for step in ENDS:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / f"machine-{step}"))
        look = tmp_path / f"look-{step}"
        interrupt_at(step, lambda look=look, step=step: newest_steps(store, look) == step + 1, attempt, server_uri)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "last"))
    attempt(server_uri)
    assert ledger() == [*range(12)]
    assert [*checkpoint_folders(store)] == []
    attempts = store.runs_in(["steps"])
    assert [run.status.value for run in attempts] == ["RUNNING"] * 5 + ["FINISHED"]
    assert [name for run in attempts for name in store.artifact_names(run) if name != "task.log"] == []
    assert not any(run.tags.get(Tag.CHECKPOINT) for run in attempts)


def newest_steps(store: ApiStore, into: Path) -> int:
    """Return how many steps the newest whole checkpoint in a store has."""
    time.sleep(0.1)  # each look is a handful of requests
    (*_, run) = store.runs_in(["steps"])
    if not run.tags.get(Tag.CHECKPOINT):
        return 0
    into.mkdir(exist_ok=True)
    with contextlib.suppress(StoreError, FileNotFoundError):  # a newer state may just take its place
        fetch(store, Mirrored(run, int(run.tags[Tag.CHECKPOINT])), into)
        return int((into / "steps").read_text(encoding="ascii"))
    return 0


def test_a_folder_of_results_is_moved_with_its_checkpoints(context: Context, tmp_path: Path) -> None:
    from sweeper.store import open_store
    from sweeper.store.locate import sqlite_uri

    fail(Saves())
    fail(Saves())
    shutil.copytree(tmp_path / "results", tmp_path / "elsewhere")
    store = open_store(sqlite_uri(tmp_path / "elsewhere" / "mlflow.db"))
    with use(Context(store, Index(store), labels=context.labels)):
        Saves().run()
        assert [*checkpoint_folders(store)] == []
    assert len([*checkpoint_folders(context.store)]) == 1


def test_checkpoints_are_no_artifacts_and_no_runs(context: Context) -> None:
    fail(Saves())
    (run,) = context.store.runs_with(Tag.KIND, "task")
    ((key, folder),) = checkpoint_folders(context.store)
    assert key == key_of(Saves())
    assert context.store.artifact_names(run) == ["task.log"]
    assert folder.parent.name.startswith("."), "so that what lists runs passes it by"


def test_they_go_also_where_the_result_is_recorded_late(context: Context) -> None:
    fail(Saves())
    (run,) = context.store.runs_with(Tag.KIND, "task")
    ((key, _),) = checkpoint_folders(context.store)
    kept = Unrecorded(OpenRun(run.run_id, run.name, run.artifact_uri, run.start_time), key, run.start_time + 1)
    keep(context.store.uri, kept, {})
    assert [result.key for result in record_late(context.store).recorded] == [key]
    assert [*checkpoint_folders(context.store)] == []


def test_the_last_that_goes_takes_its_empty_home_along(context: Context) -> None:
    fail(Saves())
    fail(Saves())
    ((_, folder),) = checkpoint_folders(context.store)
    other = Place(folder.parent / "other")
    other.make()
    Saves().run()
    assert [*folder.parent.iterdir()] == [other.folder]
    assert discard(other.folder)
    assert not folder.parent.exists()


def test_a_home_that_goes_while_a_place_in_it_is_made_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path / "home" / "key")
    make, goes = Path.mkdir, [place.folder]

    def mkdir(path: Path, **options: bool) -> None:
        if path in goes:
            goes.remove(path)
            path.parent.rmdir()
        make(path, **options)

    monkeypatch.setattr(Path, "mkdir", mkdir)
    place.make()
    assert place.files.is_dir()
    assert goes == []


def test_a_planted_link_is_not_followed(context: Context, tmp_path: Path) -> None:
    fail(Saves())
    ((_, folder),) = checkpoint_folders(context.store)
    (tmp_path / "outside").mkdir()
    for place in (folder / "files", folder, folder.parent):
        place.rename(tmp_path / f"was-{place.name}")
        place.symlink_to(tmp_path / "outside")
        with pytest.raises(TaskError, match="is a link"):
            Saves().run()
    assert [*(tmp_path / "outside").iterdir()] == []


def test_what_became_a_result_is_not_gone_on_from_when_it_is_made_again(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between the commit and the removal leaves the folder behind."""
    with monkeypatch.context() as killed:
        killed.setattr(checkpoints, "discard", lambda *_, **__: False)
        fail(Saves())
        fail(Saves())
        Saves().run()
    ((_, folder),) = checkpoint_folders(context.store)
    assert (folder / "files" / "deep").exists()
    (*_, run) = context.store.runs_with(Tag.KEY, key_of(Saves()))
    context.store.log(run.run_id, tags={Tag.SUPERSEDED: "bad data"})
    with use(replace(current(), index=Index(context.store))):
        fail(Saves())


def test_that_other_code_saved_a_checkpoint_is_in_the_log(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    fail(Saves())
    monkeypatch.setattr("sweeper.task.base.source_digest", lambda _: "other")
    fail(Saves())
    first, second = context.store.runs_with(Tag.KIND, "task")
    text = context.store.artifact(second, "task.log").read_text(encoding="utf-8")
    assert f"checkpoints that other code has saved (run {first.run_id})" in text


def hold(folder: Path, stop: Path) -> None:
    """Hold the lock of a key's checkpoints."""
    assert acquire(folder, 0) is not None
    (folder / "held").touch()
    while not stop.exists():
        time.sleep(0.01)


def test_two_attempts_at_once_do_not_write_in_one_folder(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoints, "LOCK_SECONDS", 0.1)
    fail(Saves())
    ((_, folder),) = checkpoint_folders(context.store)
    child = multiprocessing.get_context("fork").Process(target=hold, args=(folder, tmp_path / "stop"))
    child.start()
    wait_until((folder / "held").exists)
    try:
        fail(Saves())
        assert (folder / "files" / "deep" / "attempts").read_text(encoding="ascii") == "x"
        assert not discard(folder), "nor is it taken away from one that runs"
    finally:
        (tmp_path / "stop").touch()
        child.join()
    assert discard(folder)
    assert [*checkpoint_folders(context.store)] == []


@pytest.fixture
def run(store: ApiStore) -> OpenRun:
    """A run that a task is at."""
    return store.start_run("train", "", tags={Tag.CLAIM: "1-ab"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with checkpoints."""
    (tmp_path / "key" / "files").mkdir(parents=True)
    return tmp_path / "key" / "files"


def mirror_of(store: ApiStore, run: OpenRun, folder: Path) -> Mirror:
    """Return a mirror that works only when it is told to."""
    return Mirror(store, run, folder, 0, lambda _: None, is_in_step=False)


def fetched(store: ApiStore, into: Path) -> dict[str, str]:
    """Return the files of the newest whole checkpoint by their names."""
    into.mkdir()
    fetch(store, mirrored_for(store, "1-ab")[0], into)
    files = (path for path in into.rglob("*") if path.is_file())
    return {path.relative_to(into).as_posix(): path.read_text(encoding="ascii") for path in files}


def test_a_mirror_has_the_files_and_what_links_lead_to_but_not_outside(
    store: ApiStore, run: OpenRun, folder: Path, tmp_path: Path
) -> None:
    (folder / "a").mkdir()
    (folder / "a" / "step 1.bin").write_text("one", encoding="ascii")
    (folder / "latest").symlink_to(folder / "a" / "step 1.bin")
    (tmp_path / "secret").write_text("secret", encoding="ascii")
    (folder / "planted").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    mirror_of(store, run, folder).stop(is_final=True)
    assert fetched(store, tmp_path / "copy") == {"a/step 1.bin": "one", "latest": "one"}
    assert [*folder.parent.iterdir()] == [folder], "nothing is left of what was put aside"


def test_a_new_state_takes_the_place_of_the_last_and_what_did_not_change_is_not_stored_again(
    store: ApiStore, run: OpenRun, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored: list[str] = []
    save = store.save_artifact
    monkeypatch.setattr(store, "save_artifact", lambda run, path, name: (stored.append(name), save(run, path, name)))
    for name in ("weights", "constant"):
        (folder / name).write_text(name, encoding="ascii")
    copies = mirror_of(store, run, folder)
    copies._update()
    copies._update()
    assert len(stored) == 3
    (folder / "weights").write_text("better", encoding="ascii")
    copies.stop(is_final=True)
    assert len(stored) == 5
    assert fetched(store, tmp_path / "copy") == {"weights": "better", "constant": "constant"}
    assert len(store.artifact_names(store.run(run.run_id))) == 3, "two files and the manifest"


def test_a_file_that_is_written_to_while_it_is_copied_stays_as_it_was(
    store: ApiStore, run: OpenRun, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "weights").write_text("whole", encoding="ascii")
    copies = mirror_of(store, run, folder)
    copies._update()
    save = store.save_artifact

    def save_meanwhile(run: OpenRun, path: Path, name: str) -> None:
        save(run, path, name)
        if not name.endswith(".json"):
            with (folder / "weights").open("a", encoding="ascii") as file:
                file.write("more")

    monkeypatch.setattr(store, "save_artifact", save_meanwhile)
    (folder / "weights").write_text("half", encoding="ascii")
    (folder / "other").write_text("other", encoding="ascii")
    copies._update()
    assert fetched(store, tmp_path / "copy") == {"weights": "whole", "other": "other"}
    monkeypatch.undo()
    copies.stop(is_final=True)
    assert fetched(store, tmp_path / "next")["weights"].startswith("half")


def test_a_store_that_is_away_does_not_disturb_the_task(
    store: ApiStore, run: OpenRun, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise StoreError("away")

    (folder / "weights").write_text("one", encoding="ascii")
    copies = mirror_of(store, run, folder)
    copies._update()
    (folder / "weights").write_text("two", encoding="ascii")
    with monkeypatch.context() as down:
        down.setattr(store, "save_artifact", away)
        copies._update_or_log()
        assert fetched(store, tmp_path / "copy") == {"weights": "one"}
    copies.stop(is_final=True)
    assert fetched(store, tmp_path / "next") == {"weights": "two"}


def test_a_checkpoint_that_was_tampered_with_is_refused(
    store: ApiStore, run: OpenRun, folder: Path, tmp_path: Path
) -> None:
    (folder / "weights").write_text("one", encoding="ascii")
    mirror_of(store, run, folder).stop(is_final=True)
    record = store.run(run.run_id)
    digest = Content.of(folder / "weights").sha256
    store.artifact(record, f"checkpoints/{digest}").write_text("two", encoding="ascii")
    with pytest.raises(ValueError, match="is not what was saved"):
        fetched(store, tmp_path / "copy")


def test_where_the_newest_cannot_be_used_the_one_before_is(
    context: Context, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(checkpoints, "_is_far", lambda _: True)
    monkeypatch.setattr(checkpoint_place, "checkpoint_home", lambda _: None)
    for machine in ("a", "b"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / machine))
        fail(Saves())
    first, second = mirrored_for(context.store, key_of(Saves()))[::-1]
    assert (first.generation, second.generation) == (1, 2)
    context.store.remove_artifact(second.run, f"checkpoints/{second.generation}.json")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "c"))
    fail(Saves())
    Saves().run()
    assert metrics_of(Saves()) == {"attempts": 3}
    assert not any(run.tags[Tag.CHECKPOINT] for run in context.store.runs_with(Tag.CHECKPOINT))


def test_what_an_attempt_before_the_last_result_has_left_is_not_taken(
    store: ApiStore, run: OpenRun, folder: Path
) -> None:
    (folder / "weights").write_text("one", encoding="ascii")
    mirror_of(store, run, folder).stop(is_final=True)
    assert [found.generation for found in mirrored_for(store, "1-ab")] == [1]
    time.sleep(0.002)  # runs are ordered by the millisecond in which they began
    later = store.start_run("train", "", tags={Tag.CLAIM: "1-ab", Tag.KEY: "1-ab"})
    store.end_run(later.run_id, RunStatus.FINISHED)
    assert mirrored_for(store, "1-ab") == []


CONTENTS = st.builds(Content, st.integers(0, 2**70), st.text("0123456789abcdef", min_size=64, max_size=64))
NAMES = st.lists(st.text(min_size=1).filter(lambda name: "/" not in name and name not in (".", "..")), min_size=1)


@given(st.dictionaries(NAMES.map("/".join).filter(lambda name: "\0" not in name), CONTENTS))
def test_a_manifest_comes_back_as_it_was(manifest: dict[str, Content]) -> None:
    assert from_json(to_json(manifest)) == manifest


@pytest.mark.parametrize("name", ["", ".", "..", "a/../b", "/etc/passwd", "a//b", "a/", "./a", "a\0b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no name of a file"):
        from_json(json.dumps({name: [1, "a" * 64]}))


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"a": 1}', '{"a": [1, "b"]}', f'{{"a": [-1, "{"a" * 64}"]}}', f'{{"a": ["1", "{"a" * 64}"]}}']
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no table|is not the size|Expecting"):
        from_json(text)


def test_a_state_that_was_half_written_is_as_none(tmp_path: Path) -> None:
    place = Place(tmp_path)
    assert place.state() == ("", 0)
    place.note("ab", 3)
    assert place.state() == ("ab", 3)
    (tmp_path / "state.json").write_text('["ab"', encoding="ascii")
    assert place.state() == ("", 0)
