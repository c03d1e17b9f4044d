"""``-p`` adds to a spec and changes it, everywhere that a parameter stands."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import SpecError
from sweeper.points import Points
from sweeper.spec import to_toml
from sweeper.spec.overrides import parse

HEAD = 'task = "news:Train"\nmetric = "accuracy"\n'
GRID = HEAD + 'replicates = "seed"\n[fixed]\nepochs = 3\n[grid]\nlr = [0.1, 0.2]\nseed = [0, 1]\n'


def points(spec):
    return [point.as_dict() for point in Points.of(spec)]


def values(text):
    (change,), problems = parse([f"x={text}"])
    assert not problems
    return [value for (value,) in change.axis.levels]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", [1]),
        ("1,2.5,true", [1, 2.5, True]),
        ("1e-3, 1e-2", [1e-3, 1e-2]),
        ("adam,sgd", ["adam", "sgd"]),
        ("resnet-50", ["resnet-50"]),
        ('"a,b",c', ["a,b", "c"]),
        ("'a,\"b',c", ['a,"b', "c"]),
        (r'"a\",b",c', ['a",b', "c"]),
        ("[1,2]", [[1, 2]]),
        ("[1,2],[3]", [[1, 2], [3]]),
        ("{a = 1, b = [2, 3]}", [{"a": 1, "b": [2, 3]}]),
        ('["],", 1]', [["],", 1]]),
        ("inf,-inf", [float("inf"), float("-inf")]),
        ("2026-01-02", [dt.date(2026, 1, 2)]),
        ("a=b", None),
        ("{linspace = [0, 1, 3]}", [0.0, 0.5, 1.0]),
    ],
)
def test_values_are_toml_parted_by_commas(text, expected):
    if expected is None:
        assert parse([f"x={text}"])[1]
    else:
        assert list(map(repr, values(text))) == list(map(repr, expected))


toml_values = st.recursive(
    st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.dates(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@given(st.lists(toml_values, min_size=1, max_size=4, unique_by=repr))
def test_what_is_printed_as_toml_is_parsed_back(expected):
    assert values(",".join(to_toml(value, None) for value in expected)) == expected


@given(st.text(max_size=20))
def test_any_text_is_an_override_or_a_problem(text):
    changes, problems = parse([text])
    assert len(changes) + len(problems) == 1


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["lr"], "-p: lr: must be name=value; as in -p learning_rate=1e-3"),
        (["=3"], "-p = 3: must be name=value; as in -p learning_rate=1e-3"),
        (["lr="], "-p: lr: has an empty value; write '\"\"' for an empty string"),
        (["x=True"], "-p: x = True: True is not a TOML value; write true"),
        (["x=1,/a/b"], "-p: x = 1,/a/b: /a/b is not a TOML value; quote a string, for the shell too: '\"/a/b\"'"),
        (["x=\n1\n2"], "-p: x = 1\\n2: 1\\n2 is not a TOML value; quote a string, for the shell too: '\"1\\n2\"'"),
        (["x=1", "x=2"], "-p: x = 2: is set twice; write x=a,b for several values"),
        (["a b=1"], "-p: a b = 1: a parameter's name is a Python name, or Family.name for an upstream task's"),
        (
            ["x={range=[0]}"],
            ("-p: x = {range=[0]}: range is empty; its stop, which is not a level, has to lie beyond its start"),
        ),
        (["a,b=1,2"], "-p: a,b = 1,2: each level must be a list of 2 values, and 1 is not; as in [[<a>, <b>], ...]"),
    ],
)
def test_what_is_no_override_is_a_problem(texts, problem):
    assert list(map(str, parse(texts)[1])) == [problem]


def test_one_value_fixes_a_parameter_and_takes_it_off_the_grid(spec_of):
    spec = spec_of(GRID, "lr=0.5", "epochs=1")
    assert spec.fixed == {"lr": 0.5, "epochs": 1}
    assert points(spec) == [{"seed": 0}, {"seed": 1}]
    assert spec.overrides == ("lr=0.5", "epochs=1")


def test_several_values_take_the_place_of_an_axis_or_make_one(spec_of):
    spec = spec_of(GRID, "lr=0.5,0.6", "epochs=1,2")
    assert spec.fixed == {}
    assert [axis.names for axis in spec.grids[0].axes] == [("lr",), ("seed",), ("epochs",)]
    assert len(points(spec)) == 8
    assert points(spec_of(HEAD, "lr=1,2")) == [{"lr": 1}, {"lr": 2}]


def test_several_values_hold_in_every_grid_and_every_row(spec_of):
    text = HEAD + "[[grid]]\na = [1]\nx = [0]\n[[grid]]\nb = [2]\n[[points]]\nc = 3\n[[points]]\nx = 9\n"
    assert points(spec_of(text, "x=5,6")) == [
        {"a": 1, "x": 5},
        {"a": 1, "x": 6},
        {"b": 2, "x": 5},
        {"b": 2, "x": 6},
        {"c": 3, "x": 5},
        {"c": 3, "x": 6},
        {"x": 5},
        {"x": 6},
    ]


def test_a_list_is_one_value(spec_of):
    assert spec_of(HEAD, "layers=[64,32]").fixed == {"layers": [64, 32]}


def test_one_value_of_the_replicates_leaves_a_sweep_with_one_replicate(spec_of):
    assert points(spec_of(GRID, "seed=7")) == [{"lr": 0.1, "seed": 7}, {"lr": 0.2, "seed": 7}]


def test_replicates_may_come_from_the_command_line(spec_of):
    text = HEAD + 'replicates = "seed"\n'
    assert points(spec_of(text, "seed=0,1")) == [{"seed": 0}, {"seed": 1}]


def test_what_varies_together_is_overridden_together(spec_of):
    text = HEAD + '[grid]\n"a,b" = [[1, 2], [3, 4]]\nc = [0]\n'
    expected = [{"a": 5, "b": 6, "c": 0}, {"a": 7, "b": 8, "c": 0}]
    assert points(spec_of(text, "a,b=[[5,6],[7,8]]")) == expected
    assert points(spec_of(text, "a,b=[5,6],[7,8]")) == expected
    with pytest.raises(SpecError, match=r"-p: a: varies together with b in grid\.\"a,b\"; override them"):
        spec_of(text, "a=1")


def test_a_pair_takes_the_place_of_single_axes(spec_of):
    spec = spec_of(GRID, "epochs,lr=[[1,0.1],[2,0.2]]")
    assert [axis.names for axis in spec.grids[0].axes] == [("epochs", "lr"), ("seed",)]
    assert spec.fixed == {}


def test_a_familys_parameter_is_overridden_however_it_is_spelled(spec_of):
    text = HEAD + "[fixed]\nE.a = 1\nE.b = 2\nF.c = 3\n[[points]]\nE.d = 1\n"
    spec = spec_of(text, "E.a=5,6", "F.c=7", "E.d=8")
    assert spec.resolve({"E", "F"}).fixed == {"E.b": 2, "F.c": 7, "E.d": 8}
    assert points(spec.resolve({"E", "F"})) == [{"E.a": 5}, {"E.a": 6}]


def test_an_exclusion_by_a_parameter_that_is_now_fixed_keeps_its_other_conditions(spec_of):
    text = GRID + "[[exclude]]\nlr = 0.1\nseed = 1\n"
    assert points(spec_of(text, "lr=0.1")) == [{"seed": 0}]
    assert points(spec_of(text, "lr=0.3")) == [{"seed": 0}, {"seed": 1}]
    with pytest.raises(SpecError, match=r"-p: lr = 0\.1: the spec excludes every point that has it"):
        spec_of(GRID + "[[exclude]]\nlr = 0.1\n", "lr=0.1")


def test_rows_are_not_multiplied_without_end(spec_of):
    with pytest.raises(SpecError, match=r"-p: x: 1,000,000,000 levels are too many"):
        spec_of(HEAD + "[[points]]\nlr = 1\n", "x={range=[1_000_000_000]}")


STUDY = (
    HEAD
    + """
    [study]
    trials = 9

    [[study.enqueue]]
    optimizer = "sgd"
    momentum = 0.9

    [[study.enqueue]]
    optimizer = "adam"
    lr = 0.1

    [study.space]
    optimizer = { choice = ["sgd", "adam"] }
    momentum = { float = [0, 1], when = { optimizer = "sgd" } }
    warmup = { int = [1, 5], when = { momentum = 0.9 } }
    lr = { float = [1e-5, 1e-1], log = true }
    Embed.width = { int = [16, 64] }
    """
)


@pytest.mark.parametrize(
    ("override", "left", "rows"),
    [
        ("lr=0.5", "optimizer momentum warmup Embed.width", [("sgd", 0.9, None)]),
        ("lr=0.1", "optimizer momentum warmup Embed.width", [("sgd", 0.9, None), ("adam", None, None)]),
        ("optimizer=sgd", "momentum warmup lr Embed.width", [(None, 0.9, None)]),
        ("optimizer=adam", "lr Embed.width", [(None, None, 0.1)]),
        ("momentum=0.9", "optimizer warmup lr Embed.width", [("sgd", None, None), ("adam", None, 0.1)]),
        ("momentum=0.5", "optimizer lr Embed.width", [("adam", None, 0.1)]),
    ],
)
def test_one_value_fixes_what_a_study_searches_and_what_depends_on_it_follows(spec_of, override, left, rows):
    spec = spec_of(STUDY, override)
    name, _, _ = override.partition("=")
    assert [*spec.fixed] == [name]
    assert " ".join(spec.study.names) == left
    assert all(name not in dimension.when for dimension in spec.study.space)
    assert [tuple(map(row.get, ("optimizer", "momentum", "lr"))) for row in spec.study.enqueue] == rows


def test_what_a_study_searches_of_a_family_is_fixed_too(spec_of):
    spec = spec_of(STUDY, "Embed.width=32")
    assert spec.fixed == {"Embed.width": 32}
    assert "Embed.width" not in spec.study.names


@pytest.mark.parametrize("override", ["lr=0.1,0.2", "lr={geomspace=[1e-3, 1e-1, 3]}", "lr,seed=[[0.1, 0], [0.2, 1]]"])
def test_what_a_study_searches_cannot_be_swept(spec_of, override):
    with pytest.raises(SpecError) as caught:
        spec_of(STUDY, override)
    assert str(caught.value) == ("-p: lr: is searched by the study; give it one value to fix it, or change study.space")


def test_something_is_left_for_a_study_to_search(spec_of):
    with pytest.raises(SpecError) as caught:
        spec_of(STUDY, "Embed.width=32", "lr=0.1", "optimizer=adam")
    assert str(caught.value) == (
        '-p: optimizer = "adam": leaves the study nothing to search; leave another parameter of study.space free'
    )


def test_replicates_of_a_study_are_swept_and_a_study_without_them_gets_some(spec_of):
    for text in (STUDY, STUDY + "\n[grid]\nseed = [7]\n"):
        spec = spec_of(text, "seed=0,1,2")
        assert points(spec) == [{"seed": 0}, {"seed": 1}, {"seed": 2}]
        assert spec.replicate_names == ("seed",)


def test_one_value_of_a_studys_replicates_leaves_one_replicate(spec_of):
    spec = spec_of(STUDY + "\n[grid]\nseed = [0, 1]\nfold = [1, 2]\n", "seed=7")
    assert points(spec) == [{"seed": 7, "fold": 1}, {"seed": 7, "fold": 2}]
    assert spec.fixed == {}
