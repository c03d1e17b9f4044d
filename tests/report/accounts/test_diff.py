"""In what two runs or configurations differ, and why."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeper.report.accounts.diff import Diff, diff
from sweeper.report.accounts.diff_text import diff_document, diff_text
from sweeper.report.accounts.difference import Change, Section
from sweeper.report.accounts.selection import Selection, select
from sweeper.report.accounts.upstream_diff import upstream_changes
from sweeper.report.lineage.trace import Lineage
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag
from tests.report.made import dirty, made
from tests.report.stores import by_client, filled


@pytest.fixture(scope="module")
def reader(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return filled(tmp_path_factory.mktemp("store"), template)


def compared(reader: Reader, a: str, b: str) -> Diff:
    return diff(reader, select(reader, a), select(reader, b))


def between(reader: Reader, a: RunRecord, b: RunRecord) -> Diff:
    return diff(reader, Selection("one", {"": a}), Selection("other", {"": b}))


def section(found: Diff, title: str) -> Section:
    (wanted,) = (one for one in found.sections if one.title == title)
    return wanted


def sides(found: Diff, title: str) -> Mapping[str, tuple[Any, Any]]:
    """Return what differs in one respect, by name."""
    return {change.name: (change.a, change.b) for change in section(found, title).changes}


def causes(a: RunRecord, b: RunRecord, *upstream: RunRecord) -> list[tuple[str, Any, Any]]:
    lineage = Lineage({str(run.key): run for run in upstream})
    return [(change.name, change.a, change.b) for change in upstream_changes([(a, b)], lineage)]


def test_configurations_are_compared_over_their_replicates(reader: Reader) -> None:
    found = compared(reader, "rates:rate=0.1", "rates:rate=0.2")
    assert sides(found, "parameters") == {"rate": ("0.1", "0.2")}
    (change,) = section(found, "metrics").changes
    assert (change.a.n, change.b.n) == (3, 3)
    assert (change.a.mean, change.b.mean) == (pytest.approx(4.01), pytest.approx(3.91))
    assert change.difference == pytest.approx(-0.1)
    equal = [one.title for one in found.sections if one.is_equal]
    assert equal == ["run", "upstream", "code", "environment", "data", "artifacts"]


def test_a_run_is_equal_to_itself(reader: Reader) -> None:
    found = compared(reader, "rates:rate=0.1,seed=0", "rates:rate=0.1,seed=0")
    assert found.is_equal
    assert [one.title for one in found.sections if not one.is_equal] == []
    assert diff_text(found).splitlines()[-1].startswith("equal: run, parameters, upstream, code, environment, ")


def test_the_upstream_parameter_that_makes_the_difference_is_named(reader: Reader) -> None:
    found = compared(reader, "rates:rate=0.1,seed=0", "scaled:Scale.factor=3,epochs=1")
    (requirement, *because) = section(found, "upstream").changes
    assert requirement.name == "scaled"
    assert requirement.a.startswith("Scale ")
    assert [(change.name, change.a, change.b) for change in because] == [
        ("Scale.factor", "1.0", "3.0"),
        ("Collect.size", "3", "4"),
    ]


def test_only_the_parameter_furthest_up_is_named_where_the_rest_follows_from_it() -> None:
    fetched = [made("Fetch", {"limit": limit}) for limit in ("600", "900")]
    cleaned = [made("Clean", {}, {"articles": one}) for one in fetched]
    a, b = (made("Train", {}, {"texts": one}) for one in cleaned)
    assert causes(a, b, *fetched, *cleaned)[1:] == [("Fetch.limit", "600", "900")]


def test_a_cause_that_is_reached_in_two_ways_is_named_once() -> None:
    fetched = [made("Fetch", {"limit": limit}) for limit in ("600", "900")]
    titles, bodies = ([made(name, {}, {"ids": one}) for one in fetched] for name in ("Titles", "Bodies"))
    a, b = (made("Train", {}, {"titles": titles[i], "bodies": bodies[i], "ids": fetched[i]}) for i in range(2))
    assert causes(a, b, *fetched, *titles, *bodies)[3:] == [("Fetch.limit", "600", "900")]


def test_another_version_is_what_is_left_where_nothing_else_differs() -> None:
    fetched = [made("Fetch", {"limit": "600"}) for _ in range(2)]
    a, b = (made("Train", {}, {"titles": one}) for one in fetched)
    lineage = Lineage({str(run.key): run for run in fetched})
    *_, change = upstream_changes([(a, b)], lineage)
    assert (change.name, change.a, change.b) == ("Fetch", fetched[0].run_id[:8], fetched[1].run_id[:8])
    assert change.note == "equal parameters and requirements: another Meta.version?"


def test_tags_of_the_tasks_own_and_experiments_are_causes() -> None:
    fetched = [made("Fetch", experiment=name, shard=name) for name in ("one", "two")]
    a, b = (made("Train", {}, {"titles": one}) for one in fetched)
    assert causes(a, b, *fetched)[1:] == [
        ("Fetch: tag shard", "one", "two"),
        ("Fetch: experiment", "one", "two"),
    ]


def test_another_class_is_the_cause_and_its_parameters_are_none() -> None:
    bert, counts = made("Bert", {"tokens": "64"}), made("Counts", {"words": "1000"})
    models = [made("Model", {}, {"features": one}) for one in (bert, counts)]
    a, b = (made("Train", {}, {"model": one}) for one in models)
    assert causes(a, b, bert, counts, *models)[1:] == [
        ("Model requires features", f"Bert {bert.run_id[:8]}", f"Counts {counts.run_id[:8]}")
    ]


def test_requirements_that_only_one_has_or_that_are_gone_are_told() -> None:
    split = made("Split")
    a, b = made(upstream={"split": split, "file": "0123abcd"}), made(upstream={"model": "1-0123456789abcdef"})
    assert causes(a, b, split) == [
        ("split", f"Split {split.run_id[:8]}", None),
        ("file", "0123abcd, a plain Luigi task", None),
        ("model", None, "1-0123456789ab, no result any more"),
    ]


def test_lineages_in_a_circle_come_to_an_end() -> None:
    ones = [made("Loop", {}, {"before": f"1-{name}"}, key=f"1-{name}") for name in "ab"]
    assert causes(*(made(upstream={"loop": one}) for one in ones), *ones)[0][0] == "loop"


def test_code_is_compared_and_that_of_upstream_classes_too(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = [made("Fetch", {"limit": source}, source=source) for source in ("old", "new")]
    monkeypatch.setattr(type(reader), "results_by_key", lambda *_: {run.key: run for run in fetched})
    a, b = (made(source=one.tags[Tag.SOURCE], upstream={"titles": one}, **dirty()) for one in fetched)
    b.tags["mlflow.source.git.dirty"] = "false"
    assert sides(between(reader, a, b), "code") == {
        "digest": ("old", "new"),
        "uncommitted changes": ("true", "false"),
        "digest of Fetch": ("old", "new"),
    }


def test_data_and_what_the_runs_are_is_compared(reader: Reader) -> None:
    a, b = made("Train", data={"titles": "1"}), replace(made("Test", data={"titles": "2"}), status=RunStatus.FAILED)
    found = between(reader, a, b)
    assert sides(found, "data") == {"titles": ("1", "2")}
    assert sides(found, "run") == {
        "task": ("news:Train", "news:Test"),
        "experiment": ("train", "test"),
        "state": ("finished", "failed"),
    }


def test_environments_are_compared_between_sweeps_and_said_to_be_unknown_within_one(
    reader: Reader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = compared(reader, "rates:rate=0.1,seed=0", "scaled:Scale.factor=3,epochs=1")
    assert section(found, "environment") == Section("environment")
    changed = tmp_path / "environment.json"
    original = type(reader).artifact

    def artifact(self: Reader, run: RunRecord, name: str) -> Path:
        path = original(self, run, name)
        if name != "environment.json" or run.tags[Tag.NAME] == "rates":
            return path
        said = json.loads(path.read_text(encoding="utf-8"))
        changed.write_text(json.dumps(said | {"python": "3.99", "packages": {"numpy": "9"}}), encoding="utf-8")
        return changed

    monkeypatch.setattr(type(reader), "artifact", artifact)
    told = sides(compared(reader, "rates:rate=0.1,seed=0", "scaled:Scale.factor=3,epochs=1"), "environment")
    assert told["Python"][1] == "3.99"
    assert told["numpy"][1] == "9"
    assert told["pytest"][1] is None
    (run,) = select(reader, "rates:rate=0.1,seed=0").runs.values()
    earlier = replace(run, tags={**run.tags, Tag.DRIVER: "an earlier one"})
    within = section(between(reader, run, earlier), "environment")
    assert (within.is_known, within.remark) == (False, "rates keeps only that of its last start")
    assert not section(between(reader, run, made()), "environment").is_known


def stored(folder: Path, name: str, **files: str) -> RunRecord:
    """Return a run with files on this machine."""
    for file, content in files.items():
        (folder / name).mkdir(exist_ok=True)
        (folder / name / file).write_text(content, encoding="utf-8")
    return replace(made(**{Tag.LOG: "log"}), artifact_uri=(folder / name).as_uri())


def test_artifacts_are_compared_by_name_size_and_content_and_logs_are_not(reader: Reader, tmp_path: Path) -> None:
    a = stored(tmp_path, "a", same="1", size="12", content="ab", mine="1", log="monday")
    b = stored(tmp_path, "b", same="1", size="1", content="ba", yours="1", log="tuesday")
    found = section(between(reader, a, b), "artifacts")
    assert found.changes == (
        Change("content", "2 bytes", "2 bytes", note="other content"),
        Change("mine", "1 byte", None),
        Change("size", "2 bytes", "1 byte"),
        Change("yours", None, "1 byte"),
    )


def test_artifacts_of_replicates_are_compared_pair_by_pair(reader: Reader, tmp_path: Path) -> None:
    ours = {str(seed): stored(tmp_path, f"a{seed}", model="x") for seed in range(3)}
    theirs = {str(seed): stored(tmp_path, f"b{seed}", model="x" if seed else "y") for seed in range(3)}
    found = section(diff(reader, Selection("a", ours), Selection("b", theirs)), "artifacts")
    assert found.changes == (Change("model", "in 1", "in 1", note="differs in 1 of 3 replicates"),)


def test_artifacts_elsewhere_are_said_not_to_be_compared(reader: Reader) -> None:
    away = replace(made(), artifact_uri="s3://bucket/run/artifacts")
    found = section(between(reader, away, made()), "artifacts")
    assert (found.is_known, found.remark) == (False, "they cannot be listed from here")


def test_numbers_that_four_digits_do_not_tell_apart_have_all_digits(reader: Reader) -> None:
    a, b = made(metrics={"loss": 0.123456, "cost": 10.0}), made(metrics={"loss": 0.123457, "cost": 10.0, "new": 1.0})
    lines = diff_text(between(reader, a, b)).splitlines()
    assert [line.split() for line in lines if line.startswith(("loss", "cost", "new"))] == [
        ["loss", "0.123456", "0.123457", "+1.000e-06"],
        ["new", "—", "1.000"],
    ]


def test_nan_is_equal_to_nan_and_infinity_to_itself(reader: Reader) -> None:
    a, b = (made(metrics={"loss": float("nan"), "cost": float("inf")}) for _ in range(2))
    assert section(between(reader, a, b), "metrics").is_equal
    c = made(metrics={"loss": 1.0, "cost": float("-inf")})
    document = json.loads(json.dumps(diff_document(between(reader, a, c)), allow_nan=False))
    assert document["sections"]["metrics"]["changes"][0]["a"] == {"$float": "nan"}
    assert "nan" in diff_text(between(reader, a, c))


def test_how_long_it_took_is_no_difference_that_counts(reader: Reader) -> None:
    found = between(reader, made("Train", seconds=2), made("Train", seconds=3))
    assert found.is_equal
    assert sides(found, "duration") == {"seconds": (2.0, 3.0)}


def test_the_text_has_a_table_for_what_differs_and_names_what_does_not(reader: Reader) -> None:
    text = diff_text(compared(reader, "rates:rate=0.1", "scaled:Scale.factor=3,epochs=1"))
    blocks = text.split("\n\n")
    assert blocks[0].splitlines() == [
        "A  rates: rate=0.1  Fit, 3 results",
        "B  scaled: Scale.factor=3.0,epochs=1  Fit, finished",
    ]
    assert blocks[1].splitlines() == [
        "parameters    A        B",
        "------------  -------  ---",
        "seed          0, 1, 2  0",
    ]
    assert [block.split()[0] for block in blocks[2:-1]] == ["upstream", "metrics", "duration"]
    assert blocks[-1] == "equal: run, code, environment, data, artifacts"


def test_json_names_every_section_and_has_numbers_in_full(reader: Reader) -> None:
    document = diff_document(compared(reader, "rates:rate=0.1", "rates:rate=0.2"))
    document = json.loads(json.dumps(document, allow_nan=False))
    assert document["is_equal"] is False
    assert len(document["a"]["runs"]) == 3
    assert document["sections"]["parameters"]["changes"] == [
        {"name": "rate", "a": "0.1", "b": "0.2", "difference": None, "note": ""}
    ]
    measured = document["sections"]["metrics"]["changes"][0]
    assert (measured["a"]["n"], measured["a"]["std"]) == (3, pytest.approx(0.01))
    assert document["sections"]["code"]["is_equal"] is True


def test_the_client_tells_what_sql_tells(reader: Reader) -> None:
    words = ("rates:rate=0.1", "scaled:Scale.factor=3,epochs=1")
    assert diff_text(compared(by_client(reader), *words)) == diff_text(compared(reader, *words))


def test_nothing_that_a_store_holds_reaches_the_terminal_as_it_is(reader: Reader) -> None:
    def hostile(mark: str) -> RunRecord:
        bad = f"{mark}\x1b[2J\n\u202e"
        run = made(f"T{bad}", {bad: bad, "x": bad}, {bad: f"1-{bad}"}, metrics={bad: 1.0}, data={"d": bad}, source=bad)
        return replace(run, experiment=bad)

    text = diff_text(between(reader, hostile("a"), hostile("b")))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "\\x1b[2J" in text
