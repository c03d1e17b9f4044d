"""What trials that do next to nothing cost with sweeper and with other tools, all of them recorded in MLflow.

Each tool runs 100 trials that do nothing and 100 that sleep for one second, with two workers where it has workers. Each
has a virtual environment of its own, made from the package index, and is set up as its documentation says. Every
command starts on an empty SQLite store that its MLflow has made, or sweeper for itself. The tools take turns, medians
over rounds are printed, and the bare client stands beside them in the same run.

    python -m benchmarks.peers [--only NAME] [--trials 100] [--rounds 3] [--cache FOLDER]
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peers.environments import environment, versions
from benchmarks.peers.measuring import Measurement, ToolError, Workload, last_line, measure
from benchmarks.peers.table import table
from benchmarks.peers.tools import BASE, TOOLS, Tool

_NAMED = ("mlflow", "luigi-sweeper", "luigi", "hydra-core", "hydra-joblib-launcher", "ray", "optuna")


def main() -> None:
    """Print a table for each workload, and the versions."""
    arguments = _arguments()
    tools = [tool for tool in TOOLS if not arguments.only or tool is BASE or tool.name in arguments.only]
    arguments.cache.mkdir(parents=True, exist_ok=True)
    environments = {tool: _environment(tool, arguments.cache) for tool in tools}
    tables = []
    for seconds in arguments.seconds:
        workload = Workload(arguments.trials, seconds)
        results: dict[Tool, list[Measurement | str]] = {tool: [] for tool in tools}
        for number in range(arguments.rounds):
            for tool in tools:
                results[tool].append(_result(tool, environments[tool], workload))
                _say(f"{seconds:g} s, round {number + 1}, {tool.name}: {results[tool][-1]}")
        tables.append(table(workload, results))
    print("\n\n".join(tables))
    print(f"\n{_setting([folder for folder in environments.values() if isinstance(folder, Path)])}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [tool.name for tool in TOOLS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help=f"one of {', '.join(names)}")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--seconds", type=float, nargs="+", default=[0.0, 1.0], help="how long the trials sleep")
    parser.add_argument("--rounds", type=int, default=3)
    cache = Path(tempfile.gettempdir()) / "sweeper-peers"
    parser.add_argument("--cache", type=Path, default=cache, help=f"keeps the environments; by default {cache}")
    return parser.parse_args()


def _environment(tool: Tool, cache: Path) -> Path | str:
    """Return the tool's environment, or why there is none."""
    try:
        return environment(tool, cache.resolve())
    except subprocess.CalledProcessError as error:
        return f"not installed: {last_line(error.stderr or '')}"


def _result(tool: Tool, folder: Path | str, workload: Workload) -> Measurement | str:
    """Return what one command came to, or why it came to nothing."""
    if isinstance(folder, str):
        return folder
    try:
        return measure(tool, folder, workload)
    except ToolError as failure:
        return str(failure)


def _setting(folders: Sequence[Path]) -> str:
    """Return what was measured on: the versions of what is compared, of Python, and the machine's cores."""
    installed: dict[str, str] = {}
    for folder in folders:
        installed |= versions(folder)
    named = [f"{name} {installed[name]}" for name in _NAMED if name in installed]
    return ", ".join([*named, f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()}"])


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
