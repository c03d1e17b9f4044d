"""Ctrl-C, SIGTERM and SIGHUP in each phase, in a terminal and without: calm, clean, resumed by running again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from sweeper.store import open_store
from sweeper.store.driver import Driver
from sweeper.store.records import RunStatus
from tests.cli.conftest import SWEEPER, wait_until
from tests.cli.test_run import family_of, scores, wait_until_gone
from tests.sweeping import running, runs

if TYPE_CHECKING:
    from tests.cli.conftest import Project

SLOW = """import os, pathlib, time
pathlib.Path(f"importing-{os.getpid()}").touch()
while True:  # one long sleep would not hear of a signal that comes just before it
    time.sleep(0.01)
"""
GATES = 'task = "trouble:Gate"\nmetric = "score"\n[grid]\nnumber = { range = [2] }\n'
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def test_while_a_pipeline_is_imported_each_ends_it_in_one_line(project: Project):
    (project.folder / "slow.py").write_text(SLOW, encoding="utf-8")
    spec = project.spec("slow", 'task = "slow:Task"\nmetric = "score"\n')
    commands = [project.start("run", spec) for _ in ENDS]
    processes = [process for command in commands for process in family_of(command)]
    for command, number in zip(commands, ENDS, strict=True):
        project.wait_for(f"importing-{command.process.pid}")
        command.process.send_signal(number)
    assert [command.wait() for command in commands] == [(130, "interrupted\n")] * len(ENDS)
    wait_until_gone(processes)


def test_while_it_meets_another_driver_it_leaves_at_once(project: Project):
    with closing(Driver(open_store(project.uri), by_itself=False)):  # which never answers
        command = project.start("run", project.spec("gates", GATES), "--engine", "inline")
        command.wait_for("another sweeper is at work on this store")
        command.process.send_signal(signal.SIGTERM)
        code, text = command.wait()
        assert (code, text.splitlines()[-1]) == (130, "interrupted"), text
        assert len(running(project.uri)) == 1, "the driver of this test"


def test_a_termination_inline_stops_the_task_and_running_again_resumes_deaf_to_what_it_is_to_ignore(project: Project):
    """As nohup has it, and a shell for what it puts into the background."""
    command = project.start("run", project.spec("gates", GATES), "--engine", "inline")
    project.wait_for("begun-0")
    command.process.send_signal(signal.SIGTERM)
    code, text = command.wait()
    assert code == 130, text
    assert "Traceback" not in text
    assert [(run.status, run.reason) for run in runs(project.uri)] == [(RunStatus.KILLED, "interrupted")]
    assert running(project.uri) == []

    (project.folder / "begun-0").unlink()
    script = f"trap '' INT; exec nohup {SWEEPER} run gates.toml --engine inline > nohup.out 2>&1"
    process = subprocess.Popen(["sh", "-c", script], cwd=project.folder, start_new_session=True)
    try:
        project.wait_for("begun-0")
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGINT):
            os.killpg(process.pid, number)
        project.touch("open-all")
        assert process.wait(timeout=120) == 0
    finally:
        process.kill()
        process.wait()
    assert scores(project.uri) == [0.0, 1.0]


def test_however_often_ctrl_c_is_pressed_the_record_is_clean(project: Project):
    command = project.start("run", project.spec("gates", GATES), "--workers", "2")
    project.wait_for("begun-0", "begun-1")
    processes = family_of(command)
    for _ in range(12):
        command.signal(signal.SIGINT)
        time.sleep(0.02)
    code, text = command.wait()
    assert code == 130, text
    assert "Traceback" not in text
    assert (text.count("finishing what runs"), text.count("stopping now")) == (1, 1)
    assert {(run.status, run.reason) for run in runs(project.uri)} == {(RunStatus.KILLED, "interrupted")}
    assert running(project.uri) == []
    wait_until_gone(processes)


def test_nothing_survives_the_death_of_everything_in_the_drivers_group(project: Project):
    shutil.copyfile(Path(__file__).parents[1] / "pipelines" / "faults.py", project.folder / "faults.py")
    command = project.start("run", project.spec("stuck", 'task = "faults:Stuck"\nmetric = "score"\n'))
    project.wait_for("stuck")
    descendants = [psutil.Process(int(file.read_text())) for file in project.folder.glob("descendant-*")]
    assert len(descendants) == 3
    processes = family_of(command)
    command.signal(signal.SIGKILL)
    command.process.wait()
    wait_until_gone([*processes, *descendants])


@dataclass(frozen=True)
class Terminal:
    """A terminal of tmux's in which a shell runs."""

    server: str

    def tmux(self, *arguments: str) -> str:
        """Do something with tmux; return what it says."""
        command = ["tmux", "-L", self.server, "-f", "/dev/null", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def type(self, text: str) -> None:
        """Press keys, and Enter."""
        self.tmux("send-keys", text, "Enter")

    def wait_for(self, text: str) -> str:
        """Wait until the screen shows a text; return the screen."""
        wait_until(lambda: text in self.screen(), f"on the screen: {text}\n{self.screen()}")
        return self.screen()

    def screen(self) -> str:
        """Return what is on the screen."""
        return self.tmux("capture-pane", "-p")


@pytest.fixture
def terminal(project: Project) -> Iterator[Terminal]:
    """A terminal in the project's folder."""
    opened = Terminal(f"sweeper-{os.getpid()}")
    opened.tmux("new-session", "-d", "-x", "150", "-y", "40", "-c", str(project.folder), "env PS1='$ ' sh")
    try:
        yield opened
    finally:
        subprocess.run(["tmux", "-L", opened.server, "kill-server"], capture_output=True, check=False)


def test_ctrl_c_in_a_terminal_is_calm_and_gives_it_back_as_it_was(project: Project, terminal: Terminal):
    project.spec("gates", GATES)
    terminal.type("stty -g > before")
    terminal.type(f"{SWEEPER} run gates.toml --engine inline; echo ended with $?; stty -g > after")
    project.wait_for("begun-0")
    terminal.tmux("send-keys", "C-c")
    terminal.wait_for("finishing what runs; Ctrl-C again stops it now")
    terminal.tmux("send-keys", "C-c")
    screen = terminal.wait_for("ended with 130")
    assert "Traceback" not in screen
    assert terminal.tmux("display-message", "-p", "#{cursor_flag}").strip() == "1"
    project.wait_for("after")
    assert (project.folder / "after").read_text() == (project.folder / "before").read_text()
    assert running(project.uri) == []


def test_a_terminal_that_is_closed_stops_it(project: Project, terminal: Terminal):
    project.spec("gates", GATES)
    terminal.type(f"exec {SWEEPER} run gates.toml")
    project.wait_for("begun-0")
    driver = psutil.Process(int(terminal.tmux("display-message", "-p", "#{pane_pid}")))
    processes = [driver, *driver.children(recursive=True)]
    terminal.tmux("kill-session")
    wait_until_gone(processes)
    assert {(run.status, run.reason) for run in runs(project.uri)} == {(RunStatus.KILLED, "interrupted")}
    assert running(project.uri) == []
