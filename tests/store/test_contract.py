"""The store's contract, kept by each store there is: SQLite, by SQL and by MLflow's API, PostgreSQL, and a server."""

from __future__ import annotations

import dataclasses
import json
import math
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities import Dataset, DatasetInput, InputTag
from mlflow.tracking import MlflowClient

from sweeper import MlflowTask
from sweeper.errors import StoreError
from sweeper.housekeeping.diagnosis import Level
from sweeper.housekeeping.doctor import examine
from sweeper.housekeeping.invalidate import invalidate, to_invalidate, to_restore, undo
from sweeper.housekeeping.remove import remove, restore
from sweeper.housekeeping.rename import rename
from sweeper.store import open_reader, open_store
from sweeper.store.api import ApiStore
from sweeper.store.api_reader import FEW_KEYS
from sweeper.store.base import MOST_ARTIFACTS, Reader
from sweeper.store.disposal import delete, let_go
from sweeper.store.host import Process
from sweeper.store.index import Index
from sweeper.store.lease import bury_the_dead, close_lost
from sweeper.store.locate import spool_path, sqlite_uri
from sweeper.store.records import (
    BLOCKED_ARTIFACT,
    DOCUMENT_ARTIFACT,
    DRIVERS_EXPERIMENT,
    LOG_ARTIFACT,
    Blocked,
    MetricPoint,
    OpenRun,
    Result,
    RunStatus,
)
from sweeper.store.sql import SqlReader
from sweeper.store.sqlite import SqliteStore
from sweeper.store.tags import Kind, Tag, sweep_tag, upstream_tag
from sweeper.task.context import Context, use
from tests.store.test_lease import claim, register

AWKWARD = ["", "plain", "it's", 'a "b" c', "`x`", "50 % _ \\", "line\nbreak", "naïve 学習率 🦀", "x" * 5000]


SHARED = {"postgres": "shared_postgres_uri", "server": "server_uri"}


@pytest.fixture(params=["sql", "api", *SHARED])
def any_store(request: pytest.FixtureRequest) -> ApiStore:
    """A store of each kind; PostgreSQL and the server are shared, so what a test keeps there has names of its own."""
    if request.param in SHARED:
        opened = open_store(request.getfixturevalue(SHARED[request.param]))
        assert type(opened) is ApiStore
        return opened
    uri = request.getfixturevalue("store_uri")
    opened = open_store(uri)
    assert isinstance(opened, SqliteStore)
    assert opened._reads_sql, "this MLflow has a schema that SqlReader does not know"
    return opened if request.param == "sql" else ApiStore(uri)


@pytest.fixture
def name() -> str:
    """A name that nothing else has."""
    return f"n{uuid.uuid4().hex}"


def commit(
    store: ApiStore,
    experiment: str,
    key: str,
    *,
    tags: Mapping[str, str] | None = None,
    ended: int | None = None,
    **metrics: float,
) -> OpenRun:
    """Commit a run, as an attempt does; it ended at ``ended``, or now."""
    run = store.start_run(experiment, "a run", tags={Tag.CLAIM: key})
    points = [MetricPoint(name, value, 0, 1) for name, value in metrics.items()]
    store.log(run.run_id, metrics=points, tags={**(tags or {}), Tag.KEY: key})
    if ended is None:
        store.end_run(run.run_id, RunStatus.FINISHED)
    else:
        store._client.set_terminated(run.run_id, "FINISHED", ended)
    return run


def test_a_run_is_running_until_it_is_ended(any_store: ApiStore, name: str) -> None:
    opened = any_store.start_run(name, "its name", tags={"a": "1"}, params={"p": "2"})
    run = any_store.run(opened.run_id)
    assert (run.experiment, run.name, run.status, run.end_time) == (name, "its name", RunStatus.RUNNING, None)
    assert (run.tags["a"], run.params) == ("1", {"p": "2"})
    assert (run.start_time, run.artifact_uri) == (opened.start_time, opened.artifact_uri)
    ended = any_store.end_run(opened.run_id, RunStatus.FAILED)
    run = any_store.run(opened.run_id)
    assert (run.status, run.end_time) == (RunStatus.FAILED, ended)


def test_a_run_can_be_opened_again(any_store: ApiStore, name: str) -> None:
    run_id = commit(any_store, name, "1-a").run_id
    any_store.reopen_run(run_id)
    assert any_store.run(run_id).status is RunStatus.RUNNING
    assert any_store.results([name]) == []


def test_a_run_that_is_not_there_is_an_error_that_names_it(any_store: ApiStore) -> None:
    with pytest.raises(StoreError, match="0123456789abcdef"):
        any_store.run("0123456789abcdef0123456789abcdef")


