"""The script on the page about SLURM: what it submits, and that a sweep runs on what is submitted."""

from __future__ import annotations

import ast
import itertools
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from tests.pages import HOW_TO, blocks


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
    assert "--nworkers" not in options, "several workers of one job would all have the same GPU"


def test_a_worker_ends_before_its_job_does(settings: dict[str, Any]) -> None:
    from dask.utils import parse_timedelta

    words = settings["worker_extra_args"]
    lifetime, stagger = (parse_timedelta(words[words.index(name) + 1]) for name in ("--lifetime", "--lifetime-stagger"))
    hours, minutes, seconds = map(int, settings["walltime"].split(":"))
    assert lifetime + stagger < hours * 3600 + minutes * 60 + seconds
