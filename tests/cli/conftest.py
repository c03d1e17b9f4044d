"""The command line, in this process and in others, on projects as a user would have them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sweeper.cli import main
from sweeper.store.locate import sqlite_uri

PIPELINES = Path(__file__).resolve().parents[1] / "pipelines"
SWEEPER = Path(sys.executable).with_name("sweeper")
PATIENCE_SECONDS = 180
MIXED = """
task = "trouble:Dependent"
metric = "score"
replicates = "number"
[grid]
ending = ["error", "well"]
number = [1, 2]
"""

Command = Callable[..., Result]
Quickly = Callable[..., tuple[int, str]]


@dataclass(frozen=True)
class Project:
    """A folder with pipelines, specs and a store."""

    folder: Path
    started: list[Running] = field(default_factory=list)

    @property
    def uri(self) -> str:
        """The address of the store."""
        return sqlite_uri(self.folder / "results" / "mlflow.db")

    def spec(self, name: str, text: str) -> str:
        """Write a spec; return its file's name."""
        (self.folder / f"{name}.toml").write_text(text, encoding="utf-8")
        return f"{name}.toml"

    def start(self, *arguments: str, program: Path = SWEEPER, **environment: str) -> Running:
        """Start a command in a session of its own, as a terminal has it."""
        output = self.folder / f"{len(list(self.folder.glob('*.out')))}.out"
        with output.open("wb") as out:
            process = subprocess.Popen(
                [program, *arguments],
                cwd=self.folder,
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started.append(Running(process, output))
        return self.started[-1]

    def run(self, *arguments: str, **environment: str) -> tuple[int, str]:
        """Run a command; return its exit code and what it printed."""
        return self.start(*arguments, **environment).wait()

    def wait_for(self, *names: str) -> None:
        """Wait until files are there."""
        for name in names:
            wait_until((self.folder / name).exists, f"{name} is there")

    def close(self) -> None:
        """Kill what a failed test has left running."""
        for command in self.started:
            if command.process.poll() is None:
                command.signal(signal.SIGKILL)
                command.process.wait()

    def touch(self, name: str) -> None:
        """Make a file."""
        (self.folder / name).touch()


@dataclass(frozen=True)
class Running:
    """A command that runs."""

    process: subprocess.Popen[bytes]
    output: Path

    def text(self) -> str:
        """Return what it has printed."""
        return self.output.read_text(encoding="utf-8")

    def wait_for(self, text: str) -> None:
        """Wait until it has printed a text."""
        wait_until(lambda: text in self.text(), f"printed: {text}")

    def signal(self, number: int) -> None:
        """Send a signal to it and all its children, as a terminal does."""
        os.killpg(self.process.pid, number)

    def wait(self) -> tuple[int, str]:
        """Wait for its end; return its exit code and what it printed."""
        try:
            return self.process.wait(PATIENCE_SECONDS), self.text()
        except subprocess.TimeoutExpired:
            self.process.kill()
            pytest.fail(f"still running after {PATIENCE_SECONDS} s:\n{self.text()}")


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > until:
            pytest.fail(f"not so after {PATIENCE_SECONDS} s: {what}")
        time.sleep(0.02)


def make_project(folder: Path, template: Path) -> Project:
    """Make a project with an empty store."""
    (folder / "results").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(template, folder / "results" / "mlflow.db")
    for name in ("chain.py", "curves.py", "trouble.py"):
        shutil.copyfile(PIPELINES / name, folder / name)
    return Project(folder)


@pytest.fixture
def project(template: Path, tmp_path: Path) -> Iterator[Project]:
    """A project in the working directory."""
    with closing(make_project(tmp_path, template)) as project:
        yield project


@pytest.fixture
def command() -> Command:
    """Run a command in this process."""

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(main, arguments, catch_exceptions=False, env={"COLUMNS": "200"})

    return run


@pytest.fixture
def quickly(quick_sweeper: Path) -> Quickly:
    """Run a command of a project that nobody disturbs; return its exit code and what it printed."""

    def run(project: Project, *arguments: str) -> tuple[int, str]:
        return project.start(*arguments, program=quick_sweeper).wait()

    return run


@pytest.fixture(scope="session")
def finished(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project in which a sweep has run, with half of its points blocked."""
    project = make_project(tmp_path_factory.mktemp("project"), template)
    code, text = project.run("run", project.spec("mixed", MIXED), "--engine", "inline")
    assert code == 1, text
    return project


@pytest.fixture
def inside(finished: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project in which a sweep has run, as the working directory."""
    monkeypatch.chdir(finished.folder)
    return finished


def imported_by(folder: Path, *arguments: str) -> set[str]:
    """Return the modules that a command imports, in a process of its own."""
    code = (
        "import sys\nfrom sweeper.cli import main\n"
        "try:\n    main(sys.argv[1:])\n"
        "finally:\n    print(*sys.modules, file=sys.stderr)"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=True)
    return set(done.stderr.split())
