"""The script on the page about SLURM: what it submits, and that a sweep runs on what is submitted."""

from __future__ import annotations

import ast
import itertools
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.pages import HOW_TO, blocks
from tests.shell import COMMAND_SECONDS

ENDING_SECONDS = 30

SBATCH = """\
#!/bin/sh
cp "$1" "job-$$.sh"  # whoever submits it removes it then, as with a real one
setsid sh "job-$$.sh" > "job-$$.out" 2>&1 &
echo $! >> jobs
echo "Submitted batch job $!"
"""
SCANCEL = """\
#!/bin/sh
kill -- "-$1"
"""
PIPELINE = """
import luigi

from sweeper import MlflowTask


class Square(MlflowTask):
    resources = {"gpu": 1}
    number: int = luigi.IntParameter()

    def _run(self) -> None:
        self.save_to_mlflow(metrics={"square": self.number**2})
"""
SPEC = 'task = "squares:Square"\nmetric = "square"\n\n[grid]\nnumber = [1, 2]\n'


@pytest.fixture(scope="module")
def page() -> str:
    """The script that the page shows."""
    (block,) = blocks(HOW_TO / "slurm.md", "python")
    return block.text


@pytest.fixture(scope="module")
def settings(page: str) -> dict[str, Any]:
    """What the script gives to ``SLURMCluster``."""
    calls = (node for node in ast.walk(ast.parse(page)) if isinstance(node, ast.Call))
    (made,) = (call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "SLURMCluster")
    return {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in made.keywords}


@pytest.fixture
def job(settings: dict[str, Any]) -> Iterator[list[str]]:
    """The script of a job, by lines; nothing is submitted."""
    from dask_jobqueue import SLURMCluster

    with SLURMCluster(**settings) as cluster:
        assert cluster.scheduler_address in cluster.job_script()
        yield cluster.job_script().splitlines()


def test_a_job_is_what_the_page_says(job: list[str], settings: dict[str, Any]) -> None:
    asked = [line.removeprefix("#SBATCH ") for line in job if line.startswith("#SBATCH ")]
    assert {"-p gpu", "-A nlp", "-n 1", "--cpus-per-task=8", "--mem=32G", "-t 04:00:00", "--gres=gpu:1"} <= {*asked}
    assert job.index(settings["job_script_prologue"][0]) < len(job) - 1, "before the worker starts"
    words = shlex.split(job[-1])
    options = dict(itertools.pairwise(words))
    assert options["-m"] == "distributed.cli.dask_worker"
    assert (options["--nthreads"], options["--resources"]) == ("1", "gpu=1")
    assert "--no-nanny" in words, "a nanny would leave a task one thread"
    assert "--nworkers" not in options, "several workers of one job would all have the same GPU"


def test_a_worker_ends_before_its_job_does(settings: dict[str, Any]) -> None:
    from dask.utils import parse_timedelta

    words = settings["worker_extra_args"]
    lifetime, stagger = (parse_timedelta(words[words.index(name) + 1]) for name in ("--lifetime", "--lifetime-stagger"))
    hours, minutes, seconds = map(int, settings["walltime"].split(":"))
    assert lifetime + stagger < hours * 3600 + minutes * 60 + seconds


def test_a_sweep_runs_on_the_jobs_and_they_end_with_it(page: str, store_uri: str, tmp_path: Path) -> None:
    for name, text in (("sbatch", SBATCH), ("scancel", SCANCEL)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "squares.py").write_text(PIPELINE, encoding="utf-8")
    (tmp_path / "squares.toml").write_text(SPEC, encoding="utf-8")
    here = page.replace("JOBS = 8", "JOBS = 1").replace("(\n", '(\n        interface="lo",\n', 1)
    (tmp_path / "on_slurm.py").write_text(here.replace(". ~/.config/mlflow.env", "pwd > began"), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [sys.executable, "on_slurm.py", "squares.toml"],
        cwd=tmp_path,
        env=os.environ | {"PATH": path},
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=COMMAND_SECONDS,
    )
    assert "2 computed; best square 4 at number=2" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 0
    assert (tmp_path / "began").read_text(encoding="utf-8").strip() == str(tmp_path)
    for job in (tmp_path / "jobs").read_text(encoding="utf-8").split():
        _wait_until_gone(int(job))


def _wait_until_gone(job: int) -> None:
    until = time.monotonic() + ENDING_SECONDS
    while psutil.pid_exists(job) and psutil.Process(job).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until, f"job {job} is still there"
        time.sleep(0.05)
