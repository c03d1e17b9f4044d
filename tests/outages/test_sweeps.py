"""Whole sweeps while the tracking server, or the database, is away."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from mlflow.store.db import utils

from sweeper.errors import StoreAway
from sweeper.session import EngineName
from sweeper.store import open_reader, open_store
from sweeper.store.locate import sqlite_path
from sweeper.store.patience import VARIABLE
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.store.unrecorded import homes, kept
from tests.chaos.scale import at_scale
from tests.outages.proxy import Fault, Proxy, Request
from tests.pipelines.ledger import noted
from tests.sweeping import Recorder, sweep

if TYPE_CHECKING:
    from tests.chaos.tally import Tally

MODULE = "tests.pipelines.ledger"


def spec(name: str, weights: str = "[1, 2, 3, 4]", *, waits: bool = False) -> str:
    """Return a grid of weights, of which all share one task."""
    fixed = f'[fixed]\nname = "{name}"\nwaits = {str(waits).lower()}\n'
    return f'task = "{MODULE}:Weigh"\nmetric = "score"\n{fixed}[grid]\nweight = {weights}\n'


def results(uri: str, name: str) -> list[RunRecord]:
    """Return the results of the final task under a name."""
    return [run for run in open_reader(uri).runs_in(["weigh"]) if run.key and run.params["name"] == name]


def assert_whole(uri: str, name: str, weights: list[int]) -> None:
    """Hold that each point has one result, with all that belongs to it, and nothing runs any more."""
    reader = open_reader(uri)
    found = results(uri, name)
    assert sorted(int(run.params["weight"]) for run in found) == weights
    for run in found:
        assert run.metrics["score"] == 7 * int(run.params["weight"])
        assert reader.curves([run.run_id], "loss")[run.run_id] == {0: 1.0, 1: 0.5, 2: 1 / 3}
        assert reader.artifact(run, "deep/weighed.txt").read_text(encoding="utf-8") == str(int(run.metrics["score"]))
    left = reader.runs_with(Tag.KIND, Kind.TASK, status=RunStatus.RUNNING)
    assert [run for run in left if run.params.get("name") == name] == []
    assert noted() == sorted(["draw", *(f"weigh {weight}" for weight in weights)]), "each was computed once"


@pytest.mark.parametrize("engine", [EngineName.INLINE, EngineName.LOCAL])
def test_a_server_that_restarts_in_mid_sweep_costs_a_wait(engine: EngineName, proxy: Proxy, name: str, tally: Tally):
    restarts = iter([9, 30, 60])
    due = next(restarts)

    def restart(request: Request) -> Fault | None:
        nonlocal due
        if request.number >= due:
            due = next(restarts, 1_000_000)
            threading.Thread(target=proxy.close_for, args=(0.7,)).start()
            return Fault.DROPPED
        return None

    proxy.fault = restart
    recorder = Recorder()
    swept = sweep(spec(name), proxy.uri, name=name, engine=engine, listener=recorder)
    assert swept.states == {"computed": 4}
    assert any("trying again" in message for message in recorder.messages)
    assert any("answers again" in message for message in recorder.messages)
    assert_whole(proxy.uri, name, [1, 2, 3, 4])
    tally.faults("a tracking server: restarted in mid-sweep", 3)


def test_a_server_that_fails_every_fifth_request_does_no_harm(proxy: Proxy, name: str, tally: Tally):
    kinds = [Fault.ERROR, Fault.TOO_MANY, Fault.ANSWER_LOST, Fault.DROPPED, Fault.UNAVAILABLE]
    proxy.fault = lambda request: kinds[request.number // 5 % 5] if request.number % 5 == 0 else None
    assert sweep(spec(name), proxy.uri, name=name).states == {"computed": 4}
    assert_whole(proxy.uri, name, [1, 2, 3, 4])
    tally.faults("a tracking server: every fifth request", len(proxy.injected))


@pytest.mark.parametrize("engine", [EngineName.INLINE, EngineName.LOCAL])
def test_what_was_computed_when_the_server_went_for_good_is_recorded_by_the_next_run(
    engine: EngineName, proxy: Proxy, name: str, monkeypatch: pytest.MonkeyPatch, tally: Tally
):
    monkeypatch.setenv(VARIABLE, "1.5")
    text = spec(name, "[1, 2]", waits=True)

    go_when_begun(proxy)
    recorder = Recorder()
    with pytest.raises(StoreAway, match=r"1 result is kept on this machine, and recorded by the next run"):
        sweep(text, proxy.uri, name=name, engine=engine, listener=recorder)
    assert any("nothing more is started" in message for message in recorder.messages)
    assert noted() == ["draw", "weigh 1"]
    assert len([*kept(proxy.uri)]) == 1
    proxy.open()
    swept = sweep(text, proxy.uri, name=name)
    assert swept.states == {"computed": 1, "reused": 1}
    assert "1 result that an earlier run could not record: recorded" in swept.messages
    assert [*kept(proxy.uri)] == []
    assert_whole(proxy.uri, name, [1, 2])
    tally.faults("a tracking server: gone for good")


def test_a_task_whose_own_call_the_store_did_not_answer_is_tried_again(
    proxy: Proxy, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    back = threading.Timer(1.5, proxy.open)
    go_when_begun(proxy, back.start)
    text = f'task = "{MODULE}:Fluent"\nmetric = "score"\n[fixed]\nname = "{name}"\n[grid]\nweight = [1]\n'
    swept = sweep(text, proxy.uri, name=name)
    back.join()
    assert swept.states == {"computed": 1}
    assert noted() == ["fluent 1", "fluent 1"]
    assert any("trying again" in message and "attempt 2" in message for message in swept.messages)


def go_when_begun(proxy: Proxy, then: Callable[[], None] = lambda: None) -> None:
    """Take the server away once a task has begun, and let that one go on."""

    def go() -> None:
        wait_for("begun-1")
        proxy.close()
        Path("go-on").touch()
        then()

    threading.Thread(target=go).start()


def wait_for(file: str) -> None:
    """Wait until a file is there."""
    while not Path(file).exists():
        threading.Event().wait(0.02)


@contextlib.contextmanager
def locked(uri: str) -> Iterator[None]:
    """Have the database locked for writing by somebody else while the context lasts."""
    path = sqlite_path(uri)
    assert path is not None
    with contextlib.closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_a_database_that_another_program_locks_for_long_costs_a_wait(
    store_uri: str, name: str, tally: Tally, monkeypatch: pytest.MonkeyPatch
):
    """MLflow itself waits 20 s for a lock: at full scale only."""
    patience = at_scale("200", "20000")
    text_of = utils.sql.text
    monkeypatch.setattr(utils, "sql", SimpleNamespace(text=lambda words: text_of(words.replace("20000", patience))))
    text = spec(name, "[1, 2]", waits=True)
    over = threading.Event()

    def lock() -> None:
        wait_for("begun-1")
        with locked(store_uri):
            Path("go-on").touch()
            over.wait(at_scale(2, 60))

    thread = threading.Thread(target=lock)
    thread.start()
    swept = sweep(text, store_uri, name=name)
    thread.join()
    assert swept.states == {"computed": 2}
    assert any("database is locked" in message and "trying again" in message for message in swept.messages)
    assert_whole(store_uri, name, [1, 2])
    tally.faults("the database is locked by another program")


def test_a_kept_result_is_dropped_if_it_has_been_made_again(
    proxy: Proxy, server_uri: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    """Another machine cannot see what is kept here."""
    monkeypatch.setenv(VARIABLE, "0")
    text = spec(name, "[1]", waits=True)

    go_when_begun(proxy)
    with pytest.raises(StoreAway):
        sweep(text, proxy.uri, name=name)
    monkeypatch.delenv(VARIABLE)
    [place] = kept(proxy.uri)
    assert sweep(text, server_uri, name=name).states == {"computed": 1}
    proxy.open()
    swept = sweep(text, proxy.uri, name=name)
    assert swept.states == {"reused": 1}
    assert "1 result that an earlier run could not record: dropped: they have been made again" in swept.messages
    assert not place.exists()
    assert len(results(server_uri, name)) == 1


@pytest.mark.parametrize("damage", ["no json", "escaping", "link"])
def test_a_damaged_record_is_said_and_left_alone(damage: str, store_uri: str, name: str, tmp_path: Path):
    home = homes(store_uri)[0]
    place = home / "0123456789abcdef0123456789abcdef"
    place.mkdir(parents=True)
    match damage:
        case "no json":
            (place / "record.json").write_text("{", encoding="utf-8")
        case "escaping":
            run = {"run_id": "a", "experiment": "e", "artifact_uri": "u", "start_time": 1}
            record = {"run": run, "key": "k", "ended": 1, "metrics": [], "tags": {}, "replaces": []}
            (place / "record.json").write_text(json.dumps({**record, "artifacts": ["../../x"]}), encoding="utf-8")
        case "link":
            (place / "record.json").symlink_to(tmp_path / "elsewhere")
    swept = sweep(spec(name, "[1]"), store_uri, name=name)
    assert swept.states == {"computed": 1}
    assert any("cannot be recorded" in message for message in swept.messages)
    assert place.exists()


def test_patience_is_a_number_of_seconds(monkeypatch: pytest.MonkeyPatch, store_uri: str, name: str):
    from sweeper.errors import InputError

    monkeypatch.setenv(VARIABLE, "a while")
    with pytest.raises(InputError, match=f"{VARIABLE}=a while: is no number of seconds"):
        sweep(spec(name, "[1]"), store_uri, name=name)
    open_store(store_uri)
