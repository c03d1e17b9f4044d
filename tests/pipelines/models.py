"""A final task with an artifact, and another that reads it."""

from pathlib import Path
from typing import Any, ClassVar

import luigi

from sweeper import MlflowTask
from tests.pipelines.chain import Collect, read_json, write_json


class Train(MlflowTask):
    """Score a rate, and keep what was trained."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"model": "model.json", "notes": "more/notes.json"}

    rate: float = luigi.FloatParameter(default=0.1)
    seed: int = luigi.IntParameter(default=0)
    needs: str = luigi.StrParameter(default="", significant=False)

    def requires(self) -> dict[str, luigi.Task]:
        return {"numbers": Collect()}

    def _run(self) -> None:
        print(f"rate {self.rate}")  # noqa: T201 (the log is to hold it)
        if self.needs and not Path(self.needs).exists():
            raise FileNotFoundError(self.needs)
        read_json(self.input()["numbers"]["numbers"].path)
        artifacts: dict[str, Any] = {"model": (self.rate, write_json), "notes": ([self.seed], write_json)}
        self.save_to_mlflow(artifacts, metrics={"score": self.rate + self.seed / 100})


class Judge(MlflowTask):
    """Read what was trained."""

    strictness: float = luigi.FloatParameter(default=1.0)
    rate: float = luigi.FloatParameter(default=0.1)

    def requires(self) -> dict[str, luigi.Task]:
        return {"model": Train(rate=self.rate)}

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"score": read_json(self.input()["model"]["model"].path) * self.strictness})
