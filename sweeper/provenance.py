"""Where results come from: who ran what, on which commit, with which Python and libraries."""

from __future__ import annotations

import getpass
import platform
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

GIT_SECONDS = 10


def git_commit(folder: Path) -> tuple[str, bool]:
    """Return the commit of a folder's checkout, and whether tracked files differ from it; ('', False) outside one."""
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        return commit, bool(commit and _git(folder, "status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return "", False


def source_tags(folder: Path, name: str) -> Mapping[str, str]:
    """Return MLflow's own tags for who ran what, and on which commit."""
    commit, is_dirty = git_commit(folder)
    tags = {"mlflow.user": user(), "mlflow.source.name": name, "mlflow.source.type": "LOCAL"}
    if commit:
        tags |= {"mlflow.source.git.commit": commit, "mlflow.source.git.dirty": str(is_dirty).lower()}
    return tags


def user() -> str:
    """Return the name of who runs this, '' where it is not known."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def environment() -> dict[str, object]:
    """Return the Python, the machine and every installed distribution with its version."""
    packages = {found.name: found.version for found in metadata.distributions() if found.name}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "executable": sys.executable,
        "packages": dict(sorted(packages.items())),
    }


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(  # noqa: S603
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=GIT_SECONDS,
        check=True,
    )
    return done.stdout.strip()
