"""``sweeper report``: what its options mean, where it writes, and how it refuses what is wrong."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from sweeper.store.locate import sqlite_uri
from tests.cli.conftest import SWEEPER
from tests.report.frozen.restore import restore
from tests.report.latex import check

Report = Callable[..., Result]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a store with three sweeps, and an experiment of somebody else's."""
    return restore(tmp_path_factory.mktemp("frozen"))


@pytest.fixture
def report(frozen: str, command: Callable[..., Result]) -> Report:
    """Run the command on that store."""

    def run(*arguments: str) -> Result:
        return command("report", "--tracking-uri", frozen, *arguments)

    return run


def rows(done: Result) -> list[dict[str, str]]:
    assert done.exit_code == 0, done.output
    return [*csv.DictReader(io.StringIO(done.output))]


class TestSources:
    def test_by_default_it_is_the_sweep_that_was_started_last(self, report: Report):
        assert report().output.startswith("search: accuracy")

    def test_several_sweeps_are_one_table(self, report: Report):
        found = rows(report("optimizers", "limits", "--format", "csv"))
        assert {row["sweep"] for row in found} == {"optimizers", "limits"}

    def test_a_sweep_that_is_named_twice_counts_once(self, report: Report):
        assert report("limits", "limits").output == report("limits").output

    def test_an_experiment_alone_brings_no_sweep_with_it(self, report: Report):
        text = report("--experiment", "baselines", "--metric", "accuracy").output
        assert text.startswith("baselines: accuracy")
        assert "search" not in text

    def test_the_experiment_of_sweepers_own_runs_has_them_each_once(self, report: Report):
        found = rows(report("--experiment", "train", "--metric", "accuracy", "--format", "csv", "--long"))
        assert len(found) == 40
        assert {row["Titles.limit"] for row in found} == {"100", "200"}

    def test_a_result_of_two_sweeps_is_pooled_once(self, report: Report):
        found = rows(report("optimizers", "limits", "--group-by", "sweep,Titles.limit", "--format", "csv"))
        apart = {(row["sweep"], row["Titles.limit"]): int(row["n"]) for row in found}
        assert apart == {("optimizers", "100"): 23, ("limits", "100"): 6, ("limits", "200"): 6}
        pooled = rows(report("optimizers", "limits", "--group-by", "Titles.limit", "--format", "csv"))
        assert {row["Titles.limit"]: int(row["n"]) for row in pooled} == {"100": 23, "200": 6}


