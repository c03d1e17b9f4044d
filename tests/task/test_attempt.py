"""One attempt: the order of its commit, its metrics, and its log."""

# ruff: noqa: RUF012, T201 (Meta's dicts are read once; tasks print)

from __future__ import annotations

import logging
import math
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import luigi
import numpy as np
import pytest
from mlflow.tracking import MlflowClient
from optuna import TrialPruned

from sweeper import MlflowTask
from sweeper.errors import StoreError, TaskError
from sweeper.store.api import ApiStore
from sweeper.store.records import LOG_ARTIFACT, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.task import key_of
from sweeper.task.checkpoint_place import checkpoint_folders
from sweeper.task.context import Context
from sweeper.task.pruning import is_prune
from tests.task.test_base import is_known_to_a_newcomer, metrics_of, only_run, read, write_text


class Work(MlflowTask):
    """Save an artifact, a curve and a metric."""

    class Meta:
        mlflow_artifact_fnames = {"text": "text.txt"}

    seed: int = luigi.IntParameter(default=0)

    def _run(self) -> None:
        print("working")
        self.log_metric("loss", 0.5, step=3)
        self.save_to_mlflow({"text": ("hello", write_text)}, {"accuracy": 1.0})


STEPS: dict[str, tuple[str, Callable[..., bool]]] = {
    "create the run": ("create_run", lambda *_, **__: True),
    "log its params": ("log_param", lambda *_, **__: True),
    "save an artifact": ("save_artifact", lambda *_, **__: True),
    "log its metrics": ("log_batch", lambda *_, metrics=(), **__: bool(metrics)),
    "set its key": ("log_batch", lambda *_, tags=(), **__: any(tag.key == Tag.KEY for tag in tags)),
    "end it": ("set_terminated", lambda _, status=None, *__, **___: status == "FINISHED"),
}


