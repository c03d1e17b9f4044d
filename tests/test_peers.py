"""The comparison with other tools: what its table says of them, and what it counts."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.peers.measuring import Measurement, ToolError, Workload, measure
from benchmarks.peers.table import table
from benchmarks.peers.tools import BASE, EDITABLE, SCRIPTS, TOOLS, Tool

NOTHING = Workload(trials=3, seconds=0.0)
PEER = Tool("peer", "a peer", (), ("sh", "-c", "exit 0"))
FILL = """
import sqlite3, sys
store = sqlite3.connect(sys.argv[1].removeprefix("sqlite:///"))
store.execute("CREATE TABLE runs (run_uuid, status, end_time)")
store.execute("CREATE TABLE params (run_uuid, key)")
store.execute("CREATE TABLE metrics (run_uuid, key)")
for number, (status, end) in enumerate({runs}):
    store.execute("INSERT INTO runs VALUES (?, ?, ?)", (number, status, end))
    store.execute("INSERT INTO params VALUES (?, 'number')", (number,))
    store.execute("INSERT INTO metrics VALUES (?, 'value')", (number,))
store.commit()
"""


def _rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


def test_a_row_is_the_median_beside_the_bare_client() -> None:
    rounds = {
        BASE: [Measurement(5.0, 10.0, 3)],
        PEER: [Measurement(8.0, 30.0, 3), Measurement(6.0, 20.0, 3), Measurement(7.0, 900.0, 3)],
    }
    assert _rows(table(NOTHING, rounds))[1] == ["a peer", "2", "30.0", "3.00", "7.0", "3 of 3"]


def test_fewer_recorded_trials_are_said() -> None:
    rounds = {PEER: [Measurement(1.0, 1.0, 3), Measurement(1.0, 1.0, 2)]}
    assert _rows(table(NOTHING, rounds))[0][-1] == "2 of 3"


def test_a_tool_that_failed_says_so_in_its_row() -> None:
    rounds = {BASE: [Measurement(5.0, 10.0, 3)], PEER: ["not installed: no such version"]}
    assert _rows(table(NOTHING, rounds))[1] == ["a peer", "2", "", "", "", "not installed: no such version"]


def test_start_up_is_apart_and_unfinished_runs_do_not_count(tmp_path: Path) -> None:
    runs = [("FINISHED", 5000), ("FINISHED", 5100), ("FINISHED", 5300), ("FINISHED", 5500), ("RUNNING", 9000)]
    measured = measure(PEER, _environment(tmp_path, runs), Workload(trials=5, seconds=0.0))
    assert measured.recorded == 4
    assert measured.trial_ms == 200.0  # from the second end on: each of the two workers has one behind it


def test_a_command_that_fails_is_told_with_its_last_line(tmp_path: Path) -> None:
    tool = Tool("peer", "a peer", (), ("sh", "-c", "echo no such option; echo; exit 3"))
    with pytest.raises(ToolError, match="exit code 3: no such option"):
        measure(tool, _environment(tmp_path, []), NOTHING)


def test_a_command_that_records_nothing_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="0 of 3 trials recorded"):
        measure(PEER, _environment(tmp_path, []), NOTHING)


def _environment(folder: Path, runs: list[tuple[str, int]]) -> Path:
    """Make what stands for a tool's environment: its Python fills the store with such runs."""
    (folder / "bin").mkdir()
    (folder / "bin" / "sh").symlink_to("/bin/sh")
    fill = folder / "fill.py"
    fill.write_text(FILL.format(runs=runs), encoding="utf-8")
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S "{fill}" "$2"\n', encoding="utf-8")
    python.chmod(0o755)
    return folder


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_what_is_compared_is_pinned_and_there(tool: Tool) -> None:
    assert all("==" in requirement or requirement == EDITABLE for requirement in tool.requirements)
    parts = [tool.store, *(part.removeprefix("{scripts}/") for part in tool.command if part.startswith("{scripts}/"))]
    assert all((SCRIPTS / part).is_file() for part in parts)
