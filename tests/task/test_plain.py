"""Pipelines that know nothing but ``MlflowTask``, run by Luigi itself in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from sweeper.store import open_reader
from sweeper.store.api import ApiStore
from sweeper.store.base import Reader
from sweeper.store.lease import living_drivers
from sweeper.store.records import LOG_ARTIFACT, RunStatus
from sweeper.store.tags import Kind, Tag

PIPELINE = textwrap.dedent(
    """
    import sys
    import warnings

    import luigi

    from sweeper import MlflowTask


    class Fetch(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"ids": "ids.txt"}

        limit = luigi.IntParameter(default=3)

        def _run(self):
            warnings.warn("by a warning")
            open("fetched.txt", "a").write("x")
            self.save_to_mlflow({"ids": (range(self.limit), lambda ids, path: open(path, "w").write(str(list(ids))))})


    class Train(MlflowTask):
        rate = luigi.FloatParameter(default=0.5)

        def requires(self):
            return {"fetched": Fetch()}

        def _run(self):
            open("trained.txt", "a").write("x")
            ids = open(self.input()["fetched"]["ids"].path).read()
            self.save_to_mlflow(metrics={"accuracy": self.rate * len(ids)})


    if __name__ == "__main__":
        points = [Train(rate=float(rate)) for rate in sys.argv[2:]]
        done = luigi.build(points, local_scheduler=True, workers=int(sys.argv[1]), log_level="WARNING")
        sys.exit(not done or any(point.search_for_mlflow_run() is None for point in points))
    """
)


@pytest.fixture
def project(store_uri: str, tmp_path: Path) -> Path:
    """A folder with a pipeline in it, and a store that is there already."""
    (tmp_path / "pipeline.py").write_text(PIPELINE)
    return tmp_path


def script(project: Path, *arguments: str, settings: dict[str, str] | None = None) -> None:
    """Run the pipeline as a script, in its folder."""
    command = [sys.executable, "-W", "ignore::ResourceWarning", "pipeline.py", *arguments]
    done = subprocess.run(
        command, cwd=project, env={**os.environ, **(settings or {})}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def runs(project: Path) -> tuple[int, int]:
    """Return how often the two tasks have run."""
    return tuple(len((project / name).read_text()) for name in ("fetched.txt", "trained.txt"))  # type: ignore[return-value]


def reader_of(project: Path) -> Reader:
    """Return the project's store."""
    return open_reader(f"sqlite:///{project}/results/mlflow.db")


def test_a_plain_pipeline_runs_under_luigi_and_nothing_runs_twice(project: Path) -> None:
    script(project, "1", "0.5", "0.25")
    assert runs(project) == (1, 2)
    script(project, "2", "0.25", "5e-1", "1", "2")
    assert runs(project) == (1, 4)

    reader = reader_of(project)
    results = reader.results(["train"], metrics=["accuracy"])
    assert {result.metrics["accuracy"] for result in results} == {4.5, 2.25, 9.0, 18.0}
    assert {result.task for result in results} == {"pipeline:Train"}, "and not __main__"
    (fetched,) = reader.results(["fetch"])
    assert reader.artifact(fetched, "ids.txt").read_text() == "[0, 1, 2]"
    assert "by a warning" in reader.artifact(fetched, LOG_ARTIFACT).read_text()
    records = reader.runs_with(Tag.KIND, Kind.TASK)
    assert {record.status for record in records} == {RunStatus.FINISHED}
    drivers = {record.run_id for record in reader.runs_with(Tag.KIND, Kind.DRIVER)}
    assert {record.tags[Tag.DRIVER] for record in records} <= drivers
    assert living_drivers(ApiStore(reader.uri)) == []


def test_defaults_of_luigis_configuration_count(project: Path) -> None:
    config = project / "other.cfg"
    config.write_text("[Fetch]\nlimit = 5\n")
    script(project, "1", "1", settings={"LUIGI_CONFIG_PATH": str(config)})
    script(project, "1", "1")
    assert runs(project) == (2, 2), "another default is other work"
    reader = reader_of(project)
    texts = {reader.artifact(found, "ids.txt").read_text() for found in reader.results(["fetch"])}
    assert texts == {"[0, 1, 2, 3, 4]", "[0, 1, 2]"}
