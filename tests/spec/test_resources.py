"""What tasks need and what is limited: what a spec may say of it."""

from __future__ import annotations

from sweeper.spec.model import Spec

HEAD = 'task = "news:Train"\nmetric = "loss"\n'


def test_needs_are_by_class_and_name_and_limits_by_name(spec_of):
    spec = spec_of(
        f"{HEAD}[resources]\nTrain = {{ gpu = 1 }}\n[resources.Embed]\ngpu = 0.5\nlicence = 2\n"
        '[limits]\nEmbed = 2\nlicence = 4\n"news.Other" = 1\n'
    )
    assert spec.resources == {"Train": {"gpu": 1.0}, "Embed": {"gpu": 0.5, "licence": 2.0}}
    assert spec.limits == {"Embed": 2.0, "licence": 4.0, "news.Other": 1.0}
    assert Spec.from_document(spec.to_document()) == spec


def test_a_document_from_before_there_were_resources_is_still_read(spec_of):
    spec = spec_of(HEAD)
    document = spec.to_document()
    del document["resources"], document["limits"]
    assert Spec.from_document(document) == spec


def test_every_problem_of_the_tables_comes_at_once_with_its_remedy(problems_of):
    text = """
    [resources]
    gpu = 1
    Train = { gpu = 0, cpu = -1, licence = nan, disk = true, net = "much", "a b" = 1 }
    Embed = {}
    [limits]
    Embed = 0
    licence = inf
    """
    assert problems_of(HEAD + text) == [
        "sweep.toml: resources.gpu = 1: must be a table of what the task needs; as in TrainClassifier = { gpu = 1 }",
        "sweep.toml: resources.Train.gpu = 0: must be a number above 0",
        "sweep.toml: resources.Train.cpu = -1: must be a number above 0",
        "sweep.toml: resources.Train.licence = nan: must be a number above 0",
        "sweep.toml: resources.Train.disk = true: must be a number above 0",
        'sweep.toml: resources.Train.net = "much": must be a number above 0',
        (
            "sweep.toml: resources.Train.\"a b\": a resource's name has letters, digits, '_' and '-'; "
            "as in gpu, cpu or licence"
        ),
        "sweep.toml: resources.Embed = {}: needs nothing; say how much of what, as in { gpu = 1 }, or take it out",
        "sweep.toml: limits.Embed = 0: must be a number above 0",
        "sweep.toml: limits.licence = inf: must be a number above 0",
    ]


def test_a_number_in_the_place_of_a_table_is_told_where_to_go(problems_of):
    assert problems_of(f"{HEAD}resources = 1\nlimits = 2") == [
        "sweep.toml: resources = 1: must be a table of tasks; write TrainClassifier = { gpu = 1 } under [resources]",
        "sweep.toml: limits = 2: must be a table of tasks and resources; write BertFeatures = 2 under [limits]",
    ]
