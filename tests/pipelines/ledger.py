"""A pipeline that notes in a file outside of the store what it has really done."""

import os
import time
from pathlib import Path
from typing import Any, ClassVar

import luigi
import mlflow

from sweeper import MlflowTask


def note(line: str) -> None:
    """Add a line to the file ``ledger``; one write, so that processes can share it."""
    file = os.open("ledger", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, f"{line}\n".encode())
    finally:
        os.close(file)


def noted() -> list[str]:
    """Return the lines of the ledger, sorted."""
    path = Path("ledger")
    return sorted(path.read_text(encoding="utf-8").splitlines()) if path.exists() else []


def write_text(value: Any, path: str) -> None:
    """Write a value as text."""
    Path(path).write_text(str(value), encoding="utf-8")


class Draw(MlflowTask):
    """Draw a number; all points share it."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"number": "number.txt"}

    name: str = luigi.StrParameter(default="")
    seconds: float = luigi.FloatParameter(default=0.0, significant=False)

    def _run(self) -> None:
        note("draw")
        time.sleep(self.seconds)
        self.save_to_mlflow({"number": (7, write_text)})


class Weigh(MlflowTask):
    """Score a weight, with a curve and an artifact; a point may wait for the file ``go-on``."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"weighed": "deep/weighed.txt"}

    name: str = luigi.StrParameter(default="")
    weight: int = luigi.IntParameter(default=0)
    waits: bool = luigi.BoolParameter(default=False, significant=False)
    seconds: float = luigi.FloatParameter(default=0.0, significant=False)

    def requires(self) -> dict[str, luigi.Task]:
        return {"number": Draw(name=self.name)}

    def _run(self) -> None:
        number = int(Path(self.input()["number"]["number"].path).read_text(encoding="utf-8"))
        note(f"weigh {self.weight}")
        if self.waits:
            Path(f"begun-{self.weight}").touch()
            until = time.monotonic() + 120
            while not Path("go-on").exists() and time.monotonic() < until:
                time.sleep(0.02)
        time.sleep(self.seconds)
        for step in range(3):
            self.log_metric("loss", 1 / (step + 1), step)
        self.save_to_mlflow({"weighed": (number * self.weight, write_text)}, {"score": number * self.weight})


class Fluent(MlflowTask):
    """Log a score by a call of MLflow's own, once the file ``go-on`` is there."""

    name: str = luigi.StrParameter(default="")
    weight: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        note(f"fluent {self.weight}")
        Path(f"begun-{self.weight}").touch()
        until = time.monotonic() + 120
        while not Path("go-on").exists() and time.monotonic() < until:
            time.sleep(0.02)
        mlflow.log_metric("score", self.weight)
