"""A file becomes a spec, or one error that names everything that is wrong with it."""

import datetime as dt
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import SpecError
from sweeper.spec import Axis, Direction, Grid, load, to_toml

MINIMAL = 'task = "news:Train"\nmetric = "accuracy"\n'


def test_a_whole_spec(spec_of):
    text = """
    name = "lr_and_more"
    task = "pipelines.news:Train"
    metric = "val/loss"
    direction = "minimize"
    replicates = "seed"
    timeout = { "*" = 60, Train = 90.5 }

    [fixed]
    epochs = 3
    since = 2026-01-02
    Embed.model = "mini"

    [[grid]]
    lr = [1e-3, 1e-2]
    seed = { range = [3] }

    [[grid]]
    "batch_size, lr" = [[16, 1e-4], [32, 2e-4]]
    "Embed.width" = [64, 128]
    Embed.depth = { linspace = [0, 1, 3] }
    seed = [0]

    [[points]]
    lr = 0.5
    options = { nesterov = true }

    [[exclude]]
    lr = 1e-2
    seed = 2
    """
    spec = spec_of(text)
    assert (spec.name, spec.task, spec.metric) == ("lr_and_more", "pipelines.news:Train", "val/loss")
    assert (spec.direction, spec.replicates) == (Direction.MINIMIZE, "seed")
    assert (spec.timeout, spec.timeouts) == (60.0, {"Train": 90.5})
    assert spec.fixed == {"epochs": 3, "since": dt.date(2026, 1, 2), "Embed": {"model": "mini"}}
    assert [grid.names for grid in spec.grids] == [
        ("lr", "seed"),
        ("batch_size", "lr", "Embed.width", "Embed.depth", "seed"),
    ]
    assert spec.grids[0].axes[0] == Axis(("lr",), ((1e-3,), (1e-2,)))
    assert list(spec.grids[0].axes[1].levels) == [(0,), (1,), (2,)]
    assert spec.grids[1].axes[0] == Axis(("batch_size", "lr"), ((16, 1e-4), (32, 2e-4)))
    assert spec.rows == ({"lr": 0.5, "options": {"nesterov": True}},)
    assert spec.exclude == ({"lr": 1e-2, "seed": 2},)
    assert (spec.text, str(spec.path)) == (text, "sweep.toml")


def test_the_least_spec_is_a_sweep_of_one_point_named_by_its_file(spec_of):
    spec = spec_of(MINIMAL, name="bert_lr.v2.toml")
    assert (spec.name, spec.direction, spec.replicates) == ("bert_lr.v2", Direction.MAXIMIZE, None)
    assert (spec.grids, spec.rows, spec.fixed) == ((), (), {})


def test_a_family_is_the_same_quoted_dotted_and_nested(spec_of):
    spellings = ['[grid]\n"Embed.width" = [1, 2]', "[grid]\nEmbed.width = [1, 2]", "[grid.Embed]\nwidth = [1, 2]"]
    assert len({spec_of(MINIMAL + spelling).grids for spelling in spellings}) == 1


def test_parameters_of_a_family_can_vary_together(spec_of):
    (grid,) = spec_of(MINIMAL + '[grid.Embed]\n"width,depth" = [[1, 2]]').grids
    assert grid == Grid((Axis(("Embed.width", "Embed.depth"), ((1, 2),)),))


