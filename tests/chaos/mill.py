"""A pipeline to be killed: two levels that points share, artifacts that tell if they are whole, a list of what ran.

Copied beside the spec that names it. What ran is kept in the file ``ledger`` there.
"""

import contextlib
import hashlib
import json
import os
import random
import time
from multiprocessing import parent_process
from pathlib import Path
from typing import ClassVar

import luigi
import mlflow

from sweeper import MlflowTask

LEDGER = Path(__file__).with_name("ledger")
ORDER = Path(__file__).with_name("order")
LONGEST_PAUSE_SECONDS = 0.02


def obey() -> None:
    """Die at the step that the file ``order`` names, if this is the first worker to find it."""
    taken = ORDER.with_name("order.taken")
    with contextlib.suppress(FileNotFoundError):
        ORDER.rename(taken)
        from tests.chaos.fuse import Fuse

        Fuse(ORDER.parent, int(taken.read_text(encoding="ascii"))).light()


if parent_process() is not None:
    obey()


def note(event: str, task: str) -> None:
    """Add a line to the ledger, in one piece whoever else writes there."""
    file = os.open(LEDGER, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(file, f"{event} {task} {os.getpid()}\n".encode())
    os.close(file)


def pause() -> None:
    """Take a little time, each time another."""
    time.sleep(random.random() * LONGEST_PAUSE_SECONDS)


def write_sealed(numbers: list[float], path: str) -> None:
    """Write numbers below their digest, a few at a time, so that a kill leaves less than all of them."""
    text = json.dumps(numbers)
    middle = len(text) // 2
    with Path(path).open("w", encoding="ascii") as file:
        for part in (hashlib.sha256(text.encode()).hexdigest(), "\n", text[:middle], text[middle:]):
            file.write(part)
            file.flush()
            pause()


def read_sealed(path: str) -> list[float]:
    """Return the numbers that were written; raises ``ValueError`` if they are not all there."""
    digest, _, text = Path(path).read_text(encoding="ascii").partition("\n")
    if hashlib.sha256(text.encode()).hexdigest() != digest:
        note("torn", path)
        raise ValueError(f"{path} is not whole")
    numbers: list[float] = json.loads(text)
    return numbers


class Listed(MlflowTask):
    """A task whose beginning and end are on the ledger."""

    def _run(self) -> None:
        note("begun", self.task_id)
        print(f"{self.task_id} runs", flush=True)  # noqa: T201 (the log is to hold it)
        pause()
        self.work()
        note("done", self.task_id)

    def work(self) -> None:
        """Do what the task is for."""
        raise NotImplementedError


class Harvest(Listed):
    """Bring in the grain; every point shares it."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"grain": "grain.txt"}

    size: int = luigi.IntParameter(default=500)

    def work(self) -> None:
        """Save the numbers."""
        numbers = [number / 7 for number in range(self.size)]
        self.save_to_mlflow({"grain": (numbers, write_sealed)}, {"weight": sum(numbers)})


class Grind(Listed):
    """Grind the grain more or less finely; the points of a grade share it."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"flour": "deep/flour.txt", "bran": "bran.txt"}

    grade: int = luigi.IntParameter(default=1)

    def requires(self) -> dict[str, luigi.Task]:
        """Need the grain."""
        return {"grain": Harvest()}

    def work(self) -> None:
        """Save what it comes to in two files, and log by MLflow's own function too."""
        grain = read_sealed(self.input()["grain"]["grain"].path)
        self.save_to_mlflow({"bran": (grain[:: self.grade + 1], write_sealed)})
        with mlflow.start_run():
            mlflow.log_metric("coarseness", 1 / self.grade)
        self.save_to_mlflow({"flour": ([number / self.grade for number in grain], write_sealed)})


class Bake(Listed):
    """Score a heat: the nearer to 0.1 the better, and better with each epoch."""

    heat: float = luigi.FloatParameter(default=0.1)
    seed: int = luigi.IntParameter(default=0)
    epochs: int = luigi.IntParameter(default=3)

    def requires(self) -> dict[str, luigi.Task]:
        """Need the flour, and the grain to measure it by."""
        return {"flour": Grind(), "grain": Harvest()}

    def work(self) -> None:
        """Report each epoch."""
        flour = sum(read_sealed(self.input()["flour"]["flour"].path))
        grain = sum(read_sealed(self.input()["grain"]["grain"].path))
        for epoch in range(1, self.epochs + 1):
            pause()
            self.report(flour / grain - abs(self.heat - 0.1) * (1 + self.seed / 10) + epoch / 100, epoch)
        self.save_to_mlflow(metrics={"cost": self.epochs * self.heat})
