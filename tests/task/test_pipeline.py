"""A pipeline is walked through upstream first, each instance once."""

from __future__ import annotations

import luigi
import pytest

from sweeper.errors import TaskError
from sweeper.task.pipeline import upstream_first
from tests.pipelines.chain import Collect, Fit, Scale
from tests.pipelines.trouble import Picky


class Node(luigi.Task):
    """Requires the nodes below it, but for one: each is reached in many ways."""

    number: int = luigi.IntParameter()

    def requires(self) -> list[luigi.Task]:
        return [Node(number=below) for below in range(self.number - 1)]


class Link(luigi.Task):
    """Requires the next one down."""

    number: int = luigi.IntParameter()

    def requires(self) -> list[luigi.Task]:
        return [Link(number=self.number - 1)] if self.number else []


def test_what_is_required_comes_before_what_requires_it():
    assert [type(task) for task in upstream_first(Fit())] == [Collect, Scale, Fit]
    walked = [task.number for task in upstream_first(Node(number=9)) if isinstance(task, Node)]
    assert sorted(walked) == [0, 1, 2, 3, 4, 5, 6, 7, 9]
    for number in walked:
        assert all(walked.index(below) < walked.index(number) for below in range(number - 1))


def test_a_pipeline_may_be_longer_than_python_recurses():
    assert len(upstream_first(Link(number=3000))) == 3001


def test_requirements_that_raise_are_told_with_their_task():
    with pytest.raises(TaskError, match=r"requires\(\) of Picky failed: RuntimeError: two is not known"):
        upstream_first(Picky(number=2))
