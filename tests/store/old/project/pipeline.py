"""A pipeline that every sweeper there was can run: a grid of points that share one upstream task."""

from pathlib import Path

import luigi

from sweeper import MlflowTask


class Prepare(MlflowTask):
    """Write what all points read."""

    class Meta:
        mlflow_artifact_fnames = {"numbers": "numbers.txt"}  # noqa: RUF012

    size: int = luigi.IntParameter(default=3)

    def _run(self) -> None:
        self.save_to_mlflow({"numbers": ("1 2 3", lambda text, path: Path(path).write_text(text))})


class Fit(MlflowTask):
    """Score a rate."""

    rate: float = luigi.FloatParameter()
    seed: int = luigi.IntParameter(default=0)

    def requires(self) -> dict[str, luigi.Task]:
        return {"prepared": Prepare()}

    def _run(self) -> None:
        numbers = Path(self.input()["prepared"]["numbers"].path).read_text().split()
        self.save_to_mlflow(metrics={"score": self.rate * len(numbers) + self.seed})
