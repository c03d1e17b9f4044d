"""The other commands, and what all of them do with input that is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.cli import COMMANDS
from sweeper.store import api_reader
from tests.cli.conftest import imported_by
from tests.sweeping import runs, sweep

if TYPE_CHECKING:
    from tests.cli.conftest import Command, Project


def test_run_says_what_failed_and_how_to_go_on(finished: Project):
    text = (finished.folder / "0.out").read_text(encoding="utf-8")
    (run,) = (run for run in runs(finished.uri, "trouble") if run.reason)
    blocked = [line for line in text.splitlines() if line.startswith("blocked")]
    assert len(blocked) == 1  # one upstream failure is told once, however many points wait for it
    assert all("Trouble failed: OddError: odd 7: the data are gone" in line for line in blocked)
    assert run.run_id in text
    assert "4 of 4 points" in text
    assert "2 computed, 2 blocked" in text
    assert text.rstrip().endswith(
        "`sweeper status mixed` tells more; running again tries again what has no result",
    )


def test_run_says_what_it_will_not_try_again_and_infinity_is_the_best(
    project: Project, command: Command, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(project.folder)
    grid = '[grid]\nway = ["nan", "saved", "infinity"]\n'
    spec = project.spec("ways", f'task = "trouble:Metrics"\nmetric = "score"\n{grid}')
    *_, tally, prospect = command("run", spec, "--engine", "inline").output.splitlines()
    assert tally.endswith("2 computed, 1 failed; best score inf at way=infinity")
    assert prospect == (
        "`sweeper status ways` tells more; "
        "what finished without a number to compare is tried again once the code has changed"
    )
    first, *_ = [line for line in command("report", "ways").output.splitlines() if "saved" in line or "inf" in line]
    assert "infinity" in first


def test_the_report_is_of_the_newest_sweep_and_names_what_is_missing(inside: Project, command: Command):
    done = command("report")
    assert done.exit_code == 0
    assert done.output.startswith("mixed: score")
    assert "2 of 4 points have a result; 2 blocked: see `sweeper status mixed`" in done.output


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json", "latex"])
def test_the_report_has_formats(form: str, inside: Project, command: Command):
    done = command("report", "mixed", "--format", form)
    assert done.exit_code == 0
    assert "1.5" in done.output
    if form == "json":
        json.loads(done.output)


def test_the_report_needs_neither_the_code_nor_the_spec(inside: Project, command: Command):
    expected = command("report", "mixed").output
    hidden = [inside.folder / name for name in ("mixed.toml", "trouble.py", "chain.py")]
    for path in hidden:
        path.rename(path.with_suffix(".hidden"))
    try:
        assert command("report", "mixed").output == expected
    finally:
        for path in hidden:
            path.with_suffix(".hidden").rename(path)


def test_status_tells_reasons_and_logs(inside: Project, command: Command):
    text = command("status", "mixed").output
    (run,) = (run for run in runs(inside.uri, "trouble") if run.reason)
    assert "2 points: Trouble failed: OddError: odd 7: the data are gone" in text
    assert run.run_id in text
    assert "ending=error, number=1" in text


def test_status_names_the_log_of_a_failed_point(project: Project, command: Command):
    body = 'task = "tests.pipelines.trouble:Trouble"\nmetric = "score"\n[fixed]\nending = "error"\n'
    sweep(body, project.uri, name="failing")
    text = command("status", "failing", "--tracking-uri", project.uri).output
    (log,) = (word for word in text.split() if word.endswith("task.log"))
    assert "odd 7" in Path(log).read_text(encoding="utf-8")


def test_a_dry_run_is_the_plan(inside: Project, command: Command):
    planned = command("plan", "mixed.toml", "--workers", "3")
    assert planned.exit_code == 0
    for options in ((), ("--rerun-changed",)):
        dry = command("run", "mixed.toml", "--workers", "3", "--dry-run", *options)
        assert dry.output == command("plan", "mixed.toml", "--workers", "3", *options).output
    assert "3 tasks to run" in planned.output
    assert len(runs(inside.uri)) == 4


def test_overrides_change_the_plan(inside: Project, command: Command):
    done = command("plan", "mixed.toml", "-p", "ending=well", "-p", "number=1,2,3")
    assert done.output.startswith("mixed: 3 points")
    assert "1 task to run" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "nowhere.toml"), "nowhere.toml"),
        (("plan", "mixed.toml", "-p", "numbr=1"), "-p: numbr: Dependent has no such parameter; did you mean number?"),
        (("run", "mixed.toml", "-p", "number=one"), '-p: number = "one": expected an integer (IntParameter), not text'),
        (("run", "mixed.toml", "--pdb"), "--pdb needs --engine inline"),
        (
            ("run", "mixed.toml", "--address", "tcp://host:8786"),
            "--address tcp://host:8786: is of a Dask cluster; it needs --engine dask",
        ),
        (
            ("run", "mixed.toml", "--engine", "dask", "--address", "tcp://host:8786", "--workers", "2"),
            "--workers is for a cluster of the sweep's own",
        ),
        (("run", "mixed.toml", "--address", "tcp://host:8786", "--dry-run"), "it needs --engine dask"),
        (("run", "mixed.toml", "--engine", "inline", "--gpus", "0", "--dry-run"), "of --engine local"),
        (("run", "mixed.toml", "--workers", "0"), "--workers"),
        (("run", "mixed.toml", "--engine", "cluster"), "'local', 'inline'"),
        (("report", "mixd"), "has no sweep mixd; did you mean mixed?"),
        (("report", "--metric", "scor"), "no run logged a metric scor; did you mean score?"),
        (("status", "--tracking-uri", "sqlite:///none/mlflow.db"), "has no sweeps yet; run one: sweeper run SPEC"),
    ],
)
def test_wrong_input_is_told_and_exits_with_2(
    arguments: tuple[str, ...], message: str, inside: Project, command: Command
):
    done = command(*arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output
    assert len(runs(inside.uri)) == 4


def test_every_problem_of_a_spec_is_told_before_anything_is_made(project: Project, tmp_path: Path):
    spec = project.spec("wrong", 'task = "chain:Fit"\nmetric = "score"\n[grid]\nrat = [1]\nsee = [2]\n')
    uri = f"sqlite:///{tmp_path}/new/mlflow.db"
    code, text = project.run("run", spec, "--tracking-uri", uri)
    assert code == 2
    assert text.splitlines() == [
        "wrong.toml: grid.rat: Fit has no such parameter; did you mean rate?",
        "wrong.toml: grid.see: Fit has no such parameter; did you mean seed?",
    ]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["run", "plan", "report", "status"])
def test_a_store_that_cannot_be_reached_exits_with_3_at_once(
    name: str, inside: Project, command: Command, monkeypatch: pytest.MonkeyPatch
):
    assert api_reader.LOOKING_SECONDS < 10
    monkeypatch.setattr(api_reader, "LOOKING_SECONDS", 0.5)
    spec = ["mixed.toml"] if name in ("run", "plan") else []
    engine = ["--engine", "inline"] if name == "run" else []
    began = time.monotonic()
    done = command(name, *spec, *engine, "--tracking-uri", "http://127.0.0.1:1")
    assert done.exit_code == 3
    assert "http://127.0.0.1:1" in done.output
    assert time.monotonic() - began < 10


def test_an_address_that_mlflow_would_refuse_is_told_with_the_remedy(inside: Project, command: Command):
    done = command("report", "--tracking-uri", "./mlruns")
    assert done.exit_code == 3
    assert "name a database" in done.output


def test_an_interruption_at_any_other_time_exits_with_130(
    inside: Project, command: Command, monkeypatch: pytest.MonkeyPatch
):
    def interrupt(_: object) -> object:
        raise KeyboardInterrupt

    monkeypatch.setattr("sweeper.report.sources.reading.locate", interrupt)
    done = command("report")
    assert (done.exit_code, done.output) == (130, "interrupted\n")


def test_every_command_says_in_help_what_the_group_says_of_it(command: Command):
    for name in COMMANDS:
        assert command(name, "--help").exit_code == 0
    overview = command("--help").output
    for name, words in COMMANDS.items():
        assert f"{name} " in overview
        assert words in overview


SLOW = {"mlflow", "luigi", "optuna", "pandas", "numpy", "scipy", "plotly", "matplotlib", "jinja2", "rich"}


def test_help_imports_nothing_slow(tmp_path: Path):
    for arguments in (["--help"], ["--version"]):
        assert SLOW & imported_by(tmp_path, *arguments) == set()


@pytest.mark.parametrize("arguments", [["report"], ["status"], ["plan", "light.toml"]])
def test_reading_a_sqlite_store_does_not_import_mlflow(arguments: list[str], finished: Project):
    finished.spec("light", 'task = "chain:Fit"\nmetric = "score"\n[grid]\nseed = [1, 2]\n')
    imported = imported_by(finished.folder, *arguments)
    assert "sweeper.store.sql" in imported
    assert {"mlflow", "sqlalchemy"} & imported == set()
