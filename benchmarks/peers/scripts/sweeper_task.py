"""One trial as a task of sweeper; the spec beside this file makes a sweep of it."""

import time

import luigi

from sweeper import MlflowTask


class Trial(MlflowTask):
    """Sleep, and save the metric."""

    number: int = luigi.IntParameter()
    seconds: float = luigi.FloatParameter()

    def _run(self) -> None:
        time.sleep(self.seconds)
        self.save_to_mlflow(metrics={"value": float(self.number)})
