"""``sweeper run`` as a process: what it prints, how it ends, and what survives its being killed."""

from __future__ import annotations

import os
import pty
import re
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import psutil

from sweeper.report.question import STANDARD
from sweeper.report.sources import reading
from sweeper.report.sources.outcomes import outcomes
from sweeper.report.tables.formats import render
from sweeper.report.tables.table import answer
from sweeper.store import open_reader
from sweeper.store.driver import LOOK_SECONDS
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from sweeper.sweep import WINDOW
from tests.cli.conftest import SWEEPER, make_project, wait_until
from tests.sweeping import running, runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Project, Quickly, Running

GATES = 'task = "trouble:Gate"\nmetric = "score"\n[grid]\nnumber = { range = [4] }\n'


def scores(uri: str, name: str = "gates") -> list[float | None]:
    record = open_reader(uri).sweep(name)
    assert record is not None
    return [cell.values.get("score") for cell in outcomes(record).cells]


def table(uri: str, name: str = "gates") -> str:
    return render(answer(STANDARD, reading.read(open_reader(uri), [name])))


def family_of(command: Running) -> list[psutil.Process]:
    return psutil.Process(command.process.pid).children(recursive=True)


def wait_until_gone(processes: list[psutil.Process]) -> None:
    def is_gone(process: psutil.Process) -> bool:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE

    wait_until(lambda: all(is_gone(process) for process in processes), "all processes are gone")


def test_a_sweep_on_two_workers_with_settings_of_luigi_cfg(project: Project):
    (project.folder / "luigi.cfg").write_text("[Fit]\nepochs = 7\n[Scale]\nfactor = 3\n", encoding="utf-8")
    spec = project.spec("rates", 'task = "chain:Fit"\nmetric = "score"\n[grid]\nrate = [0.1, 0.2]\nseed = [0]\n')
    code, text = project.run("run", spec, "--workers", "2", LUIGI_CONFIG_PATH=str(project.folder / "luigi.cfg"))
    assert code == 0, text
    first, last = text.splitlines()
    assert first == "rates: 2 points of Fit"
    assert re.fullmatch(r"2 of 2 points in [\d.]+ s: 2 computed; best score 16 at rate=0.1, seed=0", last)


def test_workers_share_the_cores(project: Project):
    spec = project.spec("threads", 'task = "trouble:Threads"\nmetric = "score"\n[grid]\nnumber = [0, 1]\n')
    assert project.run("run", spec, "--workers", "2")[0] == 0
    assert scores(project.uri, "threads") == [1.0, 1.0]


def test_ctrl_c_once_finishes_what_runs_and_leaves_a_clean_record(project: Project, quickly: Quickly):
    command = project.start("run", project.spec("gates", GATES), "--workers", "2")
    project.wait_for("begun-0", "begun-1")
    command.signal(signal.SIGINT)
    command.wait_for("finishing what runs; Ctrl-C again stops it now")
    project.touch("open-all")
    code, text = command.wait()
    assert code == 130, text
    assert "2 of 4 points" in text
    assert not (project.folder / "begun-2").exists()
    assert scores(project.uri) == [0.0, 1.0, None, None]
    assert running(project.uri) == []
    assert quickly(project, "run", "gates.toml", "--engine", "inline")[0] == 0
    assert len(runs(project.uri)) == 4
    first, *_, last = (open_reader(project.uri).run(run.tags[Tag.DRIVER]) for run in runs(project.uri))
    assert first.tags["sweeper.command"].endswith("run gates.toml --workers 2")
    assert last.tags["sweeper.command"].endswith("run gates.toml --engine inline")


def test_ctrl_c_twice_stops_now_and_leaves_a_clean_record(project: Project):
    command = project.start("run", project.spec("gates", GATES), "--workers", "2")
    project.wait_for("begun-0", "begun-1")
    processes = family_of(command)
    command.signal(signal.SIGINT)
    command.wait_for("finishing what runs")
    command.signal(signal.SIGINT)
    code, text = command.wait()
    assert code == 130, text
    assert "Traceback" not in text
    assert text.count("\nstopping now\n") == 1
    wait_until_gone(processes)
    assert {run.status for run in runs(project.uri)} == {RunStatus.KILLED}
    assert {run.reason for run in runs(project.uri)} == {"interrupted"}
    assert running(project.uri) == []


def test_a_termination_stops_now(project: Project):
    command = project.start("run", project.spec("gates", GATES))
    project.wait_for("begun-0")
    command.process.send_signal(signal.SIGTERM)
    code, text = command.wait()
    assert code == 130, text
    assert "Traceback" not in text
    assert running(project.uri) == []


