"""What a spec's points are made of is looked for in as many of them as it takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.binding import survey
from sweeper.binding.survey import samples
from sweeper.errors import SpecError, TaskError
from tests.binding.bound import bound

SWITCHED = """
import luigi
from sweeper import MlflowTask

class Small(MlflowTask):
    pass

class Large(MlflowTask):
    pass

class Train(MlflowTask):
    kind = luigi.Parameter()
    seed = luigi.IntParameter(default=0)

    def requires(self):
        return {"data": Large() if self.kind == "large" else Small()}
"""


@pytest.fixture
def switched() -> None:
    """A pipeline whose points require different classes."""
    Path("switched.py").write_text(SWITCHED, encoding="utf-8")


@pytest.mark.usefixtures("switched")
def test_there_is_a_task_of_each_class_that_any_point_requires():
    binding = bound("switched:Train", '[grid]\nseed = [0, 1]\nkind = ["small", "large"]')
    found = samples(binding)
    assert sorted(type(task).__name__ for task in found) == ["Large", "Small", "Train"]
    assert {task.get_task_family() for task in found} == binding.families.keys()


@pytest.mark.usefixtures("switched")
def test_it_is_an_error_of_the_users_if_nothing_can_be_built_any_more(monkeypatch: pytest.MonkeyPatch):
    binding = bound("switched:Train", '[grid]\nkind = ["small", "large"]')

    def fail(_: object) -> None:
        raise TaskError("requires() of Train failed: the table is not there")

    monkeypatch.setattr(survey, "upstream_first", fail)
    with pytest.raises(SpecError, match="cannot be built: TaskError: requires"):
        samples(binding)
