"""What fails is tried again as the spec says, and counts once: as a result, or as a failure that names the attempts."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from sweeper import retries as retries_module
from sweeper.engine.base import lineage
from sweeper.policy import Policy
from sweeper.report.sources.outcomes import outcomes
from sweeper.search.base import PointState
from sweeper.session import EngineName
from sweeper.spec.retry import Retry
from sweeper.store import open_reader
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from tests.pipelines.flaky import Unavailable
from tests.sweeping import Recorder, Swept, running, runs, sweep

PIPELINE = "tests.pipelines.flaky"


def spec(task: str, body: str) -> str:
    return f'task = "{PIPELINE}:{task}"\nmetric = "score"\n{body}\n'


def flaky(body: str, uri: str, **options: object) -> Swept:
    return sweep(spec("Flaky", body), uri, **options)  # type: ignore[arg-type]


def test_nothing_is_tried_again_unless_the_spec_says_so(store_uri: str):
    swept = flaky("[fixed]\nfailures = 1", store_uri)
    assert swept.states == {"failed": 1}
    assert swept.reasons == {"": "Unavailable: try later"}
    assert len(runs(store_uri)) == 1


def test_a_task_that_fails_twice_has_a_result_at_the_third_attempt(store_uri: str):
    swept = flaky("[retry]\nattempts = 3\n[fixed]\nfailures = 2\n[grid]\nnumber = [0, 1]", store_uri)
    assert (swept.states, swept.summary.exit_code) == ({"computed": 2}, 0)
    assert [outcome.value for outcome in swept.outcomes] == [3.0, 3.0]
    first = [run for run in runs(store_uri) if run.params["number"] == "0"]
    assert [run.status for run in first] == [RunStatus.FAILED, RunStatus.FAILED, RunStatus.FINISHED]
    assert [run.tags.get(Tag.ATTEMPT) for run in first] == [None, "2", "3"]
    assert swept.messages[0] == "Flaky failed: Unavailable: try later; trying again now, attempt 2 of 3"
    assert running(store_uri) == []


def test_a_point_that_was_tried_again_counts_once_in_the_record(store_uri: str):
    flaky("[retry]\nattempts = 2\n[grid]\nfailures = [0, 1, 2]", store_uri)
    record = open_reader(store_uri).sweep("sweep")
    assert record is not None
    cells = outcomes(record).cells
    assert [cell.state.value for cell in cells] == ["finished", "finished", "failed"]
    assert cells[2].reason == "Unavailable: try later (after 2 attempts)"


def test_what_is_exhausted_fails_once_with_the_number_of_attempts(store_uri: str):
    swept = flaky("[retry]\nattempts = 3\n[fixed]\nfailures = 9", store_uri)
    assert swept.states == {"failed": 1}
    assert swept.reasons == {"": "Unavailable: try later (after 3 attempts)"}
    assert [run.reason for run in runs(store_uri)][-1] == "Unavailable: try later (after 3 attempts)"
    assert len(runs(store_uri)) == 3


@pytest.mark.parametrize(
    "name",
    ["ConnectionError", "OSError", f"{PIPELINE}:Unavailable", f"{PIPELINE}.Unavailable", "tests.pipelines:Unavailable"],
)
def test_an_exception_is_named_by_its_class_or_a_base_in_its_module_or_a_package_around(name: str):
    assert Retry(on=(name,)).covers(lineage(Unavailable))


@pytest.mark.parametrize("name", ["TimeoutError", "other:Unavailable", "tests.pipe:Unavailable"])
def test_an_exception_of_another_name_or_place_is_not_meant(name: str):
    assert not Retry(on=(name,)).covers(lineage(Unavailable))


def test_every_exception_is_meant_unless_some_are_named_and_an_exit_is_none():
    assert Retry().covers(lineage(Unavailable))
    assert not Retry().covers(lineage(SystemExit))
    assert Retry(on=("SystemExit",)).covers(lineage(SystemExit))


def test_after_other_exceptions_than_those_that_are_named_nothing_is_tried_again(store_uri: str):
    flaky('[retry]\nattempts = 3\non = ["TimeoutError", "ValueError"]\n[fixed]\nfailures = 9', store_uri)
    assert len(runs(store_uri)) == 1


def test_a_broken_contract_is_not_tried_again(store_uri: str):
    flaky('[retry]\nattempts = 3\n[fixed]\nfailures = 9\nending = "contract"', store_uri)
    assert len(runs(store_uri)) == 1


def test_a_class_has_a_rule_of_its_own(store_uri: str):
    text = spec("OnShared", "[retry]\nattempts = 1\n[retry.Shared]\nattempts = 2\n[fixed]\nfailures = 1")
    assert sweep(text, store_uri).states == {"computed": 1}


def test_what_is_required_is_tried_again_once_for_all_that_wait(store_uri: str):
    text = spec("OnShared", "[retry]\nattempts = 3\n[fixed]\nfailures = 2\n[grid]\nnumber = { range = [40] }")
    swept = sweep(text, store_uri)
    assert swept.states == {"computed": 40}
    assert len(runs(store_uri, "shared")) == 3
    assert len(swept.messages) == 2


def test_an_upstream_task_without_a_result_in_the_end_blocks(store_uri: str):
    text = spec("OnShared", "[retry]\nattempts = 2\n[fixed]\nfailures = 9\n[grid]\nnumber = [1, 2]")
    swept = sweep(text, store_uri)
    assert swept.states == {"blocked": 2}
    assert set(swept.reasons.values()) == {"Shared failed: Unavailable: try later (after 2 attempts)"}


def test_other_points_go_on_while_one_waits(store_uri: str):
    body = "[retry]\nattempts = 2\ndelay = 0.7\n[grid]\nfailures = [1, 0]\nnumber = { range = [3] }"
    swept = flaky(body, store_uri)
    assert [outcome.point["failures"] for outcome in swept.outcomes] == [0, 0, 0, 1, 1, 1]


def test_nobody_waits_longer_than_told_for_a_lone_retry(store_uri: str):
    swept = flaky("[retry]\nattempts = 2\ndelay = 0.3\n[fixed]\nfailures = 1", store_uri)
    first, second = runs(store_uri)
    assert first.end_time is not None
    assert 300 <= second.start_time - first.end_time < 3000
    assert swept.states == {"computed": 1}


def test_so_many_points_wait_that_no_more_are_asked_for(store_uri: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(retries_module, "MOST_WAITING", 2)
    text = spec("OnShared", "[retry]\nattempts = 2\n[fixed]\nfailures = 1\n[grid]\nnumber = { range = [70] }")
    assert sweep(text, store_uri).states == {"computed": 70}


def test_fail_fast_means_a_failure_for_good(store_uri: str):
    body = "[retry]\nattempts = 2\n[grid]\nfailures = [1, 9, 0]"
    swept = flaky(body, store_uri, policy=Policy(fail_fast=True))
    assert swept.states["failed"] == 1
    assert swept.reasons == {"failures=9": "Unavailable: try later (after 2 attempts)"}


class InterruptingWhenNoticed(Recorder):
    """Presses Ctrl-C a moment after the first notice."""

    def noticed(self, message: str) -> None:
        super().noticed(message)
        if len(self.messages) == 1:
            threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_ctrl_c_does_not_wait_for_a_retry_and_running_again_tries_it(store_uri: str):
    began = time.monotonic()
    body = "[retry]\nattempts = 2\ndelay = 600\n[fixed]\nfailures = 1"
    swept = flaky(body, store_uri, listener=InterruptingWhenNoticed())
    assert time.monotonic() - began < 60
    assert (swept.states, swept.summary.exit_code) == ({}, 130)
    assert running(store_uri) == []
    assert flaky(body, store_uri).states == {"computed": 1}


def test_a_lost_worker_is_counted_apart(store_uri: str):
    body = "[retry]\nattempts = 1\nlost = 1\n[fixed]\nending = 'lost'\n[grid]\nfailures = [1, 9]"
    swept = flaky(body, store_uri, engine=EngineName.LOCAL)
    killed = "the worker process was killed by SIGKILL; out of memory?"
    assert swept.states == {"computed": 1, "failed": 1}
    assert swept.reasons == {"failures=9": f"{killed} (after 2 attempts)"}
    lost, *_ = runs(store_uri)
    assert (lost.status, lost.reason) == (RunStatus.FAILED, killed)
    log = open_reader(store_uri).artifact(lost, lost.tags[Tag.LOG]).read_text(encoding="utf-8")
    assert log == "attempt 1\n"


def test_a_trial_is_told_once_and_its_pruner_hears_the_last_attempt_alone(store_uri: str):
    body = '[retry]\nattempts = 2\n[fixed]\nfailures = 1\n[study]\ntrials = 3\nsampler = "random"\npruner = "median"\n'
    swept = sweep(spec("Learning", f"{body}[study.space]\nnumber = {{ int = [0, 9] }}"), store_uri)
    assert swept.reasons == {}
    assert {outcome.state for outcome in swept.outcomes} <= {PointState.COMPUTED, PointState.PRUNED, PointState.REUSED}
    assert len(swept.outcomes) == 3
    record = open_reader(store_uri).sweep("sweep")
    assert record is not None
    for trial in record.trials:
        assert trial.told is not None
        assert min(trial.told.steps.values()) >= 0


def test_delays_grow_up_to_the_longest():
    retry = Retry(delay=2, backoff=3, max_delay=30)
    assert [retry.seconds_after(failures) for failures in (1, 2, 3, 4, 1000)] == [2, 6, 18, 30, 30]
