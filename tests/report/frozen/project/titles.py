"""A pipeline of two tasks that needs no data: how good a classifier gets is made up, from its parameters."""

import json
import math
import random
from pathlib import Path
from typing import Any, ClassVar

import luigi

from sweeper import MlflowTask


def write_json(value: Any, path: str) -> None:
    """Write a value as JSON."""
    Path(path).write_text(json.dumps(value), encoding="utf-8")


class Titles(MlflowTask):
    """Collect titles; every point shares them."""

    class Meta:
        mlflow_artifact_fnames: ClassVar = {"titles": "titles.json"}

    limit: int = luigi.IntParameter(default=100)

    def _run(self) -> None:
        self.save_to_mlflow({"titles": ([f"title {number}" for number in range(self.limit)], write_json)})


class Train(MlflowTask):
    """Train a classifier; stochastic gradient descent diverges at a high rate and an unlucky seed."""

    optimizer: str = luigi.StrParameter(default="adam")
    learning_rate: float = luigi.FloatParameter(default=0.01)
    seed: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"titles": Titles()}

    def _run(self) -> None:
        titles = json.loads(Path(self.input()["titles"]["titles"].path).read_text(encoding="utf-8"))
        print(f"training on {len(titles)} titles")  # noqa: T201 (it goes to the task's log)
        if (self.optimizer, self.learning_rate, self.seed) == ("sgd", 0.1, 5):
            raise ValueError("the loss is not finite")
        luck = random.Random(f"seed {self.seed}").gauss(0, 0.01)
        chance = random.Random(f"{self.optimizer} {self.learning_rate} {self.seed} {len(titles)}").gauss(0, 0.002)
        skill = 0.9 + 0.02 * (self.optimizer == "adam") - 0.03 * abs(math.log10(self.learning_rate) + 2)
        accuracy = skill + luck + chance + 0.0001 * (len(titles) - 100)
        for epoch in range(1, 4):
            self.log_metric("loss", (1 - accuracy) * (1 + 1 / epoch), step=epoch)
        self.save_to_mlflow(metrics={"accuracy": accuracy, "parameters": 1e6 + self.seed})