def test_a_result_is_all_that_a_look_up_needs(any_store: ApiStore, name: str) -> None:
    run = commit(any_store, name, "1-a", tags={Tag.TASK: "m:C", Tag.SOURCE: "abc"}, accuracy=0.5)
    (result,) = any_store.results([name], metrics=["accuracy"])
    assert result == Result(
        key="1-a",
        run_id=run.run_id,
        experiment=name,
        artifact_uri=run.artifact_uri,
        start_time=run.start_time,
        end_time=result.end_time,
        task="m:C",
        source="abc",
        metrics={"accuracy": 0.5},
    )
    assert result.end_time >= run.start_time


def test_only_committed_runs_of_the_experiments_asked_for_are_results(any_store: ApiStore, name: str) -> None:
    kept = commit(any_store, name, "1-a").run_id
    others = f"{name} others"
    commit(any_store, others, "1-b")
    running = any_store.start_run(name, "", tags={Tag.KEY: "1-c"})
    failed = any_store.start_run(name, "", tags={Tag.KEY: "1-d"})
    any_store.end_run(failed.run_id, RunStatus.FAILED)
    any_store.end_run(any_store.start_run(name, "", tags={Tag.CLAIM: "1-e"}).run_id, RunStatus.FINISHED)
    commit(any_store, name, "1-f", tags={Tag.SUPERSEDED: kept})
    any_store._client.delete_run(commit(any_store, name, "1-g").run_id)
    assert [result.run_id for result in any_store.results([name])] == [kept]
    assert {result.key for result in any_store.results([name, others, "missing"])} == {"1-a", "1-b"}
    assert any_store.results([]) == []
    assert any_store.run(running.run_id).key is None


def test_a_deleted_experiment_has_no_results_and_its_name_can_be_used_again(any_store: ApiStore, name: str) -> None:
    run_id = commit(any_store, name, "1-a").run_id
    client = MlflowClient(any_store.uri)
    client.delete_experiment(client.get_run(run_id).info.experiment_id)
    assert any_store.results([name]) == []
    assert run_id not in {run.run_id for run in any_store.runs_with(Tag.CLAIM, "1-a")}
    anew = commit(any_store, name, "1-b").run_id
    assert [result.run_id for result in any_store.results([name])] == [anew]
    assert commit(type(any_store)(any_store.uri), name, "1-c").run_id != anew


def test_results_since_a_time_are_those_that_ended_at_it_or_later(any_store: ApiStore, name: str) -> None:
    for ended in (1000, 2000, 3000):
        commit(any_store, name, f"1-{ended}", ended=ended)
    assert {result.key for result in any_store.results([name], since=2000)} == {"1-2000", "1-3000"}


@pytest.mark.parametrize("value", [0.5, -1e-300, math.nan, math.inf, -math.inf], ids=str)
def test_a_metric_comes_back(any_store: ApiStore, name: str, value: float) -> None:
    run_id = commit(any_store, name, "1-a", accuracy=value).run_id
    (result,) = any_store.results([name], metrics=["accuracy"])
    assert result.metrics == {"accuracy": pytest.approx(value, rel=1e-12, nan_ok=True)}
    assert any_store.run(run_id).metrics == {"accuracy": pytest.approx(value, rel=1e-12, nan_ok=True)}
    (without,) = any_store.results([name], metrics=["loss"])
    assert without.metrics == {}


def test_a_result_has_those_of_the_metrics_asked_for_that_its_run_has(any_store: ApiStore, name: str) -> None:
    third = 1 / 3
    commit(any_store, name, "1-all", accuracy=third, seconds=2.5, loss=0.1)
    commit(any_store, name, "1-some", seconds=math.nan, loss=0.1)
    commit(any_store, name, "1-none", loss=0.1)
    found = {result.key: result.metrics for result in any_store.results([name], metrics=["seconds", "accuracy"])}
    assert found == {
        "1-all": {"accuracy": third, "seconds": 2.5},
        "1-some": {"seconds": pytest.approx(math.nan, nan_ok=True)},
        "1-none": {},
    }
    assert [result.metrics for result in any_store.results([name])] == [{}, {}, {}]


@pytest.mark.parametrize("value", AWKWARD, ids=lambda value: value[:20])
def test_runs_are_found_by_a_tag_of_any_value(any_store: ApiStore, name: str, value: str) -> None:
    tag = f"test.{name}"
    meant = any_store.start_run(name, "", tags={tag: value}).run_id
    other = any_store.start_run(name, "", tags={tag: f"{value[:4000]}.", "more": value}).run_id
    any_store.start_run(name, "", tags={"more": value})
    found = any_store.runs_with(tag, value)
    assert [run.run_id for run in found if run.tags[tag] == value] == [meant]
    assert len(found) == (1 if value else 2)
    assert {run.run_id for run in any_store.runs_with(tag)} == {meant, other}


