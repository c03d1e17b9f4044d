"""A real sweep whose task lets out what it can: of its secrets nothing is found anywhere afterwards."""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest

from sweeper.store import open_reader
from sweeper.store.api import ApiStore
from sweeper.store.driver import Driver
from sweeper.store.tags import Tag
from tests.cli.conftest import PIPELINES, Command, Project, make_project
from tests.sweeping import runs

PASSWORD = "hunter2/of the sea"
TOKEN = "tok-4f1b9c7d2e"
SECRETS = (PASSWORD, quote(PASSWORD), quote(PASSWORD, safe=""), "hunter2", TOKEN)
ENVIRONMENT = {
    "DATABASE_URL": f"postgresql://ada:{quote(PASSWORD, safe='')}@db.example/results",
    "SERVICE_TOKEN": TOKEN,
    "DATABASE_PASSWORD": PASSWORD,
}


@pytest.fixture(scope="module")
def leaky(template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, str]:
    """A project in which the sweep of a leaky task has run, and what it printed."""
    project = make_project(tmp_path_factory.mktemp("leaky"), template)
    shutil.copyfile(PIPELINES / "leaky.py", project.folder / "leaky.py")
    spec = project.spec("leaky", 'task = "leaky:Leaky"\nmetric = "score"\n[grid]\nnumber = [1]\n')
    with closing(project):
        code, output = project.run("run", spec, MLFLOW_TRACKING_URI=project.uri, **ENVIRONMENT)
    assert code == 1, output
    return project, output


def test_a_sweep_leaves_no_secret_anywhere(leaky: tuple[Project, str]) -> None:
    project, output = leaky
    with closing(sqlite3.connect(project.folder / "results" / "mlflow.db")) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    found = [
        (path.name, secret)
        for path in project.folder.rglob("*")
        if path.is_file()
        for secret in SECRETS
        if secret.encode() in path.read_bytes()
    ]
    assert found == []
    assert not any(secret in output for secret in SECRETS)


def test_what_is_not_secret_is_there(leaky: tuple[Project, str]) -> None:
    project, output = leaky
    (run,) = runs(project.uri, "leaky")
    assert run.reason == "RuntimeError: cannot reach postgresql://ada:***@db.example/results?token=***"
    assert "postgresql://ada:***@db.example/results" in output
    log = Path(run.log).read_text(encoding="utf-8")
    assert log.count("ada:***@db.example") >= 5, log
    assert "SERVICE_TOKEN=***" in log
    assert "Traceback (most recent call last)" in log


@pytest.mark.parametrize(
    "arguments",
    [["status", "leaky"], ["show", "leaky"], ["report", "leaky", "--html", "page.html"], ["report", "leaky", "--long"]],
    ids=lambda arguments: "-".join(arguments[::2]),
)
def test_no_report_shows_one(
    arguments: list[str], leaky: tuple[Project, str], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(leaky[0].folder)
    done = command(*arguments, *(["--format", "json"] if "--long" in arguments else []))
    page = leaky[0].folder / "page.html"
    shown = done.output + (page.read_text(encoding="utf-8") if page.exists() else "")
    assert not any(secret in shown for secret in SECRETS)


def test_a_log_is_masked_while_it_is_being_written(store: ApiStore, monkeypatch: pytest.MonkeyPatch) -> None:
    from sweeper.report.accounts.logs import log_tail
    from sweeper.store.locate import spool_path

    monkeypatch.setenv("SERVICE_TOKEN", TOKEN)
    run = store.start_run("e", "r", tags={})
    spool = spool_path(run.artifact_uri)
    assert spool is not None
    spool.parent.mkdir(parents=True)
    spool.write_text(f"said {TOKEN}\n", encoding="utf-8")
    assert log_tail(store, store.run(run.run_id)) == ("said ***",)


def test_the_command_line_of_a_driver_is_masked(store: ApiStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["train.py", "--tracking-uri", "http://ada:hunter2@host", "--api-key", TOKEN])
    with closing(Driver(store)) as driver:
        said = store.run(driver.run_id).tags[Tag.COMMAND]
    assert said == "train.py --tracking-uri http://ada:***@host --api-key ***"


@pytest.mark.parametrize("address", ["http://ada:hunter2@127.0.0.1:9", "http://127.0.0.1:9/?token=hunter2"])
def test_a_store_that_cannot_be_reached_is_named_without_its_password(
    address: str, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sweeper.store.api_reader.LOOKING_SECONDS", 0.0)
    done = command("list", "--tracking-uri", address)
    assert done.exit_code == 3
    assert "127.0.0.1:9" in done.output
    assert "hunter2" not in done.output


def test_the_environment_of_a_sweep_names_packages_and_no_variables(leaky: tuple[Project, str]) -> None:
    reader = open_reader(leaky[0].uri)
    record = reader.sweep("leaky")
    assert record is not None
    said = json.loads(reader.artifact(record.run, "environment.json").read_text(encoding="utf-8"))
    assert {"python", "platform", "executable", "packages"} >= said.keys()


def test_processes_are_not_given_the_stores_address_as_an_argument(leaky: tuple[Project, str]) -> None:
    """Other users see arguments; what workers are to know, they are sent through a pipe."""
    (run,) = runs(leaky[0].uri, "leaky")
    lines = Path(run.log).read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line.startswith("process: ")]
    assert len(commands) >= 3
    assert not any("mlflow.db" in line for line in commands)
