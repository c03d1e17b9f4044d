"""A long task in small: every step is written down outside, and saved."""

import os
import signal
import time
from pathlib import Path

import luigi

from sweeper import MlflowTask

PATIENCE_SECONDS = 120


class Steps(MlflowTask):
    """Take steps, with a checkpoint after each; hang after those of ``stops``, and die after those of ``ends``.

    The file ``ledger`` tells which steps were taken, ``at-<step>`` that the task hangs after one.
    """

    number: int = luigi.IntParameter(default=12)
    stops: tuple[int, ...] = luigi.TupleParameter(default=(), significant=False)
    ends: tuple[int, ...] = luigi.TupleParameter(default=(), significant=False)

    def _run(self) -> None:
        saved = self.checkpoint_dir / "steps"
        first = int(saved.read_text(encoding="ascii")) if saved.exists() else 0
        for step in range(first, self.number):
            with Path("ledger").open("a", encoding="ascii") as ledger:
                ledger.write(f"{step}\n")
            aside = saved.with_suffix(".new")
            aside.write_text(str(step + 1), encoding="ascii")
            os.replace(aside, saved)  # noqa: PTH105 (as a reader of the manual would write it)
            if step in self.stops:
                hang(step)
            if step in self.ends:
                os.kill(os.getpid(), signal.SIGKILL)
        self.save_to_mlflow(metrics={"score": self.number})


def hang(step: int) -> None:
    """Say where the task is, and wait to be killed."""
    Path(f"at-{step}").touch()
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        time.sleep(0.01)
    raise TimeoutError(step)
