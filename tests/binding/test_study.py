"""A study is checked like a grid, before anything runs, and its trials become points like a grid's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeper.binding import Binding
from sweeper.binding.probes import probes
from sweeper.points import Point
from sweeper.spec import load
from sweeper.task import key_of
from tests.binding.bound import bound, problems
from tests.sweeping import CHAIN, TYPED, luigi_settings, write_spec

STUDY = "[study]\ntrials = 9\n"
KERNELS = """
import luigi
from sweeper import MlflowTask
from sweeper.task import key_of

class Bert(MlflowTask):
    width = luigi.IntParameter(default=8)

class Train(MlflowTask):
    kernel = luigi.ChoiceParameter(choices=["linear", "rbf", "bert"], default="linear")
    gamma = luigi.FloatParameter(default=1.0)
    degree = luigi.IntParameter()
    seed = luigi.IntParameter(default=0)

    def requires(self):
        return {"features": Bert()} if self.kernel == "bert" else {}

    def to_mlflow_tags(self):
        tags = {"seed": self.seed} | ({"gamma": self.gamma, "kernel": self.kernel} if self.kernel == "rbf" else {})
        return tags | {name: key_of(task) for name, task in self.requires().items()}
"""


def study(task: str, space: str, *overrides: str, more: str = "") -> Binding:
    return bound(task, f"{more}{STUDY}[study.space]\n{space}", *overrides)


def study_problems(task: str, space: str, *overrides: str, more: str = "", study: str = "") -> list[str]:
    return problems(task, f"{more}{STUDY}{study}[study.space]\n{space}", *overrides)


def key(binding: Binding, **values: Any) -> str:
    return key_of(binding.instance(binding.point(values)))


def test_every_problem_of_a_space_is_told_at_once():
    space = """
        rat = { float = [0, 1] }
        epochs = { float = [1.0, 5.0] }
        seed = { choice = [0, "x", 1.5] }
        "Sale.factor" = { int = [1, 2], when = { epochs = 1 } }
        Scale.facto = { choice = [1] }
        note = { int = [1, 2] }
    """
    assert study_problems(f"{CHAIN}:Fit", space, more="[fixed]\nrate = true\n") == [
        "sweep.toml: fixed.rate = true: expected a number (FloatParameter), not a boolean",
        "sweep.toml: study.space.rat: Fit has no such parameter; did you mean rate?",
        (
            "sweep.toml: study.space.epochs = { float = [1.0, 5.0] }: IntParameter takes integers; "
            "write { int = [1, 5] }"
        ),
        'sweep.toml: study.space.seed = "x": expected an integer (IntParameter), not text',
        "sweep.toml: study.space.seed = 1.5: expected an integer (IntParameter), not a float",
        "sweep.toml: study.space.Sale.factor: no task Sale is upstream of Fit; did you mean Scale?",
        "sweep.toml: study.space.Scale.facto: Scale has no such parameter; did you mean factor?",
        (
            "sweep.toml: study.space.note = { int = [1, 2] }: StrParameter takes no range; "
            "list its values, as in { choice = [...] }"
        ),
    ]


@pytest.mark.parametrize(
    ("name", "domain", "problem"),
    [
        ("flag", "{ int = [0, 1] }", " = { int = [0, 1] }: BoolParameter takes no range; list its values, as in "),
        ("colour", "{ int = [1, 2] }", " = { int = [1, 2] }: EnumParameter takes no range; list its values, as in "),
        ("choice", "{ int = [1, 2] }", " = { int = [1, 2] }: ChoiceParameter takes no range; list its values, as in "),
        ("items", "{ int = [1, 2] }", " = { int = [1, 2] }: ListParameter takes no range; list its values, as in "),
        ("day", "{ int = [1, 2] }", " = { int = [1, 2] }: DateParameter takes no range; list its values, as in "),
        (
            "whole",
            "{ float = [0.2, 4.7] }",
            " = { float = [0.2, 4.7] }: IntParameter takes integers; write { int = [0, 5] }",
        ),
        (
            "maybe",
            "{ float = [1, 4] }",
            " = { float = [1.0, 4.0] }: OptionalIntParameter takes integers; write { int = [1, 4]",
        ),
        ("share", "{ float = [0, 1] }", " = 1.0: NumericalParameter: 1.0 is not in the set of float in [0.0, 1.0)"),
        ("share", "{ int = [-1, 0] }", " = -1: NumericalParameter: -1.0 is not in the set of float in [0.0, 1.0)"),
        ("choice", '{ choice = ["sgd", "adamw"] }', ' = "adamw": not a choice; choose from adam, sgd'),
        ("colour", '{ choice = ["RED", "GREEN"] }', ' = "GREEN": not a member of Colour; choose from RED, BLUE'),
        ("flag", "{ choice = [1, 0] }", " = 1: expected true or false (BoolParameter), not an integer"),
        ("workers", "{ int = [1, 8] }", ": Typed declares it insignificant, so it does not change the identity; make"),
    ],
)
def test_a_domain_is_held_against_its_parameter(name: str, domain: str, problem: str):
    found, *_ = study_problems(f"{TYPED}:Typed", f"{name} = {domain}")
    assert found.startswith(f"sweep.toml: study.space.{name}{problem}")


@pytest.mark.parametrize(
    "domain",
    [
        "real = { float = [0, 1] }",
        "real = { int = [1, 64], log = true }",
        "whole = { int = [1, 5] }",
        "maybe = { int = [1, 5] }",
        "share = { float = [0, 0.5], step = 0.1 }",
        "flag = { choice = [true, false] }",
        'colour = { choice = ["RED", "BLUE"] }',
        'choice = { choice = ["adam", "sgd"] }',
        "day = { choice = [2024-01-01, 2025-01-01] }",
        "items = { choice = [[], [1, [2]]] }",
        "table = { choice = [{ a = 1 }, {}] }",
        'maybe = { choice = ["", 3] }',
        "whole = { int = [3, 3] }",
    ],
)
def test_a_domain_that_its_parameter_takes_is_taken(domain: str):
    binding = study(f"{TYPED}:Typed", domain)
    assert type(binding.spec).from_document(binding.spec.to_document()) == binding.spec


def test_the_values_of_a_choice_become_what_their_parameter_takes_them_for():
    space = "real = { choice = [1, 2.5] }\nwhole = { int = [0, 3], when = { real = 1 } }"
    binding = study(f"{TYPED}:Typed", space)
    real, whole = binding.spec.study.space
    assert repr(real.domain.values) == "(1.0, 2.5)"
    assert repr(whole.when) == "{'real': (1.0,)}"


def test_enqueued_rows_are_held_against_the_parameters_and_the_space():
    space = """
        rate = { choice = [1, 2] }
        epochs = { int = [1, 5], when = { rate = 1 } }
        Scale.factor = { float = [0, 1] }
    """
    rows = """
        [[study.enqueue]]
        rate = 1
        Fit = { epochs = 5 }
        Scale = { factor = 1 }
        [[study.enqueue]]
        rate = "fast"
    """
    assert study_problems(f"{CHAIN}:Fit", space, study=rows) == [
        'sweep.toml: study.enqueue[1].rate = "fast": expected a number (FloatParameter), not text'
    ]
    (row, _) = study_rows(space, rows.replace('"fast"', "2.0"))
    assert repr(row) == "{'rate': 1.0, 'epochs': 5, 'Scale.factor': 1.0}"
    family = "[[study.enqueue]]\nCollect = { size = 3 }\n"
    assert study_problems(f"{CHAIN}:Fit", space, study=family) == [
        "sweep.toml: study.enqueue[0].Collect.size: is not searched; choose from Scale.factor, epochs, rate"
    ]
    outside = """
        [[study.enqueue]]
        rate = 3
        Scale.factor = 2
        [[study.enqueue]]
        epochs = 2
        rate = 2
    """
    assert study_problems(f"{CHAIN}:Fit", space, study=outside) == [
        "sweep.toml: study.enqueue[0].rate = 3.0: is never 3.0 in the space",
        "sweep.toml: study.enqueue[0].Scale.factor = 2.0: is never 2.0 in the space",
        "sweep.toml: study.enqueue[1].epochs = 2: is set only when rate is 1.0",
    ]


def study_rows(space: str, rows: str) -> tuple[Any, ...]:
    return bound(f"{CHAIN}:Fit", f"{STUDY}{rows}[study.space]\n{space}").spec.study.enqueue


def test_the_final_task_may_be_named_as_a_family():
    space = "Fit.rate = { float = [0, 1] }\nFit.epochs = { int = [1, 2], when = { Fit.rate = 0.5 } }"
    binding = study(f"{CHAIN}:Fit", space, more='replicates = "Fit.seed"\n[grid]\nFit.seed = [1, 2]\n')
    assert binding.spec.study.names == ("rate", "epochs")
    assert binding.spec.study.dimension("epochs").when == {"rate": (0.5,)}
    assert [point.as_dict() for point in binding.trial_points({})] == [{"seed": 1}, {"seed": 2}]
    assert study_problems(f"{CHAIN}:Fit", "rate = { float = [0, 1] }\nFit.rate = { int = [1, 2] }") == [
        "sweep.toml: study.space.rate: sets rate twice; keep one of them"
    ]


def test_a_trials_values_are_put_as_a_grid_would_have_them_and_in_the_order_of_the_space():
    binding = study(
        f"{CHAIN}:Fit", "rate = { int = [1, 3] }\nScale.factor = { float = [0, 1] }\nepochs = { int = [1, 5] }"
    )
    point = binding.point({"epochs": 2, "rate": 3, "seed": 7, "Scale.factor": 1})
    assert repr(point.values) == "(('rate', 3.0), ('Scale.factor', 1.0), ('epochs', 2))"
    grid = bound(f"{CHAIN}:Fit", "[fixed]\nepochs = 2\nScale.factor = 1\n[grid]\nrate = [3]")
    (same,) = grid.points
    assert key_of(binding.instance(point)) == key_of(grid.instance(same))


def test_a_value_that_no_grid_takes_is_no_point():
    with pytest.raises(ValueError, match="expected an integer"):
        study(f"{CHAIN}:Fit", "epochs = { int = [1, 3] }").point({"epochs": "many"})


def test_a_trial_has_a_point_for_each_replicate_of_the_grid_beside_the_study():
    binding = study(f"{CHAIN}:Fit", "rate = { float = [0, 1] }", more="[grid]\nseed = [0, 1.0]\nScale.factor = [1]\n")
    first, second = binding.trial_points({"rate": 1})
    assert repr(first.as_dict()) == "{'rate': 1.0, 'seed': 0, 'Scale.factor': 1.0}"
    assert repr(second.as_dict()) == "{'rate': 1.0, 'seed': 1, 'Scale.factor': 1.0}"
    assert binding.instance(second).seed == 1
    assert study(f"{CHAIN}:Fit", "rate = { float = [0, 1] }").trial_points({}) == [Point(())]


def test_more_replicates_than_can_be_run_are_refused():
    assert study_problems(f"{CHAIN}:Fit", "rate = { float = [0, 1] }", "seed={range=[1_000_000_000]}") == [
        "sweep.toml: grid: makes 1,000,000,000 replicates of each trial; make at most 10,000"
    ]


def test_a_parameter_that_is_not_set_has_its_default():
    space = "rate = { choice = [0.1, 0.2] }\nepochs = { int = [2, 5], when = { rate = 0.1 } }"
    binding = study(f"{CHAIN}:Fit", space)
    assert key(binding, rate=0.2) == key_of(bound(f"{CHAIN}:Fit", "[fixed]\nrate = 0.2").instance(Point(())))
    assert binding.defaults(["epochs", "rate", "Scale.factor", "nothing"]) == {
        "epochs": 1,
        "rate": 0.1,
        "Scale.factor": 1.0,
    }
    with luigi_settings({"Fit": {"epochs": "7"}}):
        assert binding.defaults(["epochs"]) == {"epochs": 7}


def test_a_parameter_without_a_default_is_searched_always_or_not_at_all():
    assert study(f"{TYPED}:Needy", "size = { int = [1, 3] }").defaults(["size"]) == {}
    assert study_problems(
        f"{TYPED}:Needy", "size = { int = [1, 3], when = { seed = 1 } }\nseed = { int = [0, 1] }"
    ) == [
        (
            "sweep.toml: study.space.size: is not always set, and has no default; "
            "give it one in its class, or take out its condition"
        )
    ]
    assert study_problems(f"{TYPED}:Needy", "seed = { int = [1, 3] }") == [
        "sweep.toml: fixed.size: Needy needs a value for it; set it, or sweep it"
    ]
    assert study(f"{TYPED}:Needy", "seed = { int = [1, 3] }", more="[grid]\nsize = [1, 2]\n").trial_points({})


@pytest.mark.parametrize(
    ("task", "text", "problem"),
    [
        (
            f"{TYPED}:Forgetful",
            f"{STUDY}[study.space]\nseed = {{ int = [0, 9] }}",
            "study.space.seed: it does not change the identity of Forgetful, so its points would be one; let ",
        ),
        (
            f"{TYPED}:Forgetful",
            f"[grid]\nseed = [0, 1]\n{STUDY}[study.space]\nrate = {{ float = [0, 1] }}",
            "grid.seed: it does not change the identity of Forgetful, so its points would be one; let ",
        ),
        (
            f"{TYPED}:Pinned",
            f"{STUDY}[study.space]\nNeedy.size = {{ int = [0, 9] }}",
            "study.space.Needy.size: it reaches no Needy: requires() sets size explicitly wherever a Needy is made",
        ),
    ],
)
def test_a_parameter_that_makes_no_difference_cannot_be_searched(task: str, text: str, problem: str):
    (found,) = problems(task, text)
    assert found.startswith(f"sweep.toml: {problem}")


@pytest.fixture
def kernels() -> str:
    """A task of which some parameters only count at some values of another."""
    Path("kernels.py").write_text(KERNELS, encoding="utf-8")
    return "kernels:Train"


def test_a_parameter_that_counts_somewhere_may_be_searched(kernels: str):
    fixed = "[fixed]\ndegree = 1\n"
    either = 'kernel = { choice = ["linear", "rbf", "bert"] }\n'
    assert study(kernels, f"gamma = {{ float = [0, 1] }}\n{either}", more=fixed)
    assert study(kernels, f'{either}gamma = {{ float = [0, 1], when = {{ kernel = "rbf" }} }}', more=fixed)
    assert study(kernels, f'{either}Bert.width = {{ int = [1, 9], when = {{ kernel = "bert" }} }}', more=fixed)
    assert study(kernels, f"{either}Bert.width = {{ int = [1, 9] }}", more=fixed)
    (found,) = study_problems(
        kernels, f'{either}gamma = {{ float = [0, 1], when = {{ kernel = "linear" }} }}', more=fixed
    )
    assert found.startswith("sweep.toml: study.space.gamma: it does not change the identity of Train")


def test_what_the_command_line_says_wrong_is_the_command_lines():
    assert study_problems(f"{CHAIN}:Fit", "rate = { float = [0, 1] }\nseed = { int = [0, 3] }", "rate=fast") == [
        '-p: rate = "fast": expected a number (FloatParameter), not text'
    ]


def test_a_study_is_looked_at_where_each_of_its_values_counts():
    space = """
        c = { int = [1, 9], when = { b = 0.5 } }
        b = { float = [0, 1], when = { a = ["y", "z"] } }
        a = { choice = ["x", "y", "z"] }
    """
    head = 'task = "m:C"\nmetric = "score"\n[grid]\nseed = [0, 1]\n[fixed]\nf = 1\n'
    spec = load(write_spec(f"{head}{STUDY}[study.space]\n{space}"))
    shown = [" ".join(f"{name}={value}" for name, value in one.items()) for one in probes(spec)]
    assert list(dict.fromkeys(shown)) == [
        "f=1 a=x seed=0",
        "f=1 a=y b=0.0 seed=0",
        "f=1 a=z b=0.0 seed=0",
        "f=1 a=y b=1.0 seed=0",
        "f=1 a=y b=0.5 c=1 seed=0",
        "f=1 a=y b=0.5 c=9 seed=0",
        "f=1 a=x seed=1",
    ]
