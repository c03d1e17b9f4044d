"""What tasks need and what is limited, held against the pipeline before anything runs."""

from __future__ import annotations

import luigi
import pytest

from tests.binding.bound import bound, problems
from tests.pipelines.chain import Scale
from tests.sweeping import CHAIN

FIT = f"{CHAIN}:Fit"


def test_every_problem_with_resources_is_told_at_once():
    text = """
        [resources]
        Fitt = { gpu = 1 }
        Fit = { gpu = 1.5, licence = 3 }
        [limits]
        Scal = 2
        Scale = 1.5
        licence = 2
        gpus = 2
    """
    assert problems(FIT, text) == [
        "sweep.toml: resources.Fitt: no such task in the pipeline; did you mean Fit?",
        "sweep.toml: resources.Fit.gpu = 1.5: is no number of GPUs; write a whole number, or a part of one, as in 0.5",
        "sweep.toml: limits.Scal = 2: is no task of the pipeline, and no resource that one needs; did you mean Scale?",
        "sweep.toml: limits.Scale = 1.5: must be how many of the task may run at once; write a whole number",
        ("sweep.toml: limits.licence = 2: Fit needs 3, so it would never run; raise it, or let the task need less"),
        "sweep.toml: limits.gpus = 2: is no task of the pipeline, and no resource that one needs; did you mean gpu?",
    ]


def test_a_name_means_a_task_or_a_resource():
    text = "[resources]\nFit = { Scale = 1 }\n[limits]\nScale = 1\n"
    assert problems(FIT, text) == [
        "sweep.toml: limits.Scale = 1: is a task and a resource; give the resource another name"
    ]


def test_what_a_class_asks_for_counts_and_the_spec_goes_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Scale, "resources", {"gpu": 1, "disk": 2, "nothing": 0})
    assert bound(FIT, "[resources]\nScale = { gpu = 0.5 }\n[limits]\ndisk = 2\n").asked == {
        "Scale": {"gpu": 0.5, "disk": 2.0}
    }


def test_what_instances_ask_for_counts_with_the_most_that_is_seen(monkeypatch: pytest.MonkeyPatch):
    needs = property(lambda scale: {"gpu": scale.factor})
    monkeypatch.setattr(Scale, "resources", needs)
    assert bound(FIT, '[grid]\n"Scale.factor" = [1, 4, 2]\n').asked == {"Scale": {"gpu": 4.0}}


@pytest.mark.parametrize("given", [[1], {"gpu": -1}, {"gpu": "1"}, {"gpu": True}, {"gpu": float("nan")}, {1: 1}])
def test_a_class_that_asks_for_no_amount_is_an_error_that_names_it(given: object, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Scale, "resources", given)
    (problem,) = problems(FIT, "")
    assert "TaskError: Scale: its resources" in problem


def test_resources_are_no_part_of_the_identity():
    (point,) = bound(FIT, "").points
    with_needs = bound(FIT, "[resources]\nFit = { gpu = 1 }\n[limits]\nFit = 1\n")
    assert with_needs.instance(point) is bound(FIT, "").instance(point)
    assert isinstance(with_needs.instance(point), luigi.Task)
