"""``sweeper stop``, on sweeps that run in other processes."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING

from sweeper.store.records import RunStatus
from tests.cli.test_run import GATES, family_of, wait_until_gone
from tests.sweeping import running, runs

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Project


def test_a_sweep_is_stopped_from_elsewhere_first_when_what_it_runs_is_done_then_now(project: Project, command: Command):
    sweeping = project.start("run", project.spec("gates", GATES), "--workers", "2")
    project.wait_for("begun-0", "begun-1")
    workers = family_of(sweeping)
    asked = command("stop", "gates")
    assert asked.exit_code == 0
    assert asked.output.endswith("to stop when what it runs is done\n")
    sweeping.wait_for(f"{getpass.getuser()} on ")
    sweeping.wait_for("asks to stop: finishing what runs")
    project.touch("open-0")
    asked = command("stop", "gates", "--now", "--wait")
    assert asked.output.splitlines()[-1] == "nobody is at gates any more"
    code, text = sweeping.wait()
    assert code == 130, text
    assert "asks to stop now" in text
    assert "Traceback" not in text
    wait_until_gone(workers)
    assert not (project.folder / "begun-2").exists()
    assert {run.status for run in runs(project.uri)} <= {RunStatus.FINISHED, RunStatus.KILLED}
    assert running(project.uri) == []
    assert command("stop", "gates").exit_code == 1


def test_a_task_in_the_drivers_own_process_is_stopped_now(project: Project, command: Command):
    sweeping = project.start("run", project.spec("gates", GATES), "--engine", "inline")
    project.wait_for("begun-0")
    assert command("stop", "gates", "--now").exit_code == 0
    code, text = sweeping.wait()
    assert code == 130, text
    assert {(run.status, run.reason) for run in runs(project.uri)} == {(RunStatus.KILLED, "interrupted")}
    assert running(project.uri) == []