class TestOptions:
    @pytest.mark.parametrize(
        ("conditions", "number"),
        [
            (["learning_rate < 0.05"], 12),
            (["learning_rate<0.05", "seed != 0,1"], 8),
            (["optimizer = sgd", "state = failed"], 1),
            (["accuracy >= 0.92"], 2),
            (["Titles.limit = 100"], 24),
            (["seed = 99"], 0),
        ],
    )
    def test_conditions_leave_points(self, conditions: list[str], number: int, report: Report):
        where = [word for condition in conditions for word in ("--where", condition)]
        assert len(rows(report("optimizers", *where, "--format", "csv", "--long"))) == number

    def test_names_are_parted_by_commas_or_given_again(self, report: Report):
        once = report("optimizers", "--group-by", "optimizer,learning_rate").output
        assert report("optimizers", "--group-by", "optimizer", "--group-by", " learning_rate ").output == once

    def test_the_best_of_each_and_a_pivot(self, report: Report):
        found = rows(report("optimizers", "--best-per", "optimizer", "--format", "csv"))
        assert [(row["optimizer"], row["learning_rate"]) for row in found] == [("adam", "0.01"), ("sgd", "0.01")]
        best = ("--best-per", "optimizer", "--pivot", "optimizer", "learning_rate")
        assert [line.split()[0] for line in report("optimizers", *best).output.splitlines()[4:6]] == ["adam", "sgd"]

    def test_a_minus_before_the_order_puts_the_largest_first(self, report: Report):
        upwards = rows(report("optimizers", "--sort", "learning_rate", "--format", "csv"))
        downwards = rows(report("optimizers", "--sort", "-learning_rate", "--format", "csv"))
        assert [row["learning_rate"] for row in upwards] == ["0.01", "0.01", "0.1", "0.1"]
        assert [row["learning_rate"] for row in downwards] == ["0.1", "0.1", "0.01", "0.01"]

    def test_only_so_many_rows(self, report: Report):
        assert len(rows(report("optimizers", "--top", "2", "--format", "csv"))) == 2
        assert "and 2 more rows, left out by --top 2" in report("optimizers", "--top", "2").output

    def test_metrics_and_directions(self, report: Report):
        document = json.loads(
            report("optimizers", "--minimize", "loss", "--metric", "accuracy", "--format", "json").output
        )
        assert document["metrics"] == {"accuracy": "maximize", "loss": "minimize"}
        worst = rows(report("optimizers", "--minimize", "accuracy", "--format", "csv"))[0]
        assert (worst["optimizer"], worst["learning_rate"]) == ("sgd", "0.1")

    def test_intervals_and_quantiles(self, report: Report):
        by_t, by_bootstrap = (
            rows(report("optimizers", "--interval", method, "--format", "csv"))[0] for method in ("t", "bootstrap")
        )
        assert by_t["accuracy_mean"] == by_bootstrap["accuracy_mean"]
        assert by_t["accuracy_ci_low"] < by_bootstrap["accuracy_ci_low"]
        assert rows(report("optimizers", "--interval", "none", "--format", "csv"))[0]["accuracy_ci_low"] == ""
        found = rows(report("optimizers", "--quantile", "0.5", "--quantile", "0.25", "--format", "csv"))[0]
        assert float(found["accuracy_q25"]) < float(found["accuracy_median"])

    def test_a_baseline_of_several_parameters_and_a_test(self, report: Report):
        arguments = ("--baseline", "optimizer = sgd, learning_rate = 0.01", "--test", "wilcoxon", "--format", "csv")
        found = rows(report("optimizers", *arguments))
        assert [row["baseline"] for row in found] == ["False", "True", "False", "False"]
        assert [row["accuracy_p"] for row in found] == ["0.03125", "", "0.03125", ""]
        assert [row["accuracy_untested"] for row in found] == ["", "", "", "too few"]

    def test_replicates_that_no_sweep_names(self, report: Report):
        arguments = ("--experiment", "baselines", "--maximize", "accuracy", "--format", "csv")
        assert [row["n"] for row in rows(report(*arguments, "--replicates", "seed"))] == ["2", "2", "3", "1", "0"]
        assert "seed" in rows(report(*arguments))[0]

    def test_labels_are_for_readers(self, report: Report):
        labels = ("--label", "accuracy=Accuracy (%)", "--label", "learning_rate = Rate", "--label", "seed=x=y")
        text = report("optimizers", *labels).output
        assert text.startswith("optimizers: Accuracy (%), mean ± standard deviation over x=y, highest first")
        assert "Rate  Accuracy (%)" in text
        assert "accuracy_mean" in report("optimizers", *labels, "--format", "csv").output

    def test_a_column_that_does_not_vary(self, report: Report):
        assert "Titles.limit" not in report("optimizers").output
        assert rows(report("optimizers", "--show", "Titles.limit", "--format", "csv"))[0]["Titles.limit"] == "100"


class TestOutput:
    @pytest.mark.parametrize(
        ("suffix", "form"),
        [
            (".txt", "text"),
            (".md", "markdown"),
            (".tex", "latex"),
            (".csv", "csv"),
            (".json", "json"),
            (".TEX", "latex"),
        ],
    )
    def test_a_files_suffix_picks_the_format(self, suffix: str, form: str, report: Report, tmp_path: Path):
        done = report("optimizers", "-o", str(tmp_path / f"table{suffix}"))
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr == f"wrote {tmp_path / f'table{suffix}'}\n"
        written = (tmp_path / f"table{suffix}").read_text(encoding="utf-8")
        assert written == report("optimizers", "--format", form).output

    def test_a_format_that_is_named_goes_before_the_suffix(self, report: Report, tmp_path: Path):
        report("optimizers", "-o", str(tmp_path / "table.txt"), "--format", "latex")
        assert check((tmp_path / "table.txt").read_text(encoding="utf-8"))

    def test_long_tables_can_be_written(self, report: Report, tmp_path: Path):
        report("optimizers", "--long", "-o", str(tmp_path / "runs.csv"))
        assert len((tmp_path / "runs.csv").read_text(encoding="utf-8").splitlines()) == 25

    def test_what_was_there_is_replaced(self, report: Report, tmp_path: Path):
        for _ in range(2):
            assert report("optimizers", "-o", str(tmp_path / "table.md")).exit_code == 0

    def test_a_pipe_that_closes_is_no_error(self, frozen: str):
        command = f"{SWEEPER} report optimizers --format csv --long --tracking-uri {frozen} | head -1"
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True)
        assert done.stderr == ""

    def test_an_encoding_without_its_signs_gets_the_table_all_the_same(self, frozen: str):
        command = [
            SWEEPER,
            "report",
            "optimizers",
            "--label",
            "accuracy=\N{GREEK SMALL LETTER ALPHA}",
            "--tracking-uri",
            frozen,
        ]
        environment = {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
        assert done.stdout.decode("latin-1").startswith("optimizers: ?, mean ± standard deviation")

    def test_the_plain_locale_gets_the_table(self, frozen: str):
        command = [SWEEPER, "report", "optimizers", "--tracking-uri", frozen]
        environment = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
        done = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=True)
        assert "±".encode() in done.stdout


