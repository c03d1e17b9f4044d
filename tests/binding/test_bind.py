"""Binding: everything that is wrong with a spec is said at once, before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from sweeper.binding import bind
from sweeper.spec import load
from sweeper.task import key_of
from tests.binding.bound import bound, keys, problems
from tests.sweeping import CHAIN, TROUBLE, TYPED, luigi_settings


def test_every_problem_is_told_at_once():
    text = """
        timeout = { Scal = 3 }
        [fixed]
        epochs = 1.5
        "Sale.factor" = 1.0
        Scale.facto = 2.0
        [grid]
        rat = [1.0]
        seed = ["x"]
    """
    assert problems(f"{CHAIN}:Fit", text) == [
        "sweep.toml: fixed.epochs = 1.5: expected an integer (IntParameter), not a float",
        "sweep.toml: fixed.Sale.factor: no task Sale is upstream of Fit; did you mean Scale?",
        "sweep.toml: fixed.Scale.facto: Scale has no such parameter; did you mean factor?",
        "sweep.toml: grid.rat: Fit has no such parameter; did you mean rate?",
        'sweep.toml: grid.seed = "x": expected an integer (IntParameter), not text',
        "sweep.toml: timeout.Scal: no such task in the pipeline; did you mean Scale?",
    ]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("flag", "1", "expected true or false (BoolParameter), not an integer"),
        ("text", "3", "expected text (StrParameter), not an integer"),
        ("colour", '"GREEN"', "not a member of Colour; choose from RED, BLUE"),
        ("day", '"2024-13-01"', "DateParameter: time data '2024-13-01' does not match format '%Y-%m-%d'"),
        ("maybe", '"x"', "expected an integer (OptionalIntParameter), not text"),
        ("items", "3", "expected a list (ListParameter), not an integer"),
        ("table", "3", "expected a table (DictParameter), not an integer"),
        ("choice", '"adamw"', "not a choice; choose from adam, sgd"),
        ("share", "2.0", "NumericalParameter: 2.0 is not in the set of float in [0.0, 1.0)"),
    ],
)
def test_a_value_is_held_against_its_parameter(name: str, value: str, reason: str):
    expected = f"sweep.toml: fixed.{name} = {value}: {reason}"
    assert problems(f"{TYPED}:Typed", f"[fixed]\n{name} = {value}") == [expected]


def test_every_wrong_level_of_an_axis_is_named():
    assert problems(f"{CHAIN}:Fit", "[grid]\nseed = { linspace = [0, 1, 3] }") == [
        "sweep.toml: grid.seed = 0.5: expected an integer (IntParameter), not a float"
    ]


def test_an_axis_too_long_to_list_is_checked_too():
    text = "[grid]\nseed = { linspace = [0, 1, 10_000_000] }\nnote = { range = [10_000_000] }"
    assert problems(f"{CHAIN}:Fit", text) == [
        "sweep.toml: grid.seed: the 10,000,000 levels of linspace are not numbers that it takes (IntParameter)",
        "sweep.toml: grid.note = 0: expected text (StrParameter), not an integer",
        "sweep.toml: grid.note = 9999999: expected text (StrParameter), not an integer",
    ]


def test_what_the_command_line_says_wrong_is_the_command_lines():
    assert problems(f"{CHAIN}:Fit", "[grid]\nseed = [0]", "rat=1", "Scale.factor=a,b") == [
        "-p: rat: Fit has no such parameter; did you mean rate?",
        '-p: Scale.factor = "a": expected a number (FloatParameter), not text',
        '-p: Scale.factor = "b": expected a number (FloatParameter), not text',
    ]


def test_a_parameter_without_a_default_needs_a_value():
    assert problems(f"{TYPED}:Needy", "[grid]\nseed = [0, 1]") == [
        "sweep.toml: fixed.size: Needy needs a value for it; set it, or sweep it"
    ]


def test_a_parameter_without_a_default_needs_a_value_in_every_grid():
    assert problems(f"{TYPED}:Needy", "[[grid]]\nsize = [1]\n[[grid]]\nseed = [0, 1]") == [
        "sweep.toml: grid[1].size: Needy needs a value for it; set it, or sweep it"
    ]


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (
            "tests.pipelines.nowhere:Fit",
            (
                "there is no module tests.pipelines.nowhere; "
                "put tests/pipelines/nowhere.py in ./ or the working directory, or install it"
            ),
        ),
        (f"{CHAIN}:Fitt", f"module {CHAIN} has no Fitt; did you mean Fit?"),
        (f"{TYPED}:NotATask", "NotATask is no subclass of MlflowTask; a sweep runs MlflowTasks"),
    ],
)
def test_a_task_that_is_not_there_is_the_only_problem(task: str, reason: str):
    assert problems(task, "[grid]\nrat = [1]") == [f'sweep.toml: task = "{task}": {reason}']


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import numpyy\n", "ModuleNotFoundError: No module named 'numpyy'"),
        ("1 / 0\n", "ZeroDivisionError: division by zero"),
        ("x = (\n", "SyntaxError: '(' was never closed"),
        ("raise SystemExit('bye')\n", "SystemExit: bye"),
    ],
)
def test_a_module_that_fails_on_import_is_told_with_its_line(code: str, reason: str):
    Path("broken.py").write_text(code, encoding="utf-8")
    place = f"{Path.cwd()}/broken.py:1"
    assert problems("broken:Fit", "") == [
        f'sweep.toml: task = "broken:Fit": module broken fails as it is imported: {reason} ({place})'
    ]


def test_the_module_may_stand_beside_the_spec():
    Path("project").mkdir()
    Path("project/beside.py").write_text(f"from {CHAIN} import Fit\n", encoding="utf-8")
    spec = Path("project/sweep.toml")
    spec.write_text('task = "beside:Fit"\nmetric = "score"\n[grid]\nseed = [0]\n', encoding="utf-8")
    assert bind(load(spec)).task.__name__ == "Fit"


def test_a_pipeline_of_which_no_point_can_be_built_is_refused():
    code = "from sweeper import MlflowTask\nclass Lost(MlflowTask):\n    def requires(self): return {'up': self.up}\n"
    Path("lost.py").write_text(code, encoding="utf-8")
    (problem,) = problems("lost:Lost", "")
    assert problem == (
        'sweep.toml: task = "lost:Lost": the pipeline cannot be built: '
        "AttributeError: 'Lost' object has no attribute 'up'"
    )


def test_a_task_that_requires_itself_is_refused():
    code = "from sweeper import MlflowTask\nclass Loop(MlflowTask):\n    def requires(self): return {'up': Loop()}\n"
    Path("loop.py").write_text(code, encoding="utf-8")
    (problem,) = problems("loop:Loop", "")
    assert problem.startswith('sweep.toml: task = "loop:Loop": the pipeline cannot be built: RecursionError')


def test_a_pipeline_of_which_some_points_cannot_be_built_is_for_the_run_to_tell():
    assert bound(f"{TROUBLE}:Picky", "[grid]\nnumber = [1, 2, 3]").points.count().number == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('[grid]\nnote = ["a", "b"]', "grid.note"),
        ('[[grid]]\nnote = ["a"]\n[[grid]]\nnote = ["b"]', "grid[0].note"),
        ('[[points]]\nnote = "a"\n[[points]]\nnote = "b"', "points[0].note"),
        ('[grid]\n"seed,note" = [[0, "a"], [1, "b"]]', "grid.note"),
    ],
)
def test_an_insignificant_parameter_cannot_be_swept(text: str, place: str):
    assert problems(f"{CHAIN}:Fit", text) == [
        (
            f"sweep.toml: {place}: Fit declares it insignificant, so it does not change the identity; "
            "make it significant, or do not sweep it"
        )
    ]


def test_an_insignificant_parameter_can_be_fixed():
    assert len(keys(bound(f"{CHAIN}:Fit", '[fixed]\nnote = "a"\n[grid]\nseed = [0, 1]'))) == 2


def test_a_replicate_that_leaves_the_identity_as_it_is_is_refused():
    assert problems(f"{TYPED}:Forgetful", 'replicates = "seed"\n[grid]\nrate = [0.1, 0.2]\nseed = [0, 1]') == [
        (
            "sweep.toml: grid.seed: it does not change the identity of Forgetful, so its points would be one; "
            "let to_mlflow_tags include it"
        )
    ]


def test_an_override_that_reaches_nothing_is_refused():
    assert problems(f"{TYPED}:Pinned", '[grid]\n"Needy.size" = [1, 2]') == [
        (
            "sweep.toml: grid.Needy.size: it reaches no Needy: "
            "requires() sets size explicitly wherever a Needy is made; "
            "sweep the parameter it is set from, or leave it out of requires()"
        )
    ]


def test_an_override_that_reaches_what_requires_leaves_open_is_taken():
    assert len(set(keys(bound(f"{TYPED}:Pinned", '[grid]\n"Needy.seed" = [1, 2]')))) == 2


def test_a_quoted_and_a_dotted_family_are_the_same():
    quoted = bound(f"{CHAIN}:Fit", '[fixed]\n"Collect.size" = 4\n[grid]\n"Scale.factor" = [1, 2]')
    dotted = bound(f"{CHAIN}:Fit", "[fixed]\nCollect.size = 4\n[grid]\nScale.factor = [1, 2]")
    assert quoted.spec.fixed == dotted.spec.fixed == {"Collect.size": 4}
    assert keys(quoted) == keys(dotted)


def test_the_final_task_may_be_named_as_a_family():
    assert keys(bound(f"{CHAIN}:Fit", "[grid]\nFit.seed = [3]")) == keys(bound(f"{CHAIN}:Fit", "[grid]\nseed = [3]"))


def test_points_that_differ_only_upstream_are_different_instances_that_share_the_rest():
    binding = bound(f"{CHAIN}:Fit", "[grid]\nScale.factor = [2, 3]")
    one, other = (binding.instance(point) for point in binding.points)
    assert one != other
    assert one.task_id != other.task_id
    assert key_of(one) != key_of(other)
    one_scale, other_scale = (task.requires()["scaled"] for task in (one, other))
    assert (one_scale.factor, other_scale.factor) == (2.0, 3.0)
    assert one_scale.requires()["numbers"] is other_scale.requires()["numbers"]


def test_the_default_of_an_upstream_parameter_is_the_same_work_as_leaving_it_open():
    swept = bound(f"{CHAIN}:Fit", "[grid]\nScale.factor = [1, 2]")
    assert keys(swept)[0] == keys(bound(f"{CHAIN}:Fit", "[grid]\nseed = [0]"))[0]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        (f"{CHAIN}:Fit", "[[grid]]\nseed = [0]\n[[grid]]\nrate = [0.1, 0.2]"),
        (f"{CHAIN}:Fit", "[[grid]]\nseed = [0]\n[[grid]]\nScale.factor = [1, 2]"),
        (f"{CHAIN}:Fit", "[grid]\nseed = [0, 1]\n[[points]]\nrate = 0.1"),
        (f"{TYPED}:Typed", '[[grid]]\nwhole = [1]\n[[grid]]\ncolour = ["RED", "BLUE"]'),
        (f"{TYPED}:Typed", "[[grid]]\nwhole = [1]\n[[grid]]\nday = [2024-01-01, 2024-01-02]"),
        (f"{TYPED}:Typed", '[[grid]]\nday = ["2024-01-01"]\n[[grid]]\nday = [2024-01-01, 2024-01-02]'),
        (f"{TYPED}:Typed", "[[grid]]\nwhole = [1]\n[[grid]]\nitems = [[], [1]]"),
    ],
)
def test_a_point_of_two_grids_is_one_point(task: str, text: str):
    binding = bound(task, text)
    assert binding.points.count().number == 2
    assert len(set(keys(binding))) == 2


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("real", "1", "1.0"),
        ("whole", "2", "2.0"),
        ("day", "2024-02-03", '"2024-02-03"'),
        ("colour", '"BLUE"', '"BLUE"'),
        ("items", "[1, [2]]", "[1, [2]]"),
        ("table", "{ a = 1, b = 2 }", "{ b = 2, a = 1 }"),
    ],
)
def test_values_are_what_their_parameter_takes_them_for(name: str, first: str, second: str):
    one, other = (bound(f"{TYPED}:Typed", f"[fixed]\n{name} = {value}") for value in (first, second))
    assert keys(one) == keys(other)
    assert one.spec.fixed == other.spec.fixed


def test_equal_levels_are_one():
    assert bound(f"{CHAIN}:Fit", "[grid]\nrate = [1, 1.0, 1e0, 2]").points.count().number == 2


def test_a_spec_of_every_kind_of_parameter_survives_its_document():
    text = """
        [fixed]
        text = "x"
        maybe = 3
        table = { a = 1 }
        share = 0.25
        [grid]
        real = [1, 2.5]
        colour = ["RED", "BLUE"]
        day = [2024-02-03]
        items = [[1, [2]], []]
        flag = [true, false]
        choice = ["sgd"]
    """
    spec = bound(f"{TYPED}:Typed", text).spec
    assert type(spec).from_document(spec.to_document()) == spec


def test_a_parameter_class_of_the_users_own_reads_the_specs_text():
    code = """
        import luigi
        from sweeper import MlflowTask

        class Shape(tuple):
            pass

        class ShapeParameter(luigi.Parameter):
            def parse(self, text): return Shape(int(part) for part in text.split("x"))
            def serialize(self, shape): return "x".join(map(str, shape))

        class Net(MlflowTask):
            shape = ShapeParameter(default=Shape((1, 1)))
    """
    Path("net.py").write_text("\n".join(line[8:] for line in code.splitlines()), encoding="utf-8")
    binding = bound("net:Net", '[[grid]]\nshape = ["3x4"]\n[[grid]]\nshape = ["1x1"]')
    assert [binding.instance(point).shape for point in binding.points] == [(3, 4), (1, 1)]


def test_defaults_of_luigi_cfg_count_and_the_spec_wins_over_them():
    plain = keys(bound(f"{CHAIN}:Fit", "[grid]\nseed = [0]"))
    with luigi_settings({"Fit": {"epochs": "7"}, "Scale": {"factor": "3"}}):
        configured = bound(f"{CHAIN}:Fit", "[grid]\nseed = [0]")
        (task,) = (configured.instance(point) for point in configured.points)
        assert (task.epochs, task.requires()["scaled"].factor) == (7, 3.0)
        assert keys(configured) != plain
        assert keys(bound(f"{CHAIN}:Fit", "[fixed]\nepochs = 1\nScale.factor = 1\n[grid]\nseed = [0]")) == plain