@pytest.fixture(params=STEPS)
def broken_step(request: pytest.FixtureRequest, context: Context, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the store be away at one step of a commit, and at each after it."""
    method, is_meant = STEPS[request.param]
    owner: Any = context.store if method == "save_artifact" else context.store._client
    working = getattr(owner, method)
    is_away = threading.Event()

    def fail(*args: Any, **kwargs: Any) -> Any:
        if is_away.is_set() or is_meant(*args, **kwargs):
            is_away.set()
            raise StoreError("the store is away")
        return working(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(owner, method, fail)
        yield request.param


def test_a_fault_at_any_step_of_the_commit_leaves_no_result(context: Context, broken_step: str) -> None:
    with pytest.raises(StoreError, match="away"):
        Work().run()
    assert not is_known_to_a_newcomer(Work())
    for run in context.store.runs_with(Tag.KIND, Kind.TASK):
        assert run.key is None
        assert run.status is not RunStatus.FINISHED


def test_what_a_fault_left_behind_does_not_stand_in_the_way(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(context.store, "end_run", lambda *_: (_ for _ in ()).throw(StoreError("away")))
        with pytest.raises(StoreError):
            Work().run()
    Work().run()
    assert is_known_to_a_newcomer(Work())


def test_the_key_comes_after_everything_else_and_the_status_after_the_key(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    for method in ("start_run", "save_artifact", "log", "end_run"):
        original = getattr(ApiStore, method)

        def noted(*args: Any, original: Any = original, method: str = method, **kwargs: Any) -> Any:
            order.append("key" if Tag.KEY in (kwargs.get("tags") or ()) else method)
            return original(*args, **kwargs)

        monkeypatch.setattr(ApiStore, method, noted)
    Work().run()
    assert order == ["start_run", "log", "save_artifact", "key", "end_run"]


def test_a_fault_while_the_surroundings_are_made_ends_the_run(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: Any, **__: Any) -> Any:
        raise OSError("no space left on device")

    monkeypatch.setattr("sweeper.task.attempt.captured", no_room)
    with pytest.raises(OSError, match="no space"):
        Work().run()
    assert only_run(context).status is RunStatus.FAILED
    assert only_run(context).reason == "OSError: no space left on device"


def test_an_interrupted_attempt_is_killed_with_the_reason(context: Context) -> None:
    class Interrupted(MlflowTask):
        def _run(self) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Interrupted().run()
    assert (only_run(context).status, only_run(context).reason) == (RunStatus.KILLED, "interrupted")


def test_a_long_reason_is_one_short_line(context: Context) -> None:
    class Wordy(MlflowTask):
        def _run(self) -> None:
            raise ValueError("much\n" * 1000)

    with pytest.raises(ValueError, match="much"):
        Wordy().run()
    reason = only_run(context).reason
    assert reason.startswith("ValueError: much much much")
    assert len(reason) <= 500
    assert "\n" not in reason


def test_a_curve_is_kept_whole_and_in_order(context: Context) -> None:
    class Curve(MlflowTask):
        def _run(self) -> None:
            for step in range(1200):
                self.log_metric("loss", 1 / (step + 1), step)

    Curve().run()
    history = MlflowClient(context.store.uri).get_metric_history(only_run(context).run_id, "loss")
    assert sorted((point.step, point.value) for point in history) == [(step, 1 / (step + 1)) for step in range(1200)]
    assert metrics_of(Curve()) == {"loss": 1 / 1200}


@pytest.mark.parametrize("steps", [range(5), range(5, 0, -1), [0, 0, 0], [-3]], ids=str)
def test_what_is_saved_is_the_last_word_on_a_metric_that_has_a_curve(context: Context, steps: Any) -> None:
    class Curve(MlflowTask):
        def _run(self) -> None:
            for step in steps:
                self.log_metric("accuracy", 0.9, step)
            self.save_to_mlflow(metrics={"accuracy": 0.5})

    Curve().run()
    assert metrics_of(Curve()) == {"accuracy": 0.5}


def test_a_metric_saved_again_has_the_later_value(context: Context) -> None:
    class Twice(MlflowTask):
        def _run(self) -> None:
            for value in (0.9, 0.1, 0.5):
                self.save_to_mlflow(metrics={"accuracy": value})

    Twice().run()
    assert metrics_of(Twice()) == {"accuracy": 0.5}


def test_a_report_goes_under_the_name_of_the_sweeps_metric(context: Context) -> None:
    class Reporting(MlflowTask):
        def _run(self) -> None:
            self.report(0.25, step=1)
            self.report(0.75, step=2)

    context.metric = "accuracy"
    Reporting().run()
    assert metrics_of(Reporting()) == {"accuracy": 0.75}


class Listener:
    """Hears what is reported, and says when it is enough."""

    def __init__(self, enough: float = math.inf) -> None:
        self.heard: list[tuple[float, int]] = []
        self._enough = enough

    def report(self, value: float, step: int) -> None:
        """Remember a value."""
        self.heard.append((value, step))
        if step >= self._enough:
            raise TrialPruned(f"pruned at step {step}")


class Reports(MlflowTask):
    """Report some values, one a step."""

    values: tuple[Any, ...] = luigi.ListParameter(default=(0.25, 0.5, 0.75))

    def _run(self) -> None:
        (self.checkpoint_dir / "state").touch()
        for step, value in enumerate(self.values, 1):
            self.report(value, step)


def test_whoever_listens_hears_what_is_reported(context: Context) -> None:
    context.reporter = listener = Listener()
    Reports().run()
    assert listener.heard == [(0.25, 1), (0.5, 2), (0.75, 3)]


def test_a_listener_hears_plain_numbers(context: Context) -> None:
    class Numbers(MlflowTask):
        def _run(self) -> None:
            self.report(np.array([0.5], dtype=np.float32), np.int64(3))  # type: ignore[arg-type]

    context.reporter = listener = Listener()
    Numbers().run()
    assert repr(listener.heard) == "[(0.5, 3)]"


def test_what_is_no_number_is_not_reported(context: Context) -> None:
    context.reporter = listener = Listener()
    with pytest.raises(TaskError, match="metric 'objective' is no number: 'high'"):
        Reports(values=("high",)).run()
    assert listener.heard == []


def test_a_pruned_attempt_is_killed_with_the_reason_and_keeps_what_it_came_to(context: Context) -> None:
    context.reporter = Listener(enough=2)
    with pytest.raises(TrialPruned):
        Reports().run()
    run = only_run(context)
    assert (run.status, run.reason, run.tags[Tag.PRUNED]) == (RunStatus.KILLED, "pruned at step 2", "yes")
    assert run.metrics == {"objective": 0.5}
    assert Tag.KEY not in run.tags
    assert not is_known_to_a_newcomer(Reports())


def test_another_attempt_goes_on_where_a_pruned_one_was(context: Context) -> None:
    context.reporter = Listener(enough=2)
    with pytest.raises(TrialPruned):
        Reports().run()
    ((key, folder),) = checkpoint_folders(context.store)
    assert key == key_of(Reports())
    assert (folder / "files" / "state").exists()
    context.reporter = None
    Reports().run()
    assert is_known_to_a_newcomer(Reports())
    assert not folder.exists()


@pytest.mark.parametrize(("words", "reason"), [((), "pruned"), (("no\nbetter",), "no better")])
def test_a_task_may_prune_itself_with_or_without_a_word(words: Any, reason: str, context: Context) -> None:
    class Modest(MlflowTask):
        def _run(self) -> None:
            raise TrialPruned(*words)

    with pytest.raises(TrialPruned):
        Modest().run()
    assert (only_run(context).status, only_run(context).reason) == (RunStatus.KILLED, reason)
    assert Tag.LOG not in only_run(context).tags, "there is no traceback to keep"


def test_nobody_is_taken_to_prune_where_optuna_was_never_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_prune(TrialPruned())
    monkeypatch.delitem(sys.modules, "optuna.exceptions")
    assert not is_prune(TrialPruned())


@pytest.mark.parametrize(
    ("value", "held"),
    [(np.float32(0.5), 0.5), (np.int64(2), 2.0), (np.array([0.5]), 0.5), (True, 1.0), (math.nan, math.nan)],
    ids=repr,
)
def test_a_metric_is_any_one_number(context: Context, value: Any, held: float) -> None:
    class Measured(MlflowTask):
        def _run(self) -> None:
            self.save_to_mlflow(metrics={"accuracy": value})

    Measured().run()
    assert only_run(context).metrics["accuracy"] == pytest.approx(held, nan_ok=True)


def log_of(context: Context) -> str:
    """Return the log of the one run."""
    return context.store.artifact(only_run(context), LOG_ARTIFACT).read_text(encoding="utf-8")


class Loud(MlflowTask):
    """Say something in every way there is."""

    fails: bool = luigi.BoolParameter(default=False)

    def _run(self) -> None:
        print("by stdout ü")
        print("by stderr", file=sys.stderr)
        self.logger.info("by the task's logger")
        logging.getLogger("a.library").warning("by a library's logger")
        if self.fails:
            raise ValueError("by an exception")


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_task_says_is_kept_with_its_run(context: Context, *, fails: bool) -> None:
    try:
        Loud(fails=fails).run()
    except ValueError:
        assert fails
    log = log_of(context)
    said = [
        "by stdout ü",
        "by stderr",
        "INFO sweeper.task.Loud: by the task's logger",
        "WARNING a.library: by a library's logger",
    ]
    assert [text for text in said if text not in log] == []
    assert only_run(context).tags[Tag.LOG] == LOG_ARTIFACT
    assert ("Traceback" in log, "ValueError: by an exception" in log, "in _run" in log) == (fails, fails, fails)


def test_what_a_task_says_is_still_seen(context: Context, capsys: pytest.CaptureFixture[str]) -> None:
    Loud().run()
    seen = capsys.readouterr()
    assert "by stdout" in seen.out
    assert "by stderr" in seen.err


def test_what_is_said_outside_of_a_task_is_not_in_its_log(context: Context) -> None:
    print("before")
    Loud().run()
    print("after")
    logging.getLogger("a.library").warning("after")
    assert "before" not in log_of(context)
    assert "after" not in log_of(context)


def test_a_task_that_says_nothing_has_no_log(context: Context) -> None:
    class Silent(MlflowTask):
        def _run(self) -> None:
            pass

    Silent().run()
    assert not context.store.artifact(only_run(context), LOG_ARTIFACT).exists()
    assert Tag.LOG not in only_run(context).tags


def test_an_attempt_leaves_no_files_behind(context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    Work().run()
    with pytest.raises(ValueError, match="exception"):
        Loud(fails=True).run()
    assert list(scratch.iterdir()) == []
    assert read(Work().output()["text"]) == "hello"