def test_every_problem_of_a_file_and_a_command_line_comes_at_once(problems_of):
    text = """
    task = "Train"
    metrik = "accuracy"
    direction = "maximise"
    replicates = "sed"
    timeout = 0

    [studdy]
    trials = 3

    [fixed]
    lr = 1

    [[grid]]
    seed = []
    lr = 0.1
    "a,b" = [[1, 2], [3]]

    [[grid]]
    "c d" = [1]
    width = { geomspace = [-1, 1, 5] }
    depth = { linspace = [0, 1, 3], num = 4 }

    [[points]]
    "x-y" = 3

    [[exclude]]
    widht = 3
    """
    assert problems_of(text, "a=1", "seed=1,,2") == [
        'sweep.toml: task = "Train": must be module:Class; as in "news:TrainClassifier"',
        'sweep.toml: direction = "maximise": is no direction; did you mean maximize?',
        "sweep.toml: grid[0].seed = []: has no levels; give it some, or take the line out",
        "sweep.toml: grid[0].lr = 0.1: must be a list of levels or a generator; write [0.1], or set it under [fixed]",
        (
            'sweep.toml: grid[0]."a,b" = [[1, 2], [3]]: each level must be a list of 2 values, and [3] is not; '
            "as in [[<a>, <b>], ...]"
        ),
        "sweep.toml: grid[1].\"c d\" = [1]: a parameter's name is a Python name, or Family.name for an upstream task's",
        "sweep.toml: grid[1].width = { geomspace = [-1, 1, 5] }: geomspace cannot reach or cross 0",
        (
            "sweep.toml: grid[1].depth = { linspace = [0, 1, 3], num = 4 }: must be a list of levels or one generator; "
            "the generators are range, linspace, geomspace"
        ),
        "sweep.toml: points[0].x-y: a parameter's name is a Python name, or Family.name for an upstream task's",
        "sweep.toml: timeout = 0: must be a number of seconds above 0",
        'sweep.toml: metrik = "accuracy": is not a key of a spec; did you mean metric?',
        "sweep.toml: studdy = { trials = 3 }: is not a key of a spec; did you mean study?",
        'sweep.toml: metric: is required; add metric = "accuracy"',
        "sweep.toml: fixed.lr: is also swept, by grid[0].lr; keep one of them",
        "sweep.toml: exclude[0].widht: excludes by a parameter that is not swept; did you mean width?",
        'sweep.toml: replicates = "sed": is not swept; did you mean seed?',
        "-p: seed = 1,,2: has an empty value; write '\"\"' for an empty string",
        '-p: a: varies together with b in grid[0]."a,b"; override them together: a,b=[[<a>, <b>], ...]',
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("grid = 3", "grid = 3: must be a table; write [grid], or [[grid]] for each part of a union"),
        ("grid = []", "grid = []: has no axes; give it some, or take it out"),
        ("grid = [3]", "grid[0] = 3: must be a table"),
        ("[grid]", "grid = {}: has no axes; give it some, or take it out"),
        (
            "[grid]\nlr = {}",
            ("grid.lr = {}: must be a list of levels or one generator; the generators are range, linspace, geomspace"),
        ),
        (
            '[grid]\n"a,a" = [[1, 2]]',
            ('grid."a,a" = [[1, 2]]: names a parameter twice; each of the names that vary together is another one'),
        ),
        (
            '[grid]\n"a," = [[1, 2]]',
            ("grid.\"a,\" = [[1, 2]]: a parameter's name is a Python name, or Family.name for an upstream task's"),
        ),
        (
            '[grid]\n"a,b" = { range = [3] }',
            ('grid."a,b" = { range = [3] }: a generator is for one parameter; list the levels that vary together'),
        ),
        ('[grid]\nlr = [1]\n"lr,wd" = [[1, 2]]', 'grid."lr,wd": sets lr here and in grid.lr; keep one of them'),
        ('[grid]\nE.a = [1]\n"E.a" = [1]', "grid.E.a: sets E.a twice; keep one of them"),
        (
            '[grid]\nlr = [1]\nmetric = "x"',
            (
                'grid.metric = "x": must be a list of levels or a generator; '
                "if it is the sweep's metric, write it above the first table"
            ),
        ),
        (
            "[points]\nlr = 1",
            ("points = { lr = 1 }: must be an array of tables; write its header in double brackets"),
        ),
        ("[[points]]", "points[0] = {}: sets nothing; name a parameter, or take it out"),
        ("fixed = 3", "fixed = 3: must be a table"),
        ("[fixed]\nlr = 1\n[[points]]\nlr = 2", "fixed.lr: is also swept, by points[0].lr; keep one of them"),
        ('timeout = "1h"', 'timeout = "1h": must be a number of seconds above 0'),
        ("[timeout]\nTrain = inf", "timeout.Train = inf: must be a number of seconds above 0"),
        ("timeout = true", "timeout = true: must be a number of seconds above 0"),
        ('replicates = "seed"', 'replicates = "seed": is not swept; sweep it, as in seed = [0, 1, 2]'),
        ("replicates = 3", "replicates = 3: must be a string"),
        (
            'name = "a b"',
            (
                "name = \"a b\": a sweep's name has 1 to 100 letters, digits, '_', '.' and '-'; "
                'set name = "a_b", for example'
            ),
        ),
    ],
)
def test_a_problem_names_its_place_value_reason_and_remedy(problems_of, text, problem):
    assert problems_of(MINIMAL + text) == [f"sweep.toml: {problem}"]


