"""Everything about one run, or one sweep."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sweeper.report.accounts.account import Account, account, state_of
from sweeper.report.accounts.documents import run_document, sweep_document
from sweeper.report.accounts.logs import log_tail
from sweeper.report.accounts.selection import find_run
from sweeper.report.accounts.show import run_text
from sweeper.report.accounts.show_sweep import sweep_text
from sweeper.report.accounts.sweep_account import sweep_account
from sweeper.report.lineage.trace import Lineage, trace, upstream
from sweeper.report.sources.reading import read_record
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag, sweep_tag
from tests.report.made import dirty, made
from tests.report.stores import by_client, filled, run_of

NOW = 10_000_000


@pytest.fixture(scope="module")
def reader(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return filled(tmp_path_factory.mktemp("store"), template)


@pytest.fixture
def fit(reader: Reader) -> RunRecord:
    return run_of(reader, "Fit", rate="0.2", seed="1")


@pytest.fixture
def failed(reader: Reader) -> RunRecord:
    return run_of(reader, "Trouble", ending="error")


def text(reader: Reader, run: RunRecord, **options: Any) -> str:
    return run_text(account(reader, run), run.start_time + 7_200_000, **options)


def section(text: str, title: str) -> list[str]:
    """Return the lines below a title."""
    _, _, rest = text.partition(f"\n{title}\n")
    return [line.strip() for line in rest.partition("\n\n")[0].splitlines()]


def facts(text: str) -> dict[str, str]:
    """Return the facts at the top of a text."""
    head = text.split("\n\n")[1]
    return {name: words.strip() for name, _, words in (line.partition("  ") for line in head.splitlines())}


def alone(run: RunRecord, **more: Any) -> Account:
    """Return the account of a run that nothing else is known of."""
    nothing: dict[str, Any] = {
        "points": {}, "lineage": Lineage({}), "sweep": "", "uses": {}, "maker": None, "environment": None,
        "artifacts": (), "log_tail": (),
    }  # fmt: skip
    state, reason = state_of(run)
    return Account(**{"run": run, "state": state, "reason": reason, **nothing, **more})


def test_a_result_is_told_with_what_it_is_and_where_it_comes_from(reader: Reader, fit: RunRecord) -> None:
    shown = text(reader, fit)
    found = facts(shown)
    assert shown.startswith(f"run {fit.run_id}\n")
    assert found["task"] == "tests.pipelines.chain:Fit"
    assert found["state"] == "finished"
    assert found["key"] == fit.key
    assert found["stands for"] == "rates: rate=0.2, seed=1"
    assert found["started"].endswith(", 2 h ago")
    assert "rates.toml, driver " in found["by"]
    assert "process " in found["by"]
    assert found["code"].startswith(f"digest {fit.tags[Tag.SOURCE]}")
    assert found["environment"].startswith("Python 3.")
    assert section(shown, "parameters") == ["rate    0.2", "epochs  1", "seed    1", 'note    ""']
    assert section(shown, "metrics") == [f"score  {fit.metrics['score']!r}"]


def test_the_lineage_says_how_many_points_of_the_sweep_share_what(reader: Reader, fit: RunRecord) -> None:
    scale, collect = section(text(reader, fit), "made from")
    scaled = trace(reader, [fit]).results[upstream(fit)["scaled"]]
    assert scale.startswith(f"└─ scaled: Scale {scaled.run_id[:8]}, ")
    assert scale.endswith(", shared by 6 points")
    assert collect.startswith("└─ numbers: Collect ")


def test_artifacts_are_told_with_their_paths_and_sizes(reader: Reader) -> None:
    collected = run_of(reader, "Collect", size="3")
    (line,) = section(text(reader, collected), "artifacts")
    path, size, unit = line.rsplit(maxsplit=2)
    assert Path(path).read_text(encoding="utf-8") == "[0, 1, 2]"
    assert (size, unit) == ("9", "bytes")


def test_a_failure_is_told_with_the_end_of_its_log(reader: Reader, failed: RunRecord) -> None:
    shown = text(reader, failed)
    assert facts(shown)["state"] == "failed: OddError: odd 7: the data are gone"
    assert facts(shown)["log"].endswith("task.log")
    lines = section(shown, "the log ends")
    assert lines[0].startswith("number 0 ends error")
    assert lines[-1] == "are gone"


def test_a_log_that_is_long_is_read_from_its_end(tmp_path: Path, reader: Reader) -> None:
    (tmp_path / "task.log").write_bytes(b"first\n" + b"x" * 200_000 + b"\nlast but one \xff\nlast\n")
    run = replace(made(), artifact_uri=tmp_path.as_uri(), tags={Tag.LOG: "task.log"})
    assert log_tail(reader, run) == ("last but one \ufffd", "last")
    (tmp_path / "task.log").write_text("\n".join(map(str, range(100))), encoding="utf-8")
    assert log_tail(reader, run) == tuple(map(str, range(80, 100)))


def test_a_log_that_is_gone_is_no_error(tmp_path: Path, reader: Reader) -> None:
    assert log_tail(reader, replace(made(), artifact_uri=tmp_path.as_uri(), tags={Tag.LOG: "task.log"})) == ()
    assert log_tail(reader, replace(made(), artifact_uri="s3://bucket/run", tags={Tag.LOG: "task.log"})) == ()


def test_an_upstream_run_stands_for_no_point_and_is_told_all_the_same(reader: Reader) -> None:
    shown = text(reader, run_of(reader, "Collect", size="3"))
    assert "stands for" not in facts(shown)
    assert "made from" not in shown


def test_the_client_tells_what_sql_tells(reader: Reader, fit: RunRecord, failed: RunRecord) -> None:
    client = by_client(reader)
    for run in (fit, failed):
        assert text(client, find_run(client, run.run_id)) == text(reader, run)


def test_json_has_everything_in_full(reader: Reader, fit: RunRecord, failed: RunRecord) -> None:
    document = json.loads(json.dumps(run_document(account(reader, fit)), allow_nan=False))
    assert document["run_id"] == fit.run_id
    assert document["state"] == "finished"
    assert document["points"] == {"rates": [{"rate": 0.2, "seed": 1}]}
    assert document["params"] == {"rate": "0.2", "epochs": "1", "seed": "1", "note": ""}
    assert document["metrics"] == {"score": fit.metrics["score"]}
    assert [(one["requirement"], one["uses"]) for one in document["upstream"]] == [("scaled", 6), ("numbers", 6)]
    assert document["upstream"][1]["required_by"] == document["upstream"][0]["run_id"]
    assert document["driver"]["pid"] > 0
    assert "pytest" in document["environment"]["packages"]
    assert document["environment"]["is_certain"] is True
    other = run_document(account(reader, failed))
    assert (other["state"], other["key"]) == ("failed", None)
    assert other["reason"] == "OddError: odd 7: the data are gone"
    assert other["log_tail"][-1] == "are gone"


def test_metrics_that_are_no_numbers_are_valid_json() -> None:
    document = run_document(alone(made(metrics={"loss": float("nan"), "cost": float("inf")})))
    assert json.loads(json.dumps(document, allow_nan=False))["metrics"]["cost"] == {"$float": "inf"}


@pytest.mark.parametrize(
    ("run", "state"),
    [
        (made(), ("finished", "")),
        (replace(made(), tags={}), ("finished", "")),
        (replace(made(), status=RunStatus.RUNNING), ("running", "")),
        (replace(made(), tags={Tag.KIND: "task"}), ("failed", "the run ended without committing a result")),
        (replace(made(), status=RunStatus.FAILED, tags={Tag.REASON: "no"}), ("failed", "no")),
        (replace(made(), status=RunStatus.KILLED, tags={Tag.PRUNED: "yes", Tag.REASON: "low"}), ("pruned", "low")),
        (replace(made(), status=RunStatus.KILLED, tags={}), ("killed", "the run was stopped")),
        (made(**{Tag.SUPERSEDED: "new"}), ("superseded", "its result was superseded")),
    ],
)
def test_a_run_stands_as_its_record_has_it(run: RunRecord, state: tuple[str, str]) -> None:
    assert state_of(run) == state


def test_what_was_made_elsewhere_is_told_as_far_as_it_is_known() -> None:
    run = replace(made(experiment="theirs"), tags={"mlflow.user": "ada", "team": "blue", **dirty()})
    shown = run_text(alone(run), NOW)
    assert facts(shown)["kind"] == "not made by sweeper"
    assert facts(shown)["by"] == "ada"
    assert facts(shown)["code"] == "commit c0ffee, uncommitted changes"
    assert section(shown, "tags") == ["team  blue"]


def test_requirements_without_a_result_are_told_apart() -> None:
    young = made("Fetch", key="1-young", start=50_000)
    run = made(upstream={"gone": "1-gone", "file": "0123abcd", "young": "1-young"})
    shown = run_text(alone(run, lineage=Lineage({"1-young": young}, frozenset({"1-gone"}))), NOW)
    assert section(shown, "made from") == [
        "├─ gone: no result has its key any more",
        "├─ file: a plain Luigi task, which keeps no run",
        f"└─ young: Fetch {young.run_id[:8]}, 2.0 s, made again since",
    ]


def test_nothing_that_a_store_holds_reaches_the_terminal_as_it_is() -> None:
    bad = "a\x1b[2J\n\u202eb"
    run = made(
        f"T{bad}", {bad: bad}, {bad: "1-gone"}, metrics={bad: 1.0}, data={bad: bad}, experiment=bad, **{bad: bad}
    )
    run = replace(run, run_id="f" * 32, tags={**run.tags, "mlflow.user": bad, sweep_tag("x"): "[]", Tag.REASON: bad})
    shown = run_text(alone(run, log_tail=(bad,), reason=bad, artifacts=None), NOW)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert shown.count("\\x1b[2J") >= 10
    assert all(line.isprintable() for line in shown.split("\n"))


def test_long_parts_are_cut_unless_all_is_wanted() -> None:
    run = made(params={f"p{number:03}": "v" * 1000 for number in range(100)})
    cut, full = run_text(alone(run), NOW), run_text(alone(run), NOW, is_full=True)
    assert section(cut, "parameters")[-1] == "and 60 more; --full has all"
    assert max(map(len, cut.splitlines())) < 200
    assert len(section(full, "parameters")) == 100
    assert "v" * 1000 in full


def test_a_sweep_is_told_with_its_spec_its_pipeline_and_what_sharing_saved(reader: Reader) -> None:
    found = sweep_account(reader, read_record(reader, "rates"))
    shown = sweep_text(found, NOW)
    assert facts(shown)["state"] == "complete"
    assert facts(shown)["results"] == "6 of 6 points have a result"
    assert section(shown, "spec")[1] == 'metric = "score"'
    assert [line.split()[:2] for line in section(shown, "pipeline")[2:]] == [
        ["Collect", "1"],
        ["Scale", "1"],
        ["Fit", "6"],
    ]
    assert "sharing saved" in shown.splitlines()[-1]
    assert "packages" not in sweep_text(found, NOW).split("\n")
    assert "pytest " in sweep_text(found, NOW, is_full=True)


def test_the_json_of_a_sweep_has_the_spec_as_it_ran(reader: Reader) -> None:
    document = json.loads(json.dumps(sweep_document(sweep_account(reader, read_record(reader, "endings")))))
    assert document["state"] == "incomplete"
    assert (document["points"]["finished"], document["points"]["failed"]) == (1, 1)
    assert document["spec"]["grids"][0][0]["levels"] == [["well"], ["error"]]
    assert [node["name"] for node in document["pipeline"]] == ["Trouble"]


def test_a_sweep_whose_spec_was_never_on_the_record_is_told(reader: Reader) -> None:
    record = replace(read_record(reader, "rates"), document={}, runs=())
    assert facts(sweep_text(sweep_account(reader, record), NOW))["results"] == "its spec was never on the record"