def create_run(store: ApiStore, experiment: str, start_time: int, tags: dict[str, str]) -> str:
    """Create a run that started at a given time, which the store itself never does."""
    created = store._experiments.use(
        experiment, lambda experiment_id: store._client.create_run(experiment_id, start_time=start_time, tags=tags)
    )
    return str(created.info.run_id)


def test_runs_come_oldest_first_and_by_status(any_store: ApiStore, name: str) -> None:
    tag = f"test.{name}"
    run_ids = [create_run(any_store, name, start, {tag: "x"}) for start in (3000, 1000, 2000)]
    any_store.end_run(run_ids[0], RunStatus.KILLED)
    assert [run.start_time for run in any_store.runs_with(tag, "x")] == [1000, 2000, 3000]
    assert [run.run_id for run in any_store.runs_with(tag, "x", status=RunStatus.KILLED)] == run_ids[:1]
    assert [run.start_time for run in any_store.runs_with(tag, status=RunStatus.RUNNING)] == [1000, 2000]


def test_an_experiment_may_have_any_name(any_store: ApiStore, name: str) -> None:
    for experiment in (f"{name} it's / 100 % `odd`", f"{name}/../x", f"{name} naïve 学習率"):
        run = commit(any_store, experiment, "1-a")
        Path("a.txt").write_text("text")
        any_store.save_artifact(run, Path("a.txt"), "a.txt")
        (result,) = any_store.results([experiment])
        assert result.experiment == experiment
        assert any_store.artifact(result, "a.txt").read_text() == "text"


@pytest.mark.parametrize("artifact", ["a.csv", "deep/er/a.csv", "with space/ü-1.csv"])
def test_a_file_is_kept_under_its_name(any_store: ApiStore, name: str, artifact: str, tmp_path: Path) -> None:
    run = any_store.start_run(name, "", tags={})
    path = tmp_path / "saved" / Path(artifact).name
    path.parent.mkdir()
    path.write_text("1,2", encoding="utf-8")
    any_store.save_artifact(run, path, artifact)
    path.unlink()
    for _ in range(2):
        kept = any_store.artifact(any_store.run(run.run_id), artifact)
        assert kept.name == path.name
        assert kept.read_text(encoding="utf-8") == "1,2"


def test_a_folder_is_kept_with_what_is_in_it(any_store: ApiStore, name: str, tmp_path: Path) -> None:
    run = any_store.start_run(name, "", tags={})
    folder = tmp_path / "model"
    (folder / "deep").mkdir(parents=True)
    (folder / "config").write_text("c")
    (folder / "deep" / "weights").write_text("w")
    any_store.save_artifact(run, folder, "out/model")
    kept = any_store.artifact(any_store.run(run.run_id), "out/model")
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*")} == {"config", "deep", "deep/weights"}
    assert (kept / "deep" / "weights").read_text() == "w"


def test_an_artifact_that_is_not_there_has_a_path_that_is_not_there(any_store: ApiStore, name: str) -> None:
    run = any_store.run(any_store.start_run(name, "", tags={}).run_id)
    assert not any_store.artifact(run, "missing.txt").exists()
    assert not any_store.artifact(run, "deep/missing.txt").exists()


def test_an_artifact_of_a_running_run_is_as_it_is_now(any_store: ApiStore, name: str, tmp_path: Path) -> None:
    run = any_store.start_run(name, "", tags={})
    path = tmp_path / "state.json"
    for text in ("[]", "[1]"):
        path.write_text(text)
        any_store.save_artifact(run, path, "state.json")
        assert any_store.artifact(any_store.run(run.run_id), "state.json").read_text() == text


def start_sweep(store: ApiStore, name: str, document: Any, blocked: Any = ()) -> OpenRun:
    """Create a sweep's own run."""
    run = store.start_run(f"{name} experiment", "", tags={Tag.KIND: Kind.SWEEP, Tag.NAME: name, Tag.TASK: "m:C"})
    for file_name, content in ((DOCUMENT_ARTIFACT, document), (BLOCKED_ARTIFACT, blocked)):
        Path(file_name).write_text(json.dumps(content))
        store.save_artifact(run, Path(file_name), file_name)
    return run


