"""Whatever is typed, a command ends with one of its exit codes, says so in words, and obeys no one but its user."""

from __future__ import annotations

import contextlib
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner, Result

from sweeper.cli import main
from sweeper.store import open_store
from sweeper.store.records import RunStatus
from sweeper.store.tags import Kind, Tag, sweep_tag
from tests.chaos.scale import at_scale
from tests.chaos.tally import Tally
from tests.cli.conftest import Project, make_project
from tests.fuzz.arguments import vector

VECTORS = at_scale(400, 5_000)
EXIT_CODES = {0, 1, 2, 3, 130}
ESCAPES = "\x1b]0;taken over\x07\x1b[2J\x9b31m\u202eerutcip\r"

GOOD = """
task = "chain:Fit"
metric = "score"
replicates = "seed"
grid = { rate = [0.1, 0.2], seed = [0, 1] }
"""
STUDY = """
task = "chain:Fit"
metric = "score"
[study]
trials = 2
sampler = "random"
space = { rate = { float = [0.1, 1.0] } }
"""
ODD = """
task = "rude:Rude"
metric = "score"
grid = { text = ["error \\u001b[2J\\r", "well \\u001b[31m\\u009b\\u202e", "well"] }
"""
RUDE = """
import luigi
from sweeper import MlflowTask

class Rude(MlflowTask):
    text = luigi.StrParameter(default="")

    def _run(self):
        if self.text.startswith("error"):
            raise ValueError(self.text)
        self.save_to_mlflow(metrics={"score": len(self.text)})
"""


@pytest.fixture(scope="module")
def troubled(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose store others have written to."""
    project = make_project(tmp_path_factory.mktemp("project"), template)
    project.spec("good", GOOD)
    project.spec("study", STUDY)
    project.spec("odd", ODD)
    project.spec("broken", "task = [")
    (project.folder / "rude.py").write_text(RUDE, encoding="utf-8")
    with contextlib.chdir(project.folder), pytest.MonkeyPatch.context() as patched:
        patched.syspath_prepend(str(project.folder))
        for name in ("good", "study", "odd"):
            assert_civil(run("run", f"{name}.toml", "--engine", "inline"), name)
        plant(project.uri)
    return project


def run(*words: str) -> Result:
    return CliRunner().invoke(main, [*words], env={"COLUMNS": "200"})


def plant(uri: str) -> None:
    """Write into a store what only somebody of ill will would: escapes in every name and value that it takes."""
    store = open_store(uri)
    started = store.start_run(
        "experiment " + ESCAPES,
        "run " + ESCAPES,
        tags={
            Tag.KIND: Kind.TASK,
            Tag.TASK: ESCAPES,
            Tag.REASON: "reason " + ESCAPES,
            Tag.SOURCE: ESCAPES,
            sweep_tag("good"): '[{"rate": "\\u001b[2J", "\\u001b[31m": 1}]',
            "mlflow.user": ESCAPES,
            "mlflow.source.name": ESCAPES,
            "mlflow.source.git.commit": ESCAPES,
            Tag.DRIVER: ESCAPES,
        },
        params={"rate": ESCAPES},
    )
    log = Path("planted.log")
    log.write_text(f"line {ESCAPES}\n", encoding="utf-8")
    store.save_artifact(started, log, "task.log")
    store.log(started.run_id, tags={Tag.LOG: "task.log"})
    store.end_run(started.run_id, RunStatus.FAILED)


def assert_civil(result: Result, words: object) -> None:
    """It ended by itself with a code of ours, and what it printed is text that a terminal shows and does not obey."""
    assert isinstance(result.exception, SystemExit | None), f"{words}: {result.exception!r}"
    assert result.exit_code in EXIT_CODES, f"{words}: {result.exit_code}"
    printed = result.output_bytes.decode("utf-8")
    obeyed = {letter for letter in printed if not letter.isprintable()} - {"\n", "\t"}
    assert not obeyed, f"{words}: {obeyed} in {printed}"


def test_any_command_line_ends_in_words(troubled: Project, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(troubled.folder)
    monkeypatch.syspath_prepend(str(troubled.folder))
    names = [
        "good",
        "study",
        "odd",
        "rate",
        "seed",
        "score",
        "Fit",
        "chain:Fit",
        "experiment " + ESCAPES,
        "good:rate=0.1",
    ]
    names += [record.run_id for record in open_store(troubled.uri).runs_with(Tag.KIND)]
    for number in range(VECTORS):
        words = vector(Random(number), names)
        assert_civil(run(*words), f"vector(Random({number})) = {words}")
    tally.tried("command lines", VECTORS)
