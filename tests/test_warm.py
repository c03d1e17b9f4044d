"""The program that tests start quickly is the program: it prints the same and ends the same."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.shell import SWEEPER


@pytest.mark.parametrize("words", [["--version"], ["status"], ["run", "nowhere.toml"], ["report", "--no-such"]])
def test_it_prints_and_ends_as_the_program_does(words: list[str], quick_sweeper: Path) -> None:
    cold, warm = (
        subprocess.run([program, *words], capture_output=True, check=False) for program in (SWEEPER, quick_sweeper)
    )
    assert (warm.returncode, warm.stdout, warm.stderr) == (cold.returncode, cold.stdout, cold.stderr)
    assert cold.stdout or cold.stderr
