"""A study in a file becomes records, or one error that names everything that is wrong with it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.errors import SpecError
from sweeper.spec import Direction, Grid, Objective, Spec, Study
from sweeper.spec.space import Choice, Dimension, Interval
from sweeper.spec.study import Component, Constraint
from tests.spec.spaces import assignments, spaces

HEAD = 'task = "news:Train"\nmetric = "accuracy"\n'
SPACE = "[study.space]\nlr = { float = [1e-5, 1e-1], log = true }\n"
STUDY = f"{HEAD}[study]\ntrials = 50\n"


def test_a_whole_study(spec_of):
    study = spec_of(
        HEAD
        + """
        [study]
        trials = 50
        timeout = 3600
        sampler = { name = "tpe", n_startup_trials = 20 }
        pruner = "hyperband"
        seed = 7
        warm_start = ["bert_lr", "bert_lr.v2"]
        constraints = ["train_seconds <= 60", "val/loss<1e-2"]
        reproducible = true

        [[study.enqueue]]
        lr = 1e-3
        Embed.width = 64

        [[study.enqueue]]
        optimizer = "adam"

        [study.space]
        momentum = { float = [0, 1], step = 0.3, when = { optimizer = ["sgd", "nesterov"] } }
        lr = { float = [1e-5, 1e-1], log = true }
        batch_size = { int = [16, 512], step = 16 }
        optimizer = { choice = ["sgd", "adam", "nesterov"] }
        Embed.width = { int = [16, 64], log = true }
        """
    ).study
    assert (study.trials, study.timeout, study.seed, study.reproducible) == (50, 3600.0, 7, True)
    assert study.sampler == Component("tpe", {"n_startup_trials": 20})
    assert study.pruner == Component("hyperband")
    assert study.warm_start == ("bert_lr", "bert_lr.v2")
    assert study.enqueue == ({"lr": 1e-3, "Embed": {"width": 64}}, {"optimizer": "adam"})
    assert [*map(str, study.constraints)] == ["train_seconds <= 60", "val/loss < 0.01"]
    assert study.space == (
        Dimension("lr", Interval(1e-5, 1e-1, is_whole=False, is_log=True)),
        Dimension("batch_size", Interval(16, 512, is_whole=True, step=16)),
        Dimension("optimizer", Choice(("sgd", "adam", "nesterov"))),
        Dimension("momentum", Interval(0.0, 0.9, is_whole=False, step=0.3), {"optimizer": ("sgd", "nesterov")}),
        Dimension("Embed.width", Interval(16, 64, is_whole=True, is_log=True)),
    )


def test_the_least_study(spec_of):
    spec = spec_of(STUDY + SPACE)
    study = Study(space=(Dimension("lr", Interval(1e-5, 1e-1, is_whole=False, is_log=True)),), trials=50)
    assert spec.study == study
    assert (study.sampler, study.pruner, study.seed) == (Component("tpe"), None, 0)
    assert (spec.swept, spec.replicate_names, spec.grids) == (("lr",), (), ())


def test_a_grid_beside_a_study_holds_the_replicates(spec_of):
    spec = spec_of(STUDY + SPACE + "[grid]\nseed = [0, 1]\nfold = { range = [5] }")
    assert spec.replicate_names == ("seed", "fold")
    assert spec.swept == ("lr", "seed", "fold")
    same = spec_of(f'replicates = "seed"\n{STUDY}{SPACE}[grid]\nseed = [0, 1]')
    assert same.replicate_names == ("seed",)


@pytest.mark.parametrize(
    "space",
    [
        '"Embed.width" = { int = [1, 8] }\n"Embed.depth" = { int = [1, 2], when = { "Embed.width" = 8 } }',
        "Embed.width = { int = [1, 8] }\nEmbed.depth = { int = [1, 2], when = { Embed.width = 8 } }",
        "[study.space.Embed]\nwidth = { int = [1, 8] }\ndepth = { int = [1, 2], when.Embed.width = 8 }",
        "Embed = { width = { int = [1, 8] }, depth = { int = [1, 2], when = { Embed = { width = [8] } } } }",
    ],
)
def test_a_family_is_the_same_quoted_dotted_and_nested(spec_of, space):
    assert spec_of(f"{STUDY}[study.space]\n{space}").study.space == (
        Dimension("Embed.width", Interval(1, 8, is_whole=True)),
        Dimension("Embed.depth", Interval(1, 2, is_whole=True), {"Embed.width": (8,)}),
    )


def test_conditions_may_follow_on_conditions(spec_of):
    study = spec_of(
        STUDY
        + """
        [study.space]
        c = { choice = [[1, 2], { x = 1 }], when = { b = true, a = [1, 2] } }
        b = { choice = [true, false], when = { a = 1 } }
        a = { int = [1, 3] }
        """
    ).study
    assert study.names == ("a", "b", "c")
    assert study.dimension("c").when == {"b": (True,), "a": (1, 2)}
    assert study.dimension("d") is None


def test_single_names_and_constraints_need_no_list(spec_of):
    study = spec_of(f'{STUDY}warm_start = "all"\nconstraints = "cost <= 3"\n{SPACE}').study
    assert (study.warm_start, study.constraints) == (("all",), (Constraint("cost", "<=", 3.0),))


def test_several_objectives_take_the_place_of_the_metric(spec_of):
    text = 'task = "news:Train"\n[objectives]\naccuracy = "maximize"\n"train seconds" = "minimize"\n'
    spec = spec_of(f'{text}[study]\ntrials = 3\nconstraints = ["accuracy >= 0.5", "memory <= 8"]\n{SPACE}')
    assert spec.objectives == (
        Objective("accuracy", Direction.MAXIMIZE),
        Objective("train seconds", Direction.MINIMIZE),
    )
    assert (spec.metric, spec.direction) == ("accuracy", Direction.MAXIMIZE)
    assert spec.metrics == ("accuracy", "train seconds", "memory")


def test_objectives_may_stand_in_a_grids_spec(spec_of):
    spec = spec_of('task = "news:Train"\n[objectives]\nloss = "minimize"\n[grid]\nlr = [0.1]')
    assert (spec.metric, spec.direction, spec.more_objectives) == ("loss", Direction.MINIMIZE, ())
    assert spec.metrics == ("loss",)


def test_every_problem_of_a_study_comes_at_once(problems_of):
    text = """
    task = "news:Train"
    metric = "accuracy"
    trials = 50
    replicates = "lr"

    [[points]]
    lr = 1

    [[exclude]]
    lr = 1

    [[grid]]
    lr = [0.1]

    [[grid]]
    seed = [1]

    [fixed]
    batch_size = 3

    [study]
    trials = 0
    timeout = "1h"
    sampler = 3
    pruner = {}
    seed = -1
    warm_start = ["a b"]
    constraints = ["loss <= 1", "loss = 1"]
    reproducible = "yes"
    smapler = "tpe"
    name = "x"

    [[study.enqueue]]
    batchsize = 3

    [[study.enqueue]]

    [study.space]
    lr = { float = [1, 0] }
    batch_size = { int = [1, 2.5], when = { b = 3 } }
    a = { choice = ["x", "y"], when = { batch_siz = 1 } }
    b = { choice = [1, 2], when = { a = "z" } }
    enqueue = [{ lr = 0.1 }]
    """
    assert problems_of(text, "lr=1,2") == [
        "sweep.toml: study.space.lr = { float = [1, 0] }: low (1) lies above high (0); exchange them",
        (
            "sweep.toml: study.space.batch_size = { int = [1, 2.5], when = { b = 3 } }: int must be [low, high]; "
            "each of them an integer"
        ),
        (
            "sweep.toml: study.space.enqueue = [{ lr = 0.1 }]: must be a table with one of float, int and choice; "
            "if it is the study's enqueue, write it under [study]"
        ),
        "sweep.toml: study.trials = 0: must be an integer of at least 1",
        'sweep.toml: study.timeout = "1h": must be a number of seconds above 0',
        (
            "sweep.toml: study.sampler = 3: must be a name, or a table of a name and arguments; "
            'as in { name = "tpe", n_startup_trials = 20 }'
        ),
        (
            "sweep.toml: study.pruner = {}: must be a name, or a table of a name and arguments; "
            'as in { name = "tpe", n_startup_trials = 20 }'
        ),
        "sweep.toml: study.seed = -1: must be an integer from 0 to 4294967295",
        (
            "sweep.toml: study.warm_start = [\"a b\"]: a sweep's name has 1 to 100 letters, digits, '_', '.' and '-'; "
            'set name = "a_b", for example'
        ),
        "sweep.toml: study.enqueue[1] = {}: sets nothing; name a parameter, or take it out",
        (
            'sweep.toml: study.constraints[1] = "loss = 1": is no constraint; '
            'write a metric and its bound, as in "train_seconds <= 60"'
        ),
        'sweep.toml: study.reproducible = "yes": must be true or false',
        'sweep.toml: study.smapler = "tpe": is not a key of [study]; did you mean sampler?',
        (
            'sweep.toml: study.name = "x": is not a key of [study]; '
            "if it is the sweep's name, write it above the first table"
        ),
        "sweep.toml: trials = 50: is not a key of a spec; if it is the study's trials, write it under [study]",
        "sweep.toml: points: means nothing beside [study]; rows to try first are study.enqueue",
        "sweep.toml: exclude: means nothing beside [study]; narrow the space",
        "sweep.toml: grid: is a union, beside [study]; keep one [grid], of replicates",
        "sweep.toml: study.space.a.when: batch_siz is not searched; did you mean batch_size?",
        'sweep.toml: study.space.b.when: a is never "z" in the space',
        "sweep.toml: grid[0].lr: is also searched, by study.space.lr; keep one of them",
        "sweep.toml: fixed.batch_size: is also swept, by study.space.batch_size; keep one of them",
        "sweep.toml: study.enqueue[0].batchsize: is not searched; did you mean batch_size?",
        "-p: lr: is searched by the study; give it one value to fix it, or change study.space",
    ]


DOMAIN = (
    "must be a table with one of float, int and choice; "
    "as in { float = [1e-5, 1e-1], log = true }, { int = [16, 512], step = 16 } or { choice = [8, 32] }"
)


@pytest.mark.parametrize(
    ("domain", "problem"),
    [
        ("3", f" = 3: {DOMAIN}"),
        ("{}", f" = {{}}: {DOMAIN}"),
        ("[1, 2]", f" = [1, 2]: {DOMAIN}"),
        ("{ int = [1, 2], float = [1, 2] }", f" = {{ int = [1, 2], float = [1, 2] }}: {DOMAIN}"),
        ("{ flaot = [1, 2] }", f" = {{ flaot = [1, 2] }}: {DOMAIN}"),
        ("{ width = { int = [1] } }", ".width = { int = [1] }: int must be [low, high]; each of them an integer"),
        ("{ width = 3, depth = { int = [1, 2] } }", f".width = 3: {DOMAIN}"),
        (
            "{ choice = [1], lgo = true }",
            " = { choice = [1], lgo = true }: lgo means nothing beside choice; choose from when",
        ),
        (
            "{ int = [1, 2], setp = 2 }",
            " = { int = [1, 2], setp = 2 }: setp means nothing beside int; did you mean step?",
        ),
        ("{ choice = [] }", " = { choice = [] }: choice must be a list of values"),
        ('{ choice = "a" }', ' = { choice = "a" }: choice must be a list of values'),
        ("{ choice = [1, 1] }", " = { choice = [1, 1] }: choice names a value twice; keep one of them"),
        ("{ float = 3 }", " = { float = 3 }: float must be [low, high]; each of them a number"),
        ("{ float = [1, inf] }", " = { float = [1, inf] }: float must be [low, high]; each of them a number"),
        ("{ float = [true, 2] }", " = { float = [true, 2] }: float must be [low, high]; each of them a number"),
        ("{ int = [1, 2], step = 0 }", " = { int = [1, 2], step = 0 }: step must be an integer above 0"),
        ("{ int = [1, 2], step = 0.5 }", " = { int = [1, 2], step = 0.5 }: step must be an integer above 0"),
        ("{ float = [1, 2], step = nan }", " = { float = [1, 2], step = nan }: step must be a number above 0"),
        ("{ float = [1, 2], log = 1 }", " = { float = [1, 2], log = 1 }: log must be true or false"),
        (
            "{ float = [0, 2], log = true }",
            " = { float = [0, 2], log = true }: a range with log = true must begin above 0",
        ),
        (
            "{ int = [1, 2], log = true, step = 1 }",
            " = { int = [1, 2], log = true, step = 1 }: step and log exclude each other; take out one of them",
        ),
        (
            "{ int = [1, 2], when = 3 }",
            ' = { int = [1, 2], when = 3 }: when must be a table; as in when = { optimizer = "sgd" }',
        ),
        (
            "{ int = [1, 2], when = { a = [] } }",
            " = { int = [1, 2], when = { a = [] } }: when names no value of a; name some, or take it out",
        ),
        ("{ int = [1, 2], when = { lr = 1 } }", ".when: lr is never 1 in the space"),
    ],
)
def test_what_is_no_domain_is_refused(problems_of, domain, problem):
    assert problems_of(f"{STUDY}{SPACE}x = {domain}") == [f"sweep.toml: study.space.x{problem}"]


def test_an_integer_of_a_thousand_digits_is_no_end(problems_of):
    (problem,) = problems_of(f"{STUDY}[study.space]\nx = {{ int = [0, {'9' * 1000}] }}")
    assert problem.endswith("int must be [low, high]; each of them an integer")


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        ('"a b" = { int = [1, 2] }', "{ int = [1, 2] }: a parameter's name is a Python name, or Family.name for"),
        ('E.a = { int = [1, 2] }\n"E.a" = { int = [1, 2] }', "E.a: sets E.a twice; keep one of them"),
        ("a = { int = [1, 2], when = { a = 1 } }", "the conditions go in a circle: a -> a; take one of them out"),
        (
            "a = { int = [1, 2], when = { b = 1 } }\nb = { int = [1, 2], when = { a = 1 } }",
            "the conditions go in a circle: a -> b -> a; take one of them out",
        ),
        (
            (
                "a = { int = [1, 2] }\nb = { int = [1, 2], when = { a = 1 } }\n"
                "c = { int = [1, 2], when = { b = 1, a = 2 } }"
            ),
            "c.when: can never hold: what it names has conditions too, and together they leave a no value",
        ),
    ],
)
def test_what_is_no_space_is_refused(problems_of, space, problem):
    (found,) = problems_of(f"{STUDY}[study.space]\n{space}")
    assert found.startswith("sweep.toml: study.space")
    assert problem in found


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f"{HEAD}study = 3", "study = 3: must be a table"),
        (f"{HEAD}[study]\n{SPACE}", "study.trials: is required; say how many there are in all, as in trials = 50"),
        (STUDY, "study.space: is required; add [study.space] with the parameters to search"),
        (
            f"{STUDY}space = 3",
            "study.space = 3: must be a table with the parameters to search; as in lr = { float = [1e-5, 1e-1], log = ",
        ),
        (f"{STUDY}[study.space]", "study.space = {}: must be a table with the parameters to search; as in lr = "),
        (
            f"{STUDY}trails = 3\n{SPACE}",
            "study.trails = 3: is not a key of [study]; did you mean trials?",
        ),
        (f"{STUDY}enqueue = 3\n{SPACE}", "study.enqueue = 3: must be an array of tables; write its header in double"),
        (f"{STUDY}enqueue = [3]\n{SPACE}", "study.enqueue[0] = 3: must be a table"),
        (
            f"{STUDY}warm_start = 3\n{SPACE}",
            'study.warm_start = 3: must be the names of sweeps; as in ["bert_lr"], or ',
        ),
        (f"{STUDY}constraints = 3\n{SPACE}", "study.constraints = 3: must be a list of constraints; as in "),
        (f"{STUDY}constraints = [3]\n{SPACE}", "study.constraints[0] = 3: is no constraint; write a metric and its"),
        (f'replicates = "lr"\n{STUDY}{SPACE}', 'replicates = "lr": is searched by the study; keep one of them'),
        (f'replicates = "seed"\n{STUDY}{SPACE}', 'replicates = "seed": is not swept; sweep it, as in seed = [0, 1, 2]'),
        (
            'task = "a:B"\nobjectives = 3',
            "objectives = 3: must be a table of metrics and directions; as in accuracy = ",
        ),
        (f'{HEAD}[objectives]\nloss = "minimize"', "metric: stands beside [objectives]; say it there alone"),
        (
            'task = "a:B"\ndirection = "minimize"\n[objectives]\nloss = "minimize"',
            "direction: stands beside [objectives]; say it there alone",
        ),
        (
            'task = "a:B"\n[objectives]\nloss = "down"',
            'objectives.loss = "down": is no direction; choose from maximize, minimize',
        ),
        (
            'task = "a:B"\n[objectives]\n"lo$s" = "minimize"',
            'objectives."lo$s": a metric\'s name has 1 to 250 letters, digits, spaces and any of _ . - : /',
        ),
        (
            'task = "a:B"\n[objectives]\na = "minimize"\nb = "minimize"\n[study]\ntrials = 3\npruner = "median"\n'
            + SPACE,
            "study.pruner: compares one objective, and there are several; take it out, or all objectives but one",
        ),
    ],
)
def test_a_problem_names_its_place_value_reason_and_remedy(problems_of, text, problem):
    (found,) = problems_of(text)
    assert found.startswith(f"sweep.toml: {problem}")


@pytest.mark.parametrize(
    ("text", "constraint"),
    [
        ("train_seconds <= 60", Constraint("train_seconds", "<=", 60.0)),
        ("  val/loss>=-1e-3 ", Constraint("val/loss", ">=", -1e-3)),
        ("train time < +.5", Constraint("train time", "<", 0.5)),
        ("a.b-c:d > 1_000", Constraint("a.b-c:d", ">", 1000.0)),
    ],
)
def test_a_constraint_is_a_metric_and_its_bound(text, constraint):
    assert Constraint.parse(text) == constraint
    assert Constraint.parse(str(constraint)) == constraint


@pytest.mark.parametrize(
    "text",
    [
        *("", "loss", "loss <=", "<= 3", "loss = 3", "loss == 3", "3 < loss < 4", "a <= b <= 3"),
        *("loss <= x", "loss <= nan", "loss < inf", "lo$s < 3", f"{'x' * 251} < 3"),
    ],
)
def test_what_is_no_constraint(text):
    with pytest.raises(ValueError, match=r"is not of the form metric <= number|metric's name|could not convert"):
        Constraint.parse(text)


finite = st.floats(allow_nan=False, allow_infinity=False)
constraints = st.builds(
    Constraint,
    st.from_regex(r"[/\w.:-]([/\w.: -]{0,8}[/\w.:-])?", fullmatch=True),
    st.sampled_from(["<", "<=", ">", ">="]),
    finite,
)


@given(constraints)
def test_a_constraint_says_itself_so_that_it_can_be_read_back(constraint):
    assert Constraint.parse(str(constraint)) == constraint


@given(constraints, st.floats(), st.booleans())
def test_a_violation_is_at_most_zero_if_and_only_if_the_bound_is_kept(constraint, value, is_met):
    value = constraint.bound if is_met else value
    assert (constraint.violation(value) <= 0) == constraint.is_kept(value)


@given(st.tuples(finite, finite, finite).map(sorted))
def test_a_bound_that_is_broken_by_more_is_violated_more(ascending):
    bound, one, other = ascending
    constraint = Constraint("x", "<=", bound)
    assert constraint.violation(one) <= constraint.violation(other)
    assert Constraint("x", "<=", 3.0).violation(5) == 2
    assert Constraint("x", ">", 3.0).violation(5) == -2


MOMENTUM = Dimension("momentum", Interval(0, 0.9, is_whole=False, step=0.3), {"optimizer": ("sgd",)})
WARMUP = Dimension("warmup", Interval(1, 5, is_whole=True), {"momentum": (0.9,)})
LEARNING = Study(trials=3, space=(Dimension("optimizer", Choice(("sgd", "adam"))), MOMENTUM, WARMUP))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({}, ""),
        ({"optimizer": "sgd", "momentum": 0.3}, ""),
        ({"momentum": 0.9, "warmup": 5}, ""),
        ({"optimizer": "adam"}, ""),
        ({"optimiser": "adam"}, "optimiser is not searched"),
        ({"optimizer": "adamw"}, 'optimizer is never "adamw" in the space'),
        ({"momentum": 0.5}, "momentum is never 0.5 in the space"),
        ({"optimizer": "adam", "momentum": 0.3}, 'momentum is set only when optimizer is "sgd"'),
        ({"momentum": 0.3, "warmup": 1}, "warmup is set only when momentum is 0.9"),
        ({"optimizer": "adam", "warmup": 1}, "warmup is set only when momentum is 0.9"),
    ],
)
def test_an_assignment_fits_or_the_reason_is_told(values, reason):
    assert LEARNING.fits(values) == reason


@given(st.data())
def test_an_assignment_of_the_space_fits_and_so_does_a_part_of_it(data):
    space = data.draw(spaces())
    whole = data.draw(assignments(space))
    part = {name: value for name, value in whole.items() if data.draw(st.booleans())}
    study = Study(space=space, trials=1)
    assert study.fits(whole) == study.fits(part) == ""


def test_a_parameter_that_is_fixed_is_searched_no_more_and_rows_agree_with_it():
    rows = ({"optimizer": "sgd"}, {"optimizer": "adam", "lr": 1}, {"optimizer": "sgd", "momentum": 0.3}, {"lr": 2})
    space = (*LEARNING.space, Dimension("lr", Interval(0, 9, is_whole=True)))
    study = Study(trials=3, space=space, enqueue=rows)
    fixed = study.fix("optimizer", "sgd")
    assert fixed.names == ("momentum", "warmup", "lr")
    assert fixed.enqueue == ({"momentum": 0.3}, {"lr": 2})
    fixed = study.fix("optimizer", "adam")
    assert fixed.names == ("lr",)
    assert fixed.enqueue == ({"lr": 1}, {"lr": 2})
    assert study.fix("other", 3) == study


def test_enqueued_rows_resolve_as_other_rows_do():
    space = (
        Dimension("Bert.width", Interval(1, 8, is_whole=True)),
        Dimension("Train.lr", Choice((1, 2)), {"Bert.width": (1,)}),
    )
    spec = Spec(
        name="s",
        task="m:Train",
        metric="x",
        study=Study(trials=3, space=space, enqueue=({"Bert": {"width": 3}}, {"Train": {"lr": 1}})),
    ).resolve({"Bert", "Train"}, "Train")
    assert spec.study.names == ("Bert.width", "lr")
    assert spec.study.dimension("lr").when == {"Bert.width": (1,)}
    assert spec.study.enqueue == ({"Bert.width": 3}, {"lr": 1})


def test_resolving_finds_every_name_that_is_then_wrong():
    space = (Dimension("lr", Choice((1, 2))), Dimension("Train.lr", Choice((1, 2))))
    study = Study(trials=3, space=space, enqueue=({"Train": {"lr": 1}, "lr": 2}, {"Bert": {"width": 3}}))
    spec = Spec(name="s", task="m:Train", metric="x", fixed={"Train": {"lr": 3}}, study=study)
    with pytest.raises(SpecError) as caught:
        spec.resolve({"Bert", "Train"}, "Train")
    assert str(caught.value).splitlines() == [
        "s: study.space.lr: sets lr twice; keep one of them",
        "s: study.enqueue[0].lr: sets lr twice; keep one of them",
        "s: fixed.lr: is also swept, by study.space.lr; keep one of them",
        "s: study.enqueue[1].Bert.width: is not searched; choose from lr",
    ]


arguments = st.dictionaries(st.text(max_size=3), st.integers() | st.floats() | st.text(max_size=3), max_size=2)
components = st.builds(Component, st.sampled_from(["tpe", "median", "m:C"]), arguments)


@st.composite
def studies(draw):
    space = draw(spaces())
    return Study(
        space=space,
        trials=draw(st.integers(1)),
        timeout=draw(st.none() | st.floats(0.1, 1e6)),
        sampler=draw(components),
        pruner=draw(st.none() | components),
        seed=draw(st.integers(0, 2**32 - 1)),
        warm_start=tuple(draw(st.lists(st.sampled_from(["a", "all"]), max_size=2))),
        enqueue=tuple(draw(st.lists(assignments(space), max_size=2))),
        constraints=tuple(draw(st.lists(constraints, max_size=2))),
        reproducible=draw(st.booleans()),
    )


@given(studies(), st.lists(st.builds(Objective, st.text(max_size=3), st.sampled_from(Direction)), max_size=2))
def test_a_study_comes_back_from_its_document(study, more):
    spec = Spec(name="s", task="m:C", metric="x", study=study, more_objectives=tuple(more), grids=(Grid(()),))
    document = json.loads(json.dumps(spec.to_document(), allow_nan=False))
    found = Spec.from_document(document)
    assert found == spec
    assert found.to_document() == document
    assert found.study.names == study.names
    assert found.study.constraints == study.constraints
    assert found.objectives == spec.objectives


def test_specs_whose_studies_differ_are_not_equal():
    one, other = (Spec(name="s", task="m:C", metric="x", study=Study(trials=n, space=LEARNING.space)) for n in (3, 4))
    assert one != other
