"""The tools' own virtual environments, made from the package index and kept in a folder."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.tools import CHECKOUT, EDITABLE, Tool

_READY = "ready"


def environment(tool: Tool, cache: Path) -> Path:
    """Return the folder of an environment with the tool's requirements; one that is there is taken as it is.

    Raises ``subprocess.CalledProcessError`` if it cannot be installed.
    """
    folder = cache / _digest(tool.requirements)
    if not (folder / _READY).exists():
        shutil.rmtree(folder, ignore_errors=True)
        for command in _commands(folder, tool.requirements):
            subprocess.run(command, check=True, capture_output=True, text=True)
        (folder / _READY).touch()
    return folder


def versions(folder: Path) -> dict[str, str]:
    """Return the version of each distribution that is installed in an environment."""
    code = "from importlib.metadata import distributions as d; [print(x.name, x.version, sep='==') for x in d()]"
    printed = subprocess.run([folder / "bin" / "python", "-c", code], check=True, capture_output=True, text=True)
    return dict(line.split("==", 1) for line in printed.stdout.splitlines())


def _commands(folder: Path, requirements: Sequence[str]) -> list[list[str]]:
    """Return the commands that make an environment: uv's where it is installed, else those of venv and pip."""
    python = str(folder / "bin" / "python")
    uv = shutil.which("uv")
    if uv:
        install = [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", python, *requirements]
        return [[uv, "venv", "--quiet", "--python", sys.executable, str(folder)], install]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
    ]


def _digest(requirements: Sequence[str]) -> str:
    """Return a folder's name that changes with the requirements, those of the checkout if it is one, and Python."""
    asked = [*requirements, sys.version]
    if EDITABLE in requirements:
        project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        asked += [*project["dependencies"], *project["scripts"].values()]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()[:12]
