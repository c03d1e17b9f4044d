"""Odd surroundings: nobody reads, nothing can be written, little is there of what programs count on."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sweeper.cli import COMMANDS, main
from sweeper.errors import StoreError
from sweeper.store import open_reader
from sweeper.store.locate import sqlite_uri
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from tests.cli.conftest import SWEEPER, Project
from tests.pipelines.bulky import score_of
from tests.sweeping import runs, sweep

PRINTING = [
    ["report", "mixed"],
    ["status", "mixed"],
    ["list"],
    ["show", "mixed"],
    ["plan", "mixed.toml"],
    ["--version"],
]
EVERY = [*PRINTING, *([name, "--help"] for name in COMMANDS)]
BULK = """
task = "tests.pipelines.bulky:Bulk"
metric = "score"
[grid]
seed = [1, 2, 3, 4, 5, 6, 7, 8]
"""


@contextlib.contextmanager
def written_to(descriptor: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let this process's output go to a file descriptor while the context lasts."""
    stream = open(descriptor, "w", encoding="utf-8")  # noqa: SIM115 (what cannot be written in the end does not matter)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdout", stream)
        yield
    with contextlib.suppress(OSError):
        stream.close()


def exit_code(*arguments: str) -> int:
    """Run a command in this process; return its exit code."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
@pytest.mark.usefixtures("inside")
def test_an_output_that_is_full_is_one_line_and_no_success(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with written_to(os.open("/dev/full", os.O_WRONLY), monkeypatch):
        assert exit_code(*arguments) == 1
    assert capsys.readouterr().err == "the output: No space left on device\n"


@pytest.mark.parametrize("arguments", EVERY, ids=" ".join)
@pytest.mark.usefixtures("inside")
def test_a_reader_that_has_gone_is_nothing_to_say(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with written_to(writer, monkeypatch):
        assert exit_code(*arguments) == 1
    assert capsys.readouterr().err == ""


def test_so_it_is_when_python_writes_what_was_left(finished: Project) -> None:
    command = f"{SWEEPER} report mixed >/dev/full; echo $? >&2; {SWEEPER} report mixed | head -c 1"
    done = subprocess.run(["bash", "-c", command], cwd=finished.folder, capture_output=True, text=True, check=True)
    assert done.stderr == "the output: No space left on device\n1\n"


@pytest.mark.parametrize(("is_full", "code"), [(True, 1), (False, 0)])
def test_a_sweep_goes_on_though_nobody_reads_along(
    project: Project, monkeypatch: pytest.MonkeyPatch, *, is_full: bool, code: int
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    spec = project.spec("deaf", 'task = "trouble:Trouble"\nmetric = "score"\n[grid]\nnumber = [1, 2]\n')
    with written_to(os.open("/dev/full", os.O_WRONLY) if is_full else writer, monkeypatch):
        assert exit_code("run", spec, "--engine", "inline") == code
    assert [run.status for run in runs(project.uri)] == [RunStatus.FINISHED] * 2
    with contextlib.suppress(OSError):
        os.close(writer)


def test_a_working_directory_that_is_gone_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert exit_code("status", "mixed") == 1
    assert capsys.readouterr().err == "the working directory: No such file or directory\n"


def test_a_sweep_needs_little_of_its_surroundings(project: Project) -> None:
    """Neither home nor room for temporary files nor a terminal of this century; and it leaks no file descriptors."""
    spec = project.spec("poor", f'task = "trouble:Trouble"\nmetric = "score"\n[grid]\nnumber = {[*range(60)]}\n')
    script = f"umask 077; ulimit -n 64; unset HOME; exec {SWEEPER} run {spec} --workers 3"
    surroundings = {
        "TMPDIR": "/nonexistent",
        "XDG_CACHE_HOME": "/proc/nonexistent",
        "XDG_STATE_HOME": "/proc/nonexistent",
        "LC_ALL": "C",
        "PYTHONIOENCODING": "ascii",
        "TERM": "dumb",
        "COLUMNS": "20",
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=project.folder,
        env=os.environ | surroundings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert len({run.key for run in runs(project.uri)} - {None}) == 60
    made = list((project.folder / "results" / "artifacts").rglob("*"))
    assert made
    assert all(path.stat().st_mode & 0o077 == 0 for path in made)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", place], check=False)
    if mounted.returncode:
        assert not os.environ.get("CI"), "this needs the right to mount a file system"
        pytest.skip("no right to mount a file system")
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def test_a_disk_that_is_full_loses_nothing(
    small_disk: Path, template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SWEEPER_STORE_PATIENCE", "0.5")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    shutil.copyfile(template, small_disk / "mlflow.db")
    uri = sqlite_uri(small_disk / "mlflow.db")
    with contextlib.suppress(StoreError):
        assert sweep(BULK, uri).summary.exit_code == 1
    done = [run for run in runs(uri) if run.key]
    assert 0 < len(done) < 8
    subprocess.run(["mount", "-o", "remount,size=60m", small_disk], check=True)
    swept = sweep(BULK, uri)
    assert swept.summary.exit_code == 0, swept.messages
    assert swept.states["reused"] >= len(done)
    results = [run for run in runs(uri) if run.key]
    assert len({run.key for run in results}) == len(results) == 8
    reader = open_reader(uri)
    for run in results:
        assert score_of(reader.artifact(run, "bulk.bin").read_bytes()) == run.metrics["score"]
    assert reader.runs_with(Tag.KIND, status=RunStatus.RUNNING) == []