def test_a_driver_that_is_killed_loses_nothing_and_takes_its_workers_with_it(
    project: Project, quickly: Quickly, template: Path
):
    project.touch("open-0")
    command = project.start("run", project.spec("gates", GATES), "--workers", "2")
    project.wait_for("begun-1", "begun-2")
    processes = family_of(command)
    command.process.kill()
    command.process.wait()
    wait_until_gone(processes)
    assert Counter(run.status for run in runs(project.uri)) == {RunStatus.FINISHED: 1, RunStatus.RUNNING: 2}

    project.touch("open-all")
    code, text = quickly(project, "run", "gates.toml", "--workers", "2")
    assert code == 0, text
    assert "2 runs that an earlier process left behind: marked KILLED" in text
    assert "3 computed, 1 reused" in text
    assert running(project.uri) == []
    results = Counter(run.key for run in runs(project.uri) if run.key)
    assert set(results.values()) == {1}
    assert len(results) == 4

    project.spec("whole", GATES)
    again = make_project(project.folder / "again", template).uri
    code, text = quickly(project, "run", "whole.toml", "--engine", "inline", "--tracking-uri", again)
    assert code == 0, text
    assert table(project.uri) == table(again, "whole").replace("whole", "gates")


def test_a_worker_that_is_killed_costs_one_point_which_is_tried_again(project: Project, quickly: Quickly):
    command = project.start("run", project.spec("gates", f"{GATES}[retry]\nlost = 0\n"), "--workers", "2")
    project.wait_for("begun-0", "begun-1")
    server, *_ = (one for one in family_of(command) if one.children())
    os.kill(server.children()[0].pid, signal.SIGKILL)
    project.touch("open-all")
    code, text = command.wait()
    assert code == 1, text
    assert "3 computed, 1 failed" in text
    assert "the worker process was killed by SIGKILL; out of memory?" in text
    assert running(project.uri) == []
    code, text = quickly(project, "run", "gates.toml", "--engine", "inline")
    assert (code, "1 computed, 3 reused" in text) == (0, True), text
    assert scores(project.uri) == [0.0, 1.0, 2.0, 3.0]


def test_two_drivers_at_once_share_the_work(project: Project):
    spec = project.spec("gates", GATES)
    other = project.spec("others", GATES)
    one, two = project.start("run", spec), project.start("run", other)
    project.wait_for("begun-0")
    project.touch("open-all")
    assert (one.wait()[0], two.wait()[0]) == (0, 0), one.text() + two.text()
    finished = [run for run in runs(project.uri) if run.status is RunStatus.FINISHED]
    assert len(finished) == 4
    assert scores(project.uri, "gates") == scores(project.uri, "others") == [0.0, 1.0, 2.0, 3.0]
    assert running(project.uri) == []


def test_what_another_driver_has_done_before_it_left_is_not_done_again(project: Project):
    """Neither what this one held when the other began, nor what it takes up only after the other has gone."""
    number = WINDOW + 8
    spec = project.spec("gates", GATES.replace("4", str(number)))
    one = project.start("run", spec)
    project.wait_for("begun-0")
    for gate in range(1, number):
        project.touch(f"open-{gate}")
    other = project.spec("others", GATES.replace("[4]", f"[1, {number}]"))
    code, text = project.start("run", other).wait()
    assert (code, f"{number - 1} computed" in text) == (0, True), text
    time.sleep(1.5 * LOOK_SECONDS)  # until the first knows that it is alone again
    project.touch("open-0")
    code, text = one.wait()
    assert (code, f"1 computed, {number - 1} reused" in text) == (0, True), text


def test_a_terminal_has_a_live_display_that_leaves_only_lines_behind(project: Project):
    project.spec("gates", GATES)
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ |= {"TERM": "xterm-256color", "COLUMNS": "120"}
        os.chdir(project.folder)
        os.execv(SWEEPER, ["sweeper", "run", "gates.toml", "--workers", "2"])
    shown = b""
    while b"running: " not in shown or b"2 Gate" not in shown:
        shown += os.read(terminal, 4096)
    project.touch("open-all")
    while chunk := read(terminal):
        shown += chunk
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.decode())
    assert "0/4" in text
    assert "gates: 4 points of Gate" in text
    assert re.search(r"4 of 4 points in [\d.]+ s: 4 computed; best score 3 at number=3\s*$", text)
    after_the_display = shown.rpartition(b"\x1b[2K")[2].decode()
    assert "running" not in after_the_display


def read(terminal: int) -> bytes:
    """Read from a terminal; nothing once nobody writes to it any more."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""
