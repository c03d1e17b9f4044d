"""Try to break sweeper at full size, and write down what came of it: ``python -m tests.chaos [TESTS ...]``.

Runs those tests of the suite that count what they try, or some of them, with as much chance, as many kills and as many
inputs as half an hour holds. If all pass, the figures of the page on reliability are written anew; of a part of the
tests nothing is written. If a test fails, the exit code is pytest's, and the seed that has to be named to see it again
is printed.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.chaos.conftest import SEED_VARIABLE
from tests.chaos.page import PAGE, with_figures
from tests.chaos.scale import FULL, SCALE_VARIABLE
from tests.chaos.tally import TALLY_VARIABLE, read_tally


def main(tests: list[str]) -> int:
    """Run tests at full size; return pytest's exit code."""
    seed = os.environ.get(SEED_VARIABLE) or str(secrets.randbits(32))
    print(f"{SEED_VARIABLE}={seed}", flush=True)  # noqa: T201 (a command's output)
    with tempfile.TemporaryDirectory() as folder:
        tally = Path(folder) / "tally.jsonl"
        settings = {SCALE_VARIABLE: FULL, TALLY_VARIABLE: str(tally), SEED_VARIABLE: seed}
        command = [sys.executable, "-m", "pytest", "-q", *(tests or counting())]
        code = subprocess.run(command, check=False, env=os.environ | settings).returncode
        if code:
            print(f"failed; to see it again: {SEED_VARIABLE}={seed} python -m tests.chaos TEST", flush=True)  # noqa: T201
        elif not tests:
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(with_figures(page, read_tally(tally)), encoding="utf-8")
    return code


def counting() -> list[str]:
    """Return the files of tests that count what they try: any other is the same at every size."""
    files = sorted(Path(__file__).parents[1].rglob("test_*.py"))
    return [str(file) for file in files if "tally: Tally" in file.read_text(encoding="utf-8")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