class TestWrongInput:
    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (["optimizer"], "has no sweep optimizer; did you mean optimizers?"),
            (["--experiment", "baseline"], "has no experiment baseline; did you mean baselines?"),
            (["optimizers", "nowhere"], "has no sweep nowhere; choose from limits, optimizers, search"),
            (["optimizers", "--metric", "acuracy"], "no run logged a metric acuracy; did you mean accuracy?"),
            (["optimizers", "--maximize", "los"], "no run logged a metric los; did you mean loss?"),
            (["optimizers", "--group-by", "optimiser"], "there is no parameter optimiser; did you mean optimizer?"),
            (["optimizers", "--group-by", "Titles.limt"], "no parameter Titles.limt; did you mean Titles.limit?"),
            (["optimizers", "--pivot", "optimizer", "sed"], "there is no parameter sed; did you mean seed?"),
            (["optimizers", "--best-per", "optimizers"], "no parameter optimizers; did you mean optimizer?"),
            (["optimizers", "--show", "learningrate"], "no parameter learningrate; did you mean learning_rate?"),
            (["optimizers", "--replicates", "seeds"], "there is no parameter seeds; did you mean seed?"),
            (["optimizers", "--sort", "-accurcy"], "no parameter or metric accurcy; did you mean accuracy?"),
            (["optimizers", "--where", "acuracy > 0"], "no parameter or metric acuracy; did you mean accuracy?"),
            (["optimizers", "--where", "state = fail"], "there is no state fail; did you mean failed?"),
            (["optimizers", "--where", "sweep = limits"], "there is no sweep limits; choose from optimizers"),
            (["optimizers", "--where", "learning_rate"], "'learning_rate' is no condition; write NAME = VALUE"),
            (["optimizers", "--where", "optimizer < 2"], "optimizer < 2: sgd is neither more nor less than 2"),
            (["optimizers", "--baseline", "optmizer=sgd"], "no parameter optmizer; did you mean optimizer?"),
            (["optimizers", "--baseline", "optimizer=sdg"], "is the baseline optimizer = sdg; did you mean sgd?"),
            (["optimizers", "--baseline", "optimizer=sgd,adam"], "--baseline optimizer=sgd,adam: write NAME=VALUE"),
            (["optimizers", "--baseline", "learning_rate<=1"], "a baseline is named by what its parameters are"),
            (["optimizers", "--label", "acc=Accuracy"], "--label acc: nothing is called so; choose from"),
            (["optimizers", "--label", "accuracy="], "--label accuracy=: write NAME=WORDS"),
            (["optimizers", "--quantile", "nan"], "a quantile is of a share from 0 to 1"),
            (["optimizers", "--quantile", "50"], "Invalid value for '--quantile'"),
            (["optimizers", "--top", "0"], "Invalid value for '--top'"),
            (["optimizers", "--interval", "normal"], "'t', 'bootstrap', 'none'"),
            (["optimizers", "--test", "welch"], "'t', 'wilcoxon'"),
            (["optimizers", "--format", "xls"], "'text', 'markdown', 'latex', 'csv', 'json', 'html'"),
            (["optimizers", "--maximize", "loss", "--minimize", "loss"], "of loss either more is better or less"),
            (["optimizers", "--metric", "loss", "--best-per", "optimizer"], "the best loss is not known"),
            (["optimizers", "--best-per", "seed"], "--best-per seed: configurations are means over it"),
            (["optimizers", "--group-by", "optimizer", "--pivot", "seed", "learning_rate"], "grouped or pivoted"),
            (["optimizers", "--pivot", "seed", "seed"], "some parameters for its rows, and others for its columns"),
            (["optimizers", "--metric", "loss", "--metric", "accuracy", "--pivot", "seed", "optimizer"],
             "a pivot shows one metric"),
            (["--experiment", "baselines"], "name what to compare by --metric; logged were: accuracy"),
            (["optimizers", "--long", "--format", "csv", "--group-by", "seed"], "it is neither grouped nor compared"),
            (["optimizers", "-o", "a.html", "--html", "./a.html"], "--output, --html and --figure name one file"),
            (["optimizers", "--long"], "--long, one row a result, is for csv and json"),
            (["optimizers", "-o", "table.pdf"], "no format has that suffix; choose from .txt, .md, .tex, .csv, .json"),
            (["optimizers", "-o", "table"], "table: no format has that suffix"),
            (["optimizers", "-o", "nowhere/table.csv"], "nowhere/table.csv: No such file or directory"),
            (["optimizers", "--sort"], "Option '--sort' requires an argument"),
        ],
    )  # fmt: skip
    def test_it_is_told_and_exits_with_2(self, arguments: list[str], message: str, report: Report):
        done = report(*arguments)
        assert done.exit_code == 2
        assert message in done.output
        assert "Traceback" not in done.output

    @pytest.mark.parametrize(
        "arguments", [["-o", "table.pdf"], ["--long", "-o", "table.md"], ["-o", "nowhere/table.csv"]]
    )
    def test_nothing_is_written(self, arguments: list[str], report: Report, tmp_path: Path):
        before = [*tmp_path.iterdir()]
        assert report("optimizers", *arguments).exit_code == 2
        assert [*tmp_path.iterdir()] == before

    def test_a_store_without_sweeps_says_so(self, command: Callable[..., Result], tmp_path: Path):
        empty = sqlite_uri(tmp_path / "none.db")
        done = command("report", "--tracking-uri", empty)
        assert (done.exit_code, "has no sweeps yet; run one: sweeper run SPEC" in done.output) == (2, True)
        done = command("report", "--experiment", "x", "--tracking-uri", empty)
        assert (done.exit_code, "has no experiment x; it has none yet" in done.output) == (2, True)


