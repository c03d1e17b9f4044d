"""Tasks that report how well they go while they run."""

import math
import time

import luigi

from sweeper import MlflowTask


def score(rate: float, epoch: int, seed: int = 0) -> float:
    """Return what an epoch comes to: the nearer the rate to 0.01 the better, and better with each epoch."""
    return (1 - 0.7**epoch) / (1 + (math.log10(rate) + 2) ** 2) + seed / 1000


class Curve(MlflowTask):
    """Report the score of each epoch; what it comes to in the end costs as many epochs."""

    rate: float = luigi.FloatParameter(default=0.01)
    epochs: int = luigi.IntParameter(default=5)
    seed: int = luigi.IntParameter(default=0)
    sleep: float = luigi.FloatParameter(default=0.0, significant=False)

    def _run(self) -> None:
        for epoch in range(1, self.epochs + 1):
            time.sleep(self.sleep)
            self.report(score(self.rate, epoch, self.seed), epoch)
        self.save_to_mlflow(metrics={"score": score(self.rate, self.epochs, self.seed), "cost": self.epochs})


class Stage(MlflowTask):
    """Go on from the stage before, which is a point of its own."""

    level: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"before": Stage(level=self.level - 1)} if self.level else {}

    def _run(self) -> None:
        self.report(self.level, 1)
        self.save_to_mlflow(metrics={"score": self.level})
