"""What holds for many points: workers that are kept full, and nothing that grows with what is done."""

from __future__ import annotations

from pathlib import Path

import luigi
import pytest

from benchmarks.sleepers import sleep
from sweeper import MlflowTask
from sweeper.engine import process
from sweeper.store.index import Index
from sweeper.store.records import Result
from sweeper.task import context, tasktype
from tests.sweeping import counts


def test_a_thousand_sleepers_keep_sixteen_workers_full_and_are_each_recorded_once(
    tmp_path: Path, store_uri: str
) -> None:
    slept = sleep(tmp_path, store_uri, points=1000, workers=16)
    assert slept.recorded == 1000
    assert counts(store_uri) == {"sleeper": 1000}
    assert slept.ratio < 2, slept


def test_instances_are_not_kept_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasktype, "MOST_INSTANCES", 20)
    made = [Numbered(number=number) for number in range(100)]
    known = tasktype.TaskType._Register__instance_cache  # type: ignore[attr-defined]
    assert len(known) <= 21
    assert Numbered(number=3) == made[3]


def test_a_worker_does_not_keep_the_results_of_all_that_it_has_run(
    context: context.Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "MOST_RESULTS", 5)
    context.index = Index(context.store, live=True)
    for number in range(20):
        context.index.add(Result(f"1-{number}", f"run {number}", "train", "", 0, 0))
        process._forget_results()
    assert len(context.index) <= 6


class Numbered(MlflowTask):
    """Does nothing."""

    number: int = luigi.IntParameter()
