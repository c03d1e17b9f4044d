"""Three tasks in a row; most points share the first two."""

import json
from pathlib import Path
from typing import Any, ClassVar

import luigi

from sweeper import MlflowTask


def write_json(value: Any, path: str) -> None:
    """Write a value as JSON."""
    Path(path).write_text(json.dumps(value), encoding="utf-8")


def read_json(path: str) -> Any:
    """Read what ``write_json`` wrote."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


class Collect(MlflowTask):
    """Collect numbers."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"numbers": "numbers.json"}

    size: int = luigi.IntParameter(default=3)

    def _run(self) -> None:
        self.save_to_mlflow({"numbers": (list(range(self.size)), write_json)})


class Scale(MlflowTask):
    """Multiply the numbers."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"scaled": "scaled.json"}

    factor: float = luigi.FloatParameter(default=1.0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"numbers": Collect()}

    def _run(self) -> None:
        numbers = read_json(self.input()["numbers"]["numbers"].path)
        self.save_to_mlflow({"scaled": ([self.factor * number for number in numbers], write_json)})


class Fit(MlflowTask):
    """Score a rate: the nearer to 0.1 the better, and a little better with each epoch and seed."""

    rate: float = luigi.FloatParameter(default=0.1)
    epochs: int = luigi.IntParameter(default=1)
    seed: int = luigi.IntParameter(default=0)
    note: str = luigi.StrParameter(default="", significant=False)

    def requires(self) -> dict[str, luigi.Task]:
        return {"scaled": Scale()}

    def _run(self) -> None:
        total = sum(read_json(self.input()["scaled"]["scaled"].path))
        self.save_to_mlflow(metrics={"score": total - abs(self.rate - 0.1) + self.epochs + self.seed / 100})


class Report(MlflowTask):
    """Another final task on the same upstream."""

    digits: int = luigi.IntParameter(default=2)

    def requires(self) -> dict[str, luigi.Task]:
        return {"scaled": Scale()}

    def _run(self) -> None:
        total = sum(read_json(self.input()["scaled"]["scaled"].path))
        self.save_to_mlflow(metrics={"score": round(total, self.digits)})