def test_a_sweep_is_remembered_with_its_runs(any_store: ApiStore, name: str) -> None:
    opened = start_sweep(any_store, name, {"task": "m:C"}, [{"point": {"a": 1}, "reason": "upstream", "run_id": "x"}])
    run_ids = {commit(any_store, name, key, tags={sweep_tag(name): "[{}]"}).run_id for key in ("1-a", "1-b")}
    commit(any_store, name, "1-c", tags={sweep_tag(f"{name}2"): "[{}]"})
    sweep = any_store.sweep(name)
    assert sweep is not None
    assert (sweep.name, sweep.run.run_id, sweep.document) == (name, opened.run_id, {"task": "m:C"})
    assert sweep.blocked == (Blocked({"a": 1}, "upstream", "x"),)
    assert {run.run_id for run in sweep.runs} == run_ids


def test_sweeps_are_named_the_latest_first(any_store: ApiStore, name: str) -> None:
    names = [f"{name}-{letter}.x_y" for letter in "abc"]
    for start, sweep in enumerate(names):
        create_run(any_store, name, 1000 + start, {Tag.KIND: Kind.SWEEP, Tag.NAME: sweep})
    assert [found for found in any_store.sweep_names() if found.startswith(name)] == names[::-1]
    assert any_store.sweep(f"{name}-missing") is None


def test_what_mlflow_cannot_hold_is_shortened_and_says_so(any_store: ApiStore, name: str) -> None:
    long = "x" * 9000
    params = {f"p{number}": str(number) for number in range(120)} | {"long": long, "k" * 300: "1", "é@\n": "2"}
    tags = {f"t{number}": str(number) for number in range(150)} | {"long": long, "k" * 300: "1", "é@\n": "2"}
    opened = any_store.start_run(name, "n" * 300, tags=tags, params=params)
    any_store.log(opened.run_id, tags={f"u{number}": long for number in range(120)})
    run = any_store.run(opened.run_id)
    for held, limit in ((run.params, 6000), (run.tags, 8000)):
        assert len(held["long"]) <= limit
        assert "9000 characters, sha256" in held["long"]
        assert sum(key.startswith("k" * 200) and len(key) <= 250 for key in held) == 1
        assert held["é__"] == "2"
    assert len(run.params) == 123
    assert [run.tags[f"t{number}"] for number in range(150)] == [str(number) for number in range(150)]
    assert all("9000 characters" in run.tags[f"u{number}"] for number in range(120))


def test_two_thousand_metrics_are_written(any_store: ApiStore, name: str) -> None:
    run_id = any_store.start_run(name, "", tags={}).run_id
    many = [MetricPoint(f"m{number}", number, 0, 1) for number in range(1000)]
    curve = [MetricPoint("curve", step / 7, step, step) for step in range(1000)]
    any_store.log(run_id, metrics=many + curve, tags={"after": "1"})
    run = any_store.run(run_id)
    assert run.metrics == {f"m{number}": float(number) for number in range(1000)} | {"curve": 999 / 7}
    assert run.tags["after"] == "1"


def test_tags_come_off_a_run_also_of_one_that_is_over(any_store: ApiStore, name: str) -> None:
    run_id = commit(any_store, name, "1-a", tags={"a": "1", "b/2": "2", "c": ""}).run_id
    for _ in range(2):
        any_store.untag(run_id, ["a", "b/2", "never there"])
    run = any_store.run(run_id)
    assert (run.key, run.tags["c"]) == ("1-a", "")
    assert {"a", "b/2"}.isdisjoint(run.tags)


def test_what_was_made_from_a_result_is_taken_back_with_it_and_counts_again(any_store: ApiStore, name: str) -> None:
    key, used = f"{name}-a", f"{name}-b"
    first, second = (commit(any_store, name, key).run_id for _ in range(2))
    user = commit(any_store, name, used, tags={upstream_tag("it"): key}).run_id
    what = to_invalidate(any_store, [any_store.run(first)], downstream=True)
    assert what.runs[0].run_id == user
    invalidate(any_store, what, "bad")
    assert any_store.results([name]) == []
    assert [any_store.run(run_id).invalidated for run_id in (first, second, user)] == ["invalidated: bad"] * 3
    undo(any_store, to_restore(any_store, [any_store.run(second)], downstream=True))
    assert {result.run_id for result in any_store.results([name])} == {first, second, user}


