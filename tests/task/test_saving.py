"""What a save function leaves is looked at: only files and folders of the task's own go to the store."""

# ruff: noqa: RUF012 (Meta's dicts are read once)

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from luigi.task_register import Register

from sweeper.errors import TaskError
from sweeper.task import MlflowTask
from sweeper.task.context import Context
from sweeper.task.saving import fault_of_saved
from tests.task.test_base import write_text

SECRET = "what the task was never given to save"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
    folder = tmp_path / "scratch"
    (folder / "sub").mkdir(parents=True)
    return folder


def link(target: str) -> Callable[[Path], object]:
    return lambda path: path.symlink_to(target)


def in_folder(write: Callable[[Path], object]) -> Callable[[Path], object]:
    def write_in(path: Path) -> None:
        path.mkdir()
        (path / "fine").write_text("fine", encoding="utf-8")
        write(path / "odd")

    return write_in


def swapped_parent(path: Path) -> None:
    path.parent.rmdir()
    path.parent.symlink_to(path.parent.parent.parent)
    path.write_text("outside", encoding="utf-8")


def listening(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(path.parent)  # the address of a socket is short
        listener.bind(path.name)
        os.chdir(before)


ODD = [
    (lambda path: None, "wrote no file sub/odd"),
    (link("/etc/passwd"), "wrote a link"),
    (link("../../secret"), "wrote a link"),
    (link("nowhere"), "wrote a link"),
    (link("odd"), "wrote a link"),
    (os.mkfifo, "odd, which is neither a file nor a folder"),
    (listening, "neither a file nor a folder"),
    (lambda path: path.mkdir(), "with no file in it"),
    (swapped_parent, "a link in the place of a folder"),
    (in_folder(link("/etc/passwd")), "a link, odd/odd, that does not lead to a file in the same folder"),
    (in_folder(link("../../../secret")), "does not lead to a file"),
    (in_folder(link("nowhere")), "does not lead to a file"),
    (in_folder(link(".")), "does not lead to a file"),
    (in_folder(link("..")), "does not lead to a file"),
    (in_folder(os.mkfifo), "odd/odd, which is neither a file nor a folder"),
]


@pytest.mark.parametrize(("write", "reason"), ODD)
def test_what_is_no_file_of_the_tasks_own_is_refused(write: Callable[[Path], Any], reason: str, folder: Path) -> None:
    write(folder / "sub" / "odd")
    found = fault_of_saved(folder, "sub/odd")
    assert reason in found


@pytest.mark.parametrize(
    "write", [lambda path: path.write_text(""), in_folder(lambda path: path.mkdir()), in_folder(link("fine"))]
)
def test_files_folders_and_links_to_files_beside_them_are_saved(write: Callable[[Path], Any], folder: Path) -> None:
    write(folder / "sub" / "odd")
    assert not fault_of_saved(folder, "sub/odd")


def test_a_planted_link_fails_the_task_and_nothing_of_its_target_is_stored(context: Context, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET, encoding="utf-8")

    class Sly(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"model": "model.bin"}

        def _run(self) -> None:
            self.save_to_mlflow({"model": (tmp_path / "secret", lambda target, path: Path(path).symlink_to(target))})

    with pytest.raises(
        TaskError, match=r"the function that saves artifact 'model' wrote a link, model.bin, and no file"
    ):
        Sly().run()
    assert not Sly().complete()
    kept = [path for path in (tmp_path / "results" / "artifacts").rglob("*") if path.is_file()]
    assert kept, "its log"
    assert not any(SECRET in path.read_text(encoding="utf-8", errors="replace") for path in kept)


def test_what_one_function_leaves_behind_is_not_another_artifact(context: Context) -> None:
    class Untidy(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"first": "first.txt", "second": "second.txt"}

        def _run(self) -> None:
            def both(value: str, path: str) -> None:
                Path(path).write_text(value, encoding="utf-8")
                Path(path).with_name("second.txt").write_text(value, encoding="utf-8")

            self.save_to_mlflow({"first": ("text", both), "second": ("text", lambda value, path: None)})

    with pytest.raises(TaskError, match=r"'second' wrote no file second\.txt"):
        Untidy().run()


def test_any_experiment_keeps_its_artifacts_in_the_results_folder(context: Context, tmp_path: Path) -> None:
    for experiment in ("Default", "../../etc", "..", "/etc", "a/b", "x" * 250, "名" * 250, ".hidden", "%2e%2e"):

        class Work(MlflowTask):
            class Meta:
                mlflow_experiment_name = experiment
                mlflow_artifact_fnames = {"text": "sub/text.txt"}

            def _run(self) -> None:
                self.save_to_mlflow({"text": ("text", write_text)})

        Work().run()
        path = Path(Work().output()["text"].path)
        assert path.read_text() == "text"
        assert path.resolve().relative_to(tmp_path / "results" / "artifacts").parts[-3:] == (
            "artifacts",
            "sub",
            "text.txt",
        )
        Register._reg.remove(Work)