def test_a_long_value_is_shortened(problems_of):
    (problem,) = problems_of(MINIMAL + f'name = "{"x" * 500}"')
    assert f'"{"x" * 58}…: a sweep' in problem


def test_a_stem_that_cannot_name_a_sweep_needs_a_name(problems_of, spec_of):
    assert problems_of(MINIMAL, name="bert lr.toml") == [
        (
            "bert lr.toml: name = \"bert lr\": a sweep's name has 1 to 100 letters, digits, '_', '.' and '-'; "
            'set name = "bert_lr", for example'
        )
    ]
    assert spec_of(MINIMAL + 'name = "bert_lr"', name="bert lr.toml").name == "bert_lr"


def test_a_file_that_is_not_toml(problems_of):
    assert problems_of("task = \n") == ["sweep.toml: line 1, column 8: is not valid TOML: invalid value"]
    assert problems_of("a = 1\na = 2\n") == [
        "sweep.toml: line 2, column 6: is not valid TOML: cannot overwrite a value"
    ]


def test_values_too_deep_or_too_large_to_be_written_down_again(problems_of):
    too_deep = "is nested too deeply: at most 50 arrays and tables inside one another"
    for text in ("x = " + "[" * 10_000, f"x{'.a' * 60} = 1", f"x = {'[' * 60}{']' * 60}"):
        assert problems_of(text) == [f"sweep.toml: {too_deep}"]
    assert problems_of("fixed.x = 0x" + "f" * 5000) == ["sweep.toml: holds an integer of thousands of digits"]
    assert problems_of('task = "a:B"', "x=0x" + "f" * 5000)[-1].endswith("holds an integer of thousands of digits")


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch, problems_of):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bert.toml").write_bytes(b"\xff")
    (tmp_path / "folder").mkdir()
    for name, problem in [
        ("bret.toml", "there is no such file; did you mean bert.toml?"),
        ("folder", "is a folder; name the TOML file in it"),
        ("bert.toml", "is not UTF-8: byte 0 is 0xff; save it as UTF-8"),
    ]:
        with pytest.raises(SpecError) as caught:
            load((tmp_path / name).relative_to(tmp_path), ["lr="])
        assert str(caught.value).splitlines() == [
            f"{name}: {problem}",
            "-p: lr: has an empty value; write '\"\"' for an empty string",
        ]


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path):
    (tmp_path / "s.toml").write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load(tmp_path / "s.toml").task == "news:Train"


@given(
    st.recursive(
        st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(st.characters(exclude_categories=["Cs"]))
        | st.dates()
        | st.datetimes()
        | st.times(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
        max_leaves=8,
    )
)
def test_a_value_shown_as_toml_is_toml(value):
    assert tomllib.loads(f"value = {to_toml(value, None)}") == {"value": value}
