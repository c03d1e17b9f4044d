"""A results folder in which others may write: what they plant there leads nowhere, and the umask holds."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import luigi
import pytest

from sweeper import MlflowTask
from sweeper.errors import StoreError, TaskError
from sweeper.store.api import ApiStore
from sweeper.store.locate import spool_path
from sweeper.store.logs import keep_log
from sweeper.store.records import LOG_ARTIFACT, OpenRun, RunStatus
from sweeper.store.setup import prepare
from sweeper.task.checkpoint_place import Place
from sweeper.task.context import Context


class Work(MlflowTask):
    """Print, and save an artifact."""

    class Meta:
        mlflow_artifact_fnames = {"text": "text.txt"}  # noqa: RUF012 (read once)

    number: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        print("said by the task")  # noqa: T201
        self.save_to_mlflow({"text": ("hello", lambda text, path: Path(path).write_text(text, encoding="utf-8"))})


@pytest.fixture
def precious(tmp_path: Path) -> Iterator[Path]:
    """A file of the user's, outside of the results; it is as it was when the test is over."""
    file = tmp_path / "precious"
    file.write_text("precious", encoding="utf-8")
    file.chmod(0o600)
    yield file
    assert file.read_text(encoding="utf-8") == "precious"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def spool_of(run: OpenRun) -> Path:
    """Return where a running task's log is written."""
    spool = spool_path(run.artifact_uri)
    assert spool is not None
    return spool


@pytest.mark.parametrize("plant", [os.symlink, os.link], ids=["link", "second name"])
def test_a_log_is_not_written_through_what_was_planted(
    plant: Callable[..., None], context: Context, precious: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = ApiStore.start_run

    def start_and_plant(*args: Any, **kwargs: Any) -> OpenRun:
        run = start(*args, **kwargs)
        spool_of(run).parent.mkdir(parents=True, exist_ok=True)
        plant(precious, spool_of(run))
        return run

    monkeypatch.setattr(ApiStore, "start_run", start_and_plant)
    with pytest.raises(OSError, match=r"\.log"):
        Work().run()


def test_a_link_in_the_place_of_a_log_is_not_kept_as_one(store: ApiStore, precious: Path) -> None:
    run = store.start_run("e", "r", tags={})
    spool_of(run).parent.mkdir(parents=True)
    spool_of(run).symlink_to(precious)
    assert keep_log(store, run, spool_of(run)) == {}
    assert not list(precious.parent.rglob(LOG_ARTIFACT))


def test_a_log_takes_the_place_of_a_link_and_does_not_follow_it(store: ApiStore, precious: Path) -> None:
    run = store.start_run("e", "r", tags={})
    folder = Path(run.artifact_uri.removeprefix("file://"))
    folder.mkdir(parents=True)
    (folder / LOG_ARTIFACT).symlink_to(precious)
    spool_of(run).write_text("said", encoding="utf-8")
    keep_log(store, run, spool_of(run))
    assert not (folder / LOG_ARTIFACT).is_symlink()


def test_an_artifact_is_not_written_through_a_link(store: ApiStore, tmp_path: Path, precious: Path) -> None:
    run = store.start_run("e", "r", tags={})
    folder = Path(run.artifact_uri.removeprefix("file://"))
    folder.mkdir(parents=True)
    (folder / "text.txt").symlink_to(precious)
    (tmp_path / "text.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(TaskError, match="outside the artifact directory"):
        store.save_artifact(run, tmp_path / "text.txt", "text.txt")


def test_the_lock_of_a_store_is_no_way_out(tmp_path: Path, precious: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "mlflow.db.lock").symlink_to(precious)
    with pytest.raises(StoreError):
        prepare(tmp_path / "results" / "mlflow.db")


def test_a_new_database_is_made_where_nobody_else_can_plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Path, int]] = []

    def look(uri: str) -> None:
        folder = Path(uri.removeprefix("sqlite:///")).parent
        seen.append((folder, stat.S_IMODE(folder.stat().st_mode)))
        raise OSError("enough was seen")

    monkeypatch.setattr("mlflow.tracking.MlflowClient", look)
    with pytest.raises(StoreError, match="enough"):
        prepare(tmp_path / "results" / "mlflow.db")
    ((folder, mode),) = seen
    assert mode == 0o700
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_checkpoints_of_another_user_are_not_gone_on_from(tmp_path: Path) -> None:
    """To load a checkpoint is, for most libraries, to run what it says."""
    place = Place(tmp_path / ".checkpoints" / "key")
    place.make()
    os.chown(place.files, 12345, -1)
    with pytest.raises(PermissionError, match="another user"):
        place.make()


@contextmanager
def umask(mask: int) -> Iterator[None]:
    """Create files with a umask."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@pytest.mark.parametrize("mask", [0o077, 0o002])
def test_what_a_task_leaves_is_for_those_whom_the_umask_lets_in(mask: int, context: Context, tmp_path: Path) -> None:
    there_before = {*tmp_path.rglob("*")}
    with umask(mask):
        Work().run()
        context.store.end_run(context.store.start_run("e", "r", tags={}).run_id, RunStatus.FINISHED)
    made = {path for path in tmp_path.rglob("*") if path not in there_before and path.is_file()}
    assert {"text.txt", LOG_ARTIFACT} <= {path.name for path in made}
    for path in made:
        assert not stat.S_IMODE(path.stat().st_mode) & mask, path
        assert stat.S_IMODE(path.stat().st_mode) & 0o660 == 0o660 & ~mask, path
