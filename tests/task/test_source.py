"""The digest of a task's code moves when the code does, and not otherwise."""

from __future__ import annotations

import importlib
import sys
from json import JSONDecoder
from pathlib import Path

import pytest

from sweeper.task.source import _digest, module_name, qualified_name, source_digest

TASK = """
import os, json, luigi
from sweeper import MlflowTask
import steps
from package import inner

class Train:
    def _run(self):
        return steps.half(1)
"""


@pytest.fixture
def digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Write files into a folder that is imported from; return the digest of its task."""
    monkeypatch.syspath_prepend(tmp_path)

    def digest(**files: str) -> str:
        for name, text in {"task": TASK, "steps": "def half(x):\n    return x / 2\n", "other": "x = 1\n"}.items():
            (tmp_path / f"{name}.py").write_text(files.get(name, text))
        (tmp_path / "package").mkdir(exist_ok=True)
        (tmp_path / "package" / "__init__.py").write_text("")
        (tmp_path / "package" / "inner.py").write_text(files.get("inner", "from . import leaf\n"))
        (tmp_path / "package" / "leaf.py").write_text(files.get("leaf", "y = 1\n"))
        for name in ("task", "steps", "other", "package", "package.inner", "package.leaf"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        _digest.cache_clear()
        return source_digest(importlib.import_module("task").Train)

    return digest


@pytest.mark.parametrize(
    "files",
    [
        {"task": TASK.replace("half(1)", "half(2)")},
        {"steps": "def half(x):\n    return x * 2\n"},
        {"inner": "from . import leaf\nz = 1\n"},
        {"leaf": "y = 2\n"},
        {"steps": "def half(x):\n    if x:\n        x = 1\n    return x / 2\n"},
    ],
    ids=["the task", "an imported module", "a package's module", "what that imports", "indentation"],
)
def test_a_change_of_local_code_moves_the_digest(digest, files: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    assert digest(**files) != digest()


@pytest.mark.parametrize(
    "files",
    [
        {"task": TASK.replace("import steps", "# why\nimport steps\n\n")},
        {"steps": "def half(x):\n\n    return x / 2  # half\n"},
        {"other": "x = 2\n"},
    ],
    ids=["a comment", "a blank line", "a module that is not imported"],
)
def test_what_does_not_run_does_not_move_it(digest, files: dict[str, str]) -> None:  # type: ignore[no-untyped-def]
    assert digest(**files) == digest()


def test_an_indentation_alone_moves_it(digest) -> None:  # type: ignore[no-untyped-def]
    inside = "def half(x):\n    if x:\n        x = 1\n        x = 2\n    return x\n"
    outside = "def half(x):\n    if x:\n        x = 1\n    x = 2\n    return x\n"
    assert digest(steps=inside) != digest(steps=outside)


def test_a_class_without_a_file_has_none() -> None:
    assert source_digest(type("Notebook", (), {"__module__": "builtins"})) == ""


def test_a_class_is_named_by_its_module() -> None:
    assert module_name(JSONDecoder) == "json.decoder"
    assert qualified_name(JSONDecoder) == "json.decoder:JSONDecoder"