@pytest.mark.parametrize("command_line", [["report"], ["list"], ["status"], ["show", "abcd"]])
@pytest.mark.parametrize("content", ["other", "empty", "garbage"])
def test_a_database_that_is_no_store_is_left_as_it_is(
    command_line: list[str], content: str, command: Callable[..., Result], tmp_path: Path
):
    """MLflow would make its tables in it."""
    path = tmp_path / "other.db"
    if content == "other":
        with contextlib.closing(sqlite3.connect(path)) as database, database:
            database.execute("CREATE TABLE mine (x)")
    else:
        path.write_bytes(b"" if content == "empty" else b"no database" * 100)
    before = path.read_bytes()
    done = command(*command_line, "--tracking-uri", f"sqlite:///{path}")
    assert (done.exit_code, path.read_bytes()) == (3, before)
    assert str(path) in done.output


def test_a_damaged_sweep_is_told_of_and_hides_no_other(command: Callable[..., Result], tmp_path: Path):
    store = restore(tmp_path)
    (spec,) = (path for path in tmp_path.rglob("sweep.json") if '"limits"' in path.read_text(encoding="utf-8"))
    for damage, words in (("{", "is damaged"), ('{"version": 99}', "cannot be read"), ("", "is damaged")):
        spec.write_text(damage, encoding="utf-8")
        done = command("report", "limits", "--tracking-uri", store)
        assert (done.exit_code, words in done.output) == (3, True), done.output
        listed = command("list", "--tracking-uri", store)
        assert listed.exit_code == 0, listed.output
        assert [line.split()[0] for line in listed.output.splitlines()[2:] if "unreadable" in line] == ["limits"]
    spec.unlink()
    assert "was left behind or deleted" in command("report", "limits", "--tracking-uri", store).output