def test_a_store_tells_which_results_stand_for_the_points_of_a_sweep(any_store: ApiStore, name: str) -> None:
    label, longer = sweep_tag(name), sweep_tag(f"{name}2")
    alone = commit(any_store, name, "1-a", tags={label: '[{"a":1}]'})
    shared = commit(any_store, name, "1-b", tags={label: '[{"a":2},{"a":3}]', f"{label}/2": '[{"a":4}]'})
    old = commit(any_store, name, "1-c", tags={label: '[{"a":1}]', Tag.SUPERSEDED: "x"})
    gone = commit(any_store, name, "1-d", tags={label: "[]", longer: '[{"a":5}]'})
    any_store.start_run(name, "", tags={label: '[{"a":6}]'})
    found = {one.run_id: (one.key, one.forms) for one in any_store.standing(name)}
    assert found == {
        alone.run_id: ("1-a", ('{"a":1}',)),
        shared.run_id: ("1-b", ('{"a":2}', '{"a":3}', '{"a":4}')),
        old.run_id: ("1-c", ('{"a":1}',)),
        gone.run_id: ("1-d", ()),
    }


def test_what_is_written_singly_is_there_at_once_and_may_be_written_twice(
    any_store: ApiStore, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ASYNC_LOGGING", "true")
    run_id = any_store.start_run(name, "", tags={"a": "1"}, params={"x": "y" * 7000}).run_id
    for value in ("2", "3", "3"):
        any_store.log(run_id, tags={"a": value})
        assert any_store.run(run_id).tags["a"] == value
    for _ in range(2):
        any_store.log(run_id, metrics=[MetricPoint("loss", math.inf, 3, 1000)], params={"z": "1"}, tags={"b": "4"})
        run = any_store.run(run_id)
        assert (run.metrics, run.params["z"], run.tags["b"]) == ({"loss": math.inf}, "1", "4")
    assert any_store.curves([run_id], "loss") == {run_id: {3: math.inf}}
    assert 0 < len(run.params["x"]) <= 6000


def test_a_sweep_is_renamed_removed_and_restored(any_store: ApiStore, name: str) -> None:
    new = f"{name}.new"
    opened = start_sweep(any_store, name, {"name": name})
    any_store.end_run(opened.run_id, RunStatus.FINISHED)
    run_id = commit(any_store, name, "1-a", tags={sweep_tag(name): "[{}]", f"{sweep_tag(name)}/2": "[]"}).run_id
    rename(any_store, name, new)
    sweep = any_store.sweep(new)
    assert sweep is not None
    assert (sweep.document, sweep.run.name) == ({"name": new}, f"sweep {new}")
    assert [run.run_id for run in sweep.runs] == [run_id]
    assert any_store.sweep(name) is None
    remove(any_store, new)
    assert (any_store.sweep(new), any_store.runs_with(sweep_tag(new))) == (None, [])
    restore(any_store, new)
    assert any_store.sweep(new) == dataclasses.replace(sweep, run=any_store.run(opened.run_id))


def test_a_value_that_changes_is_the_last_one_written(any_store: ApiStore, name: str) -> None:
    run_id = any_store.start_run(name, "", tags={"a": "1"}).run_id
    any_store.log(run_id, tags={"a": "2"}, metrics=[MetricPoint("m", 9.0, 0, 1), MetricPoint("m", 1.0, 1, 1)])
    assert any_store.run(run_id).tags["a"] == "2"
    assert any_store.run(run_id).metrics == {"m": 1.0}


def reader_of(store: ApiStore) -> Reader:
    """Return what a report asks: the file itself where the store is read by SQL, else the store."""
    return open_reader(store.uri) if isinstance(store, SqliteStore) else store


def test_experiments_are_named_but_for_deleted_ones_and_that_of_the_drivers(any_store: ApiStore, name: str) -> None:
    names = [f"{name} it's", f"{name} 100 %", f"{name} deleted"]
    for experiment in (*names, DRIVERS_EXPERIMENT):
        gone = any_store.start_run(experiment, "", tags={})
        if experiment == names[-1]:
            client = MlflowClient(any_store.uri)
            client.delete_experiment(client.get_run(gone.run_id).info.experiment_id)
    found = reader_of(any_store).experiment_names()
    assert [experiment for experiment in found if experiment.startswith(name)] == sorted(names[:2])
    assert found == sorted(found)
    assert DRIVERS_EXPERIMENT not in found


def test_the_runs_of_experiments_are_all_but_deleted_ones_oldest_first(any_store: ApiStore, name: str) -> None:
    run_ids = [create_run(any_store, f"{name} {start % 2}", start, {"foreign": "1"}) for start in (3000, 1000, 2000)]
    any_store.end_run(run_ids[0], RunStatus.FAILED)
    create_run(any_store, f"{name} other", 1000, {})
    any_store._client.delete_run(create_run(any_store, f"{name} 0", 1500, {}))
    reader = reader_of(any_store)
    found = reader.runs_in(iter([f"{name} 0", f"{name} 1", f"{name} missing"]))
    assert [(run.run_id, run.start_time) for run in found] == [
        (run_ids[1], 1000),
        (run_ids[2], 2000),
        (run_ids[0], 3000),
    ]
    assert [repr(run) for run in found] == [repr(reader.run(run.run_id)) for run in found]
    assert reader.runs_in([f"{name} missing"]) == reader.runs_in([]) == []


def test_runs_are_found_by_what_their_ids_begin_with(any_store: ApiStore, name: str) -> None:
    run_id = create_run(any_store, name, 1000, {})
    deleted = create_run(any_store, name, 2000, {})
    any_store._client.delete_run(deleted)
    driver = create_run(any_store, DRIVERS_EXPERIMENT, 3000, {})
    reader = reader_of(any_store)
    assert [run.run_id for run in reader.runs_by_id(run_id[:12])] == [run_id]
    assert reader.runs_by_id(run_id) == [reader.run(run_id)]
    for absent in (run_id[:12].upper() + "A", "%", "_" * 12, "it's", deleted, driver):
        assert reader.runs_by_id(absent) == []
    every = reader.runs_by_id("")
    assert run_id in {run.run_id for run in every}
    assert [run.start_time for run in every] == sorted(run.start_time for run in every)


def test_the_runs_of_a_deleted_experiment_are_not_there(any_store: ApiStore, name: str) -> None:
    client = MlflowClient(any_store.uri)
    client.delete_experiment(client.get_run(any_store.start_run(name, "", tags={}).run_id).info.experiment_id)
    assert reader_of(any_store).runs_in([name]) == []


@pytest.mark.parametrize("more", [0, FEW_KEYS], ids=["few", "many"])
def test_the_earliest_result_with_each_key_is_found(any_store: ApiStore, name: str, more: int) -> None:
    first, twice = f"1-{name}a", f"1-{name}b"
    one = commit(any_store, name, first, accuracy=0.5).run_id
    commit(any_store, name, twice, ended=3000)
    early = min(commit(any_store, f"{name} elsewhere", twice, ended=2000).run_id for _ in range(2))
    commit(any_store, name, twice, ended=1000, tags={Tag.SUPERSEDED: early})
    any_store._client.delete_run(commit(any_store, name, twice, ended=1000).run_id)
    running = f"1-{name}c"
    any_store.start_run(name, "", tags={Tag.KEY: running})
    keys = iter([first, twice, running, *(f"1-{name}-{number}" for number in range(more))])
    reader = reader_of(any_store)
    found = reader.results_by_key(keys)
    assert {key: run.run_id for key, run in found.items()} == {first: one, twice: early}
    assert found[first] == reader.run(one)
    assert reader.results_by_key([]) == {}


def test_any_number_of_keys_and_runs_can_be_asked_for(store: ApiStore) -> None:
    key = f"1-{0:064}"
    run_id = commit(store, "fit", key, accuracy=0.5).run_id
    reader = open_reader(store.uri)
    assert reader.results_by_key(f"1-{number:064}" for number in range(100_000)).keys() == {key}
    assert reader.curves([*(f"{number:032}" for number in range(100_000)), run_id], "accuracy") == {run_id: {0: 0.5}}


def test_a_curve_has_the_first_value_of_each_step_in_order(any_store: ApiStore, name: str) -> None:
    run_id = any_store.start_run(name, "", tags={}).run_id
    values = {30: 0.3, -1: math.nan, 2: math.inf, 1: -math.inf, 10**12: 1 / 3}
    points = [
        MetricPoint("accuracy", value, step, 1000 + number) for number, (step, value) in enumerate(values.items())
    ]
    again = [MetricPoint("accuracy", value, 30, timestamp) for value, timestamp in ((0.1, 3000), (9.0, 2000))]
    any_store.log(run_id, metrics=[*again, *points, MetricPoint("loss", 1.0, 0, 1)])
    other = any_store.start_run(name, "", tags={}).run_id
    any_store.log(other, metrics=[MetricPoint("accuracy", 0.9, 0, 1)])
    without = any_store.start_run(name, "", tags={}).run_id
    found = reader_of(any_store).curves(iter([run_id, other, without]), "accuracy")
    assert found.keys() == {run_id, other}
    assert list(found[run_id].items()) == [
        (-1, pytest.approx(math.nan, nan_ok=True)),
        (1, -math.inf),
        (2, math.inf),
        (30, 0.3),
        (10**12, 1 / 3),
    ]
    assert found[other] == {0: 0.9}
    assert reader_of(any_store).curves([], "accuracy") == {}


def test_a_run_says_which_data_were_logged_as_its_input(any_store: ApiStore, name: str) -> None:
    run_id = any_store.start_run(name, "", tags={}).run_id
    logged = [("train's set", "bb"), ("train's set", "aa"), ("test", "cc")]
    inputs = [
        DatasetInput(Dataset(called, digest, "local", '{"uri": "data.csv"}'), [InputTag("context", "train")])
        for called, digest in logged
    ]
    for _ in range(2):
        any_store._client.log_inputs(run_id, datasets=inputs)
    without = any_store.start_run(name, "", tags={}).run_id
    reader = reader_of(any_store)
    assert reader.run(run_id).data == {"test": "cc", "train's set": "aa,bb"}
    assert {run.run_id: bool(run.data) for run in reader.runs_in([name])} == {run_id: True, without: False}


def test_the_files_of_a_run_are_named(any_store: ApiStore, name: str, tmp_path: Path) -> None:
    run = any_store.start_run(name, "", tags={})
    kept = ["a.csv", "deep/er/a.csv", "deep/z.txt", "with space/ü-1.csv"]
    for artifact in reversed(kept):
        path = tmp_path / Path(artifact).name
        path.write_text("1")
        any_store.save_artifact(run, path, artifact)
    reader = reader_of(any_store)
    assert reader.artifact_names(reader.run(run.run_id)) == kept
    assert reader.artifact_names(reader.run(any_store.start_run(name, "", tags={}).run_id)) == []


def test_artifacts_are_let_go_but_for_the_log_and_a_run_is_deleted_with_all_it_has(
    any_store: ApiStore, name: str, tmp_path: Path
) -> None:
    run = any_store.run(commit(any_store, name, "1-a", m=1.0).run_id)
    for artifact, content in (("model.bin", "123"), ("deep/er/a.csv", "4567"), (LOG_ARTIFACT, "log")):
        path = tmp_path / Path(artifact).name
        path.write_text(content, encoding="ascii")
        any_store.save_artifact(run, path, artifact)
    sizes = any_store.artifact_sizes(run)
    assert sizes == {"model.bin": 3, "deep": 4, LOG_ARTIFACT: 3}
    let_go(any_store, run, [one for one in sizes if one != LOG_ARTIFACT], "dropped")
    assert any_store.artifact_names(run) == [LOG_ARTIFACT]
    assert [(one.run_id, one.has_artifacts) for one in any_store.results([name])] == [(run.run_id, False)]
    delete(any_store, any_store.run(run.run_id), "not needed")
    assert any_store.artifact_sizes(run) == {}
    assert (any_store.results([name]), any_store.runs_in([name])) == ([], [])
    any_store._client.restore_run(run.run_id)
    assert any_store.run(run.run_id).metrics == {"m": 1.0}


def test_a_result_that_can_be_read_goes_before_one_that_cannot(any_store: ApiStore, name: str) -> None:
    first, second = (commit(any_store, name, f"{name}-a", ended=ended).run_id for ended in (1000, 2000))
    assert (found := Index(any_store).find(f"{name}-a", name))
    assert found.run_id == first
    any_store.log(first, tags={Tag.ARTIFACTS: "dropped"})
    assert (found := Index(any_store).find(f"{name}-a", name))
    assert found.run_id == second


def test_a_check_up_finds_nothing_wrong(any_store: ApiStore) -> None:
    found = [*examine(any_store.uri)]
    assert not [one for one in found if one.level in (Level.PROBLEM, Level.AWAY)]
    assert {"versions", "store", "clock", "artifacts", "drivers", "unrecorded"} <= {one.check for one in found}


def test_no_more_than_a_thousand_files_are_named(store: ApiStore, tmp_path: Path) -> None:
    run = store.start_run("fit", "", tags={})
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(MOST_ARTIFACTS + 5):
        (folder / f"{number:05}").touch()
    store.save_artifact(run, folder, "many")
    assert store.artifact_names(store.run(run.run_id)) == [f"many/{number:05}" for number in range(MOST_ARTIFACTS)]


def test_a_store_that_is_not_there_yet_has_nothing(tmp_path: Path) -> None:
    reader = open_reader(sqlite_uri(tmp_path / "none" / "mlflow.db"))
    assert reader.experiment_names() == reader.runs_in(["fit"]) == reader.sweep_names() == []
    assert reader.runs_by_id("abcd") == []
    assert reader.results_by_key(["1-a"]) == reader.curves(["a"], "accuracy") == {}
    assert not (tmp_path / "none").exists()


def test_the_readers_of_one_file_agree(store_uri: str, name: str) -> None:
    store, api = open_store(store_uri), ApiStore(store_uri)
    start_sweep(store, name, {"a": [1]})
    for number, value in enumerate([0.5, math.nan, math.inf, -math.inf]):
        commit(
            store, name, f"1-{number}", tags={sweep_tag(name): "[{}]", "odd": AWKWARD[number]}, accuracy=value, loss=1
        )
    reader = open_reader(store_uri)
    assert isinstance(reader, SqlReader)
    questions: list[Callable[[Any], Any]] = [
        lambda one: sorted(map(repr, one.results([name], metrics=["accuracy", "loss"]))),
        lambda one: [repr(run) for run in one.runs_with(sweep_tag(name))],
        lambda one: [repr(run) for run in one.runs_with("odd", "it's")],
        lambda one: sorted(map(repr, one.standing(name))),
        lambda one: one.sweep_names(),
        lambda one: repr(one.sweep(name)),
        lambda one: one.experiment_names(),
        lambda one: list(map(repr, one.runs_in([name, f"{name} experiment"]))),
        lambda one: list(map(repr, one.runs_by_id(one.runs_in([name])[0].run_id[:8]))),
        lambda one: sorted(map(repr, one.results_by_key(["1-0", "1-3"]).items())),
        lambda one: repr(sorted(one.curves([run.run_id for run in one.runs_in([name])], "accuracy").items())),
    ]
    for question in questions:
        assert question(reader) == question(api) == question(store)


def test_a_task_keeps_its_artifacts_on_a_server(server_uri: str) -> None:
    class Upstream(MlflowTask):
        class Meta:
            mlflow_artifact_fnames = {"text": "deep/text.txt"}  # noqa: RUF012

        def _run(self) -> None:
            print("said on a server")  # noqa: T201
            self.save_to_mlflow({"text": ("hello", lambda text, path: Path(path).write_text(text))}, {"accuracy": 0.5})

    class Downstream(MlflowTask):
        fails = False

        def requires(self) -> Any:
            return Upstream()

        def _run(self) -> None:
            text = Path(self.input()["text"].path).read_text()
            self.save_to_mlflow(metrics={"length": len(text)})
            if self.fails:
                raise ValueError("too bad")

    server = open_store(server_uri)
    with use(Context(server, Index(server), labels={Tag.DRIVER: "none"})) as context:
        Upstream().run()
        Downstream.fails = True
        with pytest.raises(ValueError, match="too bad"):
            Downstream().run()
        Downstream.fails = False
        Downstream().run()
    with use(Context(context.store, Index(server))):
        assert Downstream().complete()
        run = Upstream().search_for_mlflow_run()
    assert run is not None
    assert run.info.artifact_uri.startswith("mlflow-artifacts:/")
    failed, _ = server.runs_with(Tag.TASK, server.run(run.info.run_id).tags[Tag.TASK].replace("Upstream", "Downstream"))
    for record, said in ((server.run(run.info.run_id), "said on a server"), (failed, "ValueError: too bad")):
        assert record.tags[Tag.LOG] == LOG_ARTIFACT
        assert said in server.artifact(record, LOG_ARTIFACT).read_text()


def test_the_dead_of_any_store_are_buried(any_store: ApiStore) -> None:
    dead = register(any_store, dataclasses.replace(Process.current(), started=1.0), beat=time.time())
    lost = claim(any_store, f"1-{dead}", dead)
    bury_the_dead(any_store)
    assert (any_store.run(lost).status, any_store.run(dead).status) == (RunStatus.KILLED, RunStatus.KILLED)


def test_the_log_of_a_task_whose_process_was_killed_is_kept_as_far_as_it_was_written(
    any_store: ApiStore, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    key = f"1-{name}"
    opened = any_store.start_run(name, "", tags={Tag.CLAIM: key, Tag.DRIVER: "me"})
    scratch = Path(tempfile.mkdtemp(prefix=f"sweeper-{opened.run_id}-"))
    log = spool_path(opened.artifact_uri) or scratch / LOG_ARTIFACT
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text("epoch 1\n", encoding="utf-8")
    assert close_lost(any_store, key, "me", "timed out after 3 s", RunStatus.FAILED) == opened.run_id
    run = any_store.run(opened.run_id)
    assert (run.status, run.tags[Tag.LOG]) == (RunStatus.FAILED, LOG_ARTIFACT)
    assert any_store.artifact(run, LOG_ARTIFACT).read_text(encoding="utf-8") == "epoch 1\n"
    assert not scratch.exists()
