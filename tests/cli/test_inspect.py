"""``sweeper show``, ``sweeper diff`` and ``sweeper list``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.conftest import imported_by
from tests.sweeping import runs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Command, Project


def ids(project: Project) -> list[str]:
    """Return the ids of the sweep's results."""
    return [run.run_id for run in runs(project.uri, "dependent")]


def test_show_tells_of_a_run_by_the_beginning_of_its_id(inside: Project, command: Command):
    done = command("show", ids(inside)[0][:10])
    assert done.exit_code == 0
    assert done.output.startswith(f"run {ids(inside)[0]}\n")
    assert "shared by 2 points" in done.output
    assert json.loads(command("show", ids(inside)[0], "--json").output)["state"] == "finished"


def test_show_tells_why_a_run_failed(inside: Project, command: Command):
    (failed,) = (run.run_id for run in runs(inside.uri, "trouble") if run.reason)
    output = command("show", failed).output
    assert "failed: OddError: odd 7: the data are gone" in output
    assert "number 0 ends error" in output


def test_show_tells_of_a_sweep_by_its_name(inside: Project, command: Command):
    done = command("show", "mixed")
    assert done.exit_code == 0
    assert "2 of 4 points have a result; 2 blocked" in done.output
    assert 'ending = ["error", "well"]' in done.output
    assert json.loads(command("show", "mixed", "--json").output)["points"]["blocked"] == 2
    assert len(command("show", "mixed", "--full").output) > len(done.output)


def test_a_page_shows_the_log_of_what_blocks_points(inside: Project, command: Command):
    done = command("report", "mixed", "--html", "page.html")
    assert done.exit_code == 0, done.output
    page = (inside.folder / "page.html").read_text(encoding="utf-8")
    assert "number 0 ends error" in page
    (failed,) = (run for run in runs(inside.uri, "trouble") if run.reason)
    assert failed.log in page


def test_list_tells_how_far_each_sweep_is(inside: Project, command: Command):
    done = command("list")
    assert done.exit_code == 0
    assert "2 of 4  0, 2 blocked  score 1.500 (n=2)  incomplete" in done.output
    assert json.loads(command("list", "--json").output)[0]["sweep"] == "mixed"


def test_list_of_an_empty_store_says_so(tmp_path: Path, command: Command):
    uri = f"sqlite:///{tmp_path}/none/mlflow.db"
    assert command("list", "--tracking-uri", uri).output == "no sweeps yet; run one: sweeper run SPEC\n"
    assert command("list", "--json", "--tracking-uri", uri).output == "[]\n"
    assert not (tmp_path / "none").exists()


def test_diff_tells_what_differs_and_exits_as_it_is_asked_to(inside: Project, command: Command):
    one, other = ids(inside)
    done = command("diff", one, other)
    assert (done.exit_code, "number        1    2" in done.output) == (0, True), done.output
    assert command("diff", one, other, "--exit-code").exit_code == 1
    assert command("diff", one, one, "--exit-code").exit_code == 0
    assert json.loads(command("diff", one, other, "--json").output)["is_equal"] is False


def test_diff_takes_configurations(inside: Project, command: Command):
    done = command("diff", "mixed:ending=well", "mixed:ending=well,number=2")
    assert done.exit_code == 0
    assert "A  mixed: ending=well  Dependent, 2 results" in done.output
    assert "B  mixed: ending=well,number=2  Dependent, finished" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "mixd"), "has no sweep mixd; did you mean mixed?"),
        (("show", "0" * 32), f"has no run {'0' * 32}"),
        (("show",), "Missing argument 'RUN'"),
        (("diff", "mixed:ending=well"), "Missing argument 'B'"),
        (("diff", "mixed", "mixed:ending=well"), "mixed is a sweep; name a configuration of it"),
        (("diff", "mixed:ending=well", "mixed:ending=error"), "mixed: ending=error has no run yet"),
        (("diff", "mixed:ending=well", "mixed:endin=error"), "sets no parameter endin; did you mean ending?"),
        (("diff", "mixed:ending=well", "mixed:ending="), "has an empty value"),
    ],
)
def test_wrong_input_is_told_and_exits_with_2(
    arguments: tuple[str, ...], message: str, inside: Project, command: Command
):
    done = command(*arguments)
    assert done.exit_code == 2
    assert message in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize("arguments", [["list"], ["show", "mixed"], ["diff", "mixed:ending=well", "mixed:ending=well"]])
def test_reading_a_sqlite_store_imports_neither_mlflow_nor_pandas(arguments: list[str], finished: Project):
    imported = imported_by(finished.folder, *arguments)
    assert "sweeper.store.sql" in imported
    assert {"mlflow", "sqlalchemy", "luigi", "optuna", "pandas"} & imported == set()
