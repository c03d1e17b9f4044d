"""Nothing that the store, an artifact or the network says is run: by what the code can do, and by what it does."""

from __future__ import annotations

import ast
import json
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from sweeper.session import EngineName, run_spec
from sweeper.store import open_store
from sweeper.store.records import DOCUMENT_ARTIFACT
from sweeper.store.tags import Tag
from tests.cli.conftest import Command, Project, make_project
from tests.sweeping import CHAIN, Recorder, runs

ROOT = Path(__file__).parents[2]

UNPICKLED = {
    "sweeper/engine/execute.py": "what this very driver sends its own workers through a pipe",
    "sweeper/engine/dask/worker.py": "what a driver sends over the connections of Dask, which unpickles it as it is",
    "sweeper/engine/dask/engine.py": "what a worker that was admitted sends back over them",
}
PICKLED = {"sweeper/engine/base.py": "the other end of it"}
IMPORTED = {
    "sweeper/binding/find.py": "the task that the spec names",
    "sweeper/search/components.py": "the sampler or pruner that the spec names",
    "sweeper/engine/execute.py": "the task's module in a worker, as its driver says",
    "sweeper/cli/__init__.py": "a command of ours",
}
RUNS_WHAT_IT_READS = {
    *("cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve", "yaml", "jsonpickle", "code", "runpy", "imp"),
    *("optuna.storages.journal", "mlflow.pyfunc", "mlflow.sklearn", "mlflow.pytorch"),
}


@cache
def _files() -> tuple[tuple[str, ast.Module], ...]:
    files = sorted((ROOT / "sweeper").rglob("*.py"))
    return tuple((file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))) for file in files)


def _calls(tree: ast.Module) -> Iterator[str]:
    yield from (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_only_a_driver_and_its_workers_pickle() -> None:
    found = {file: {name for name in _imports(tree) if name.startswith("pickle")} for file, tree in _files()}
    assert {file for file, names in found.items() if names} == {*UNPICKLED, *PICKLED}
    calls = {
        file: {call for call in _calls(tree) if call in ("pickle.load", "pickle.loads")} for file, tree in _files()
    }
    assert {file for file, names in calls.items() if names} == {*UNPICKLED}


def test_nothing_is_imported_that_runs_what_it_reads() -> None:
    for file, tree in _files():
        for name in _imports(tree):
            assert not any(f"{name}.".startswith(f"{one}.") for one in RUNS_WHAT_IT_READS), f"{file} imports {name}"


def test_no_text_is_run_as_code() -> None:
    for file, tree in _files():
        for call in _calls(tree):
            assert call not in ("eval", "exec", "compile", "__import__", "os.system", "os.popen"), f"{file}: {call}"


def test_no_command_goes_through_a_shell() -> None:
    for file, tree in _files():
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg == "shell":
                assert isinstance(node.value, ast.Constant), file
                assert node.value.value is False, file


def test_modules_are_imported_by_name_only_where_the_spec_names_them() -> None:
    found = {file for file, tree in _files() if any(call.endswith("import_module") for call in _calls(tree))}
    assert found == {*IMPORTED}


def test_messages_over_the_channel_are_bytes_that_are_parsed_as_json() -> None:
    tree = ast.parse((ROOT / "sweeper" / "search" / "channel.py").read_text(encoding="utf-8"))
    calls = {call.rpartition(".")[2] for call in _calls(tree)}
    assert {"recv_bytes", "send_bytes", "loads"} <= calls
    assert not {"recv", "send", "accept_connection"} & calls
    assert "json.loads" in {*_calls(tree)}


@pytest.fixture(scope="module")
def poisoned(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose store was written to by somebody else: every name of code in it is that of a trap."""
    project = make_project(tmp_path_factory.mktemp("poisoned"), template)
    spec = project.spec("mixed", f'task = "{CHAIN}:Fit"\nmetric = "score"\n[grid]\nseed = [1, 2]\n')
    run_spec(project.folder / spec, Recorder(), engine=EngineName.INLINE, tracking_uri=project.uri)
    (project.folder / "trap.py").write_text("raise SystemExit('the trap has sprung')\n", encoding="utf-8")
    documents = [*project.folder.rglob(DOCUMENT_ARTIFACT)]
    assert documents
    for path in documents:
        document = json.loads(path.read_text(encoding="utf-8"))
        document["task"] = "trap:Task"
        path.write_text(json.dumps(document), encoding="utf-8")
    store = open_store(project.uri)
    for run in [*runs(project.uri), *store.runs_with(Tag.KIND)]:
        store.log(run.run_id, tags={Tag.TASK: "trap:Task", Tag.LOG: "trap.py", Tag.SOURCE: "trap"})
    return project


@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "mixed"],
        ["report", "mixed", "--html", "page.html"],
        ["report", "mixed", "--format", "json", "--long"],
        ["status", "mixed"],
        ["show", "mixed"],
        ["list"],
        ["plan", "mixed.toml"],
    ],
    ids=" ".join,
)
def test_no_code_that_the_store_names_is_imported(
    arguments: list[str], poisoned: Project, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(poisoned.folder)
    monkeypatch.syspath_prepend(str(poisoned.folder))
    done = command(*arguments)
    assert "the trap has sprung" not in done.output
    assert "trap" not in sys.modules
    assert done.exit_code == (1 if arguments[0] == "plan" else 0), done.output  # another class made its results
    shutil.rmtree(poisoned.folder / "__pycache__", ignore_errors=True)
