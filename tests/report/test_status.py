"""The status says where a sweep stands and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.report.sources.outcomes import outcomes
from sweeper.report.status import status
from sweeper.store.records import Blocked, RunStatus, SweepRecord
from sweeper.store.trials import Told, TrialState
from tests.report.records import complete, failed, learning_rates, pareto, pruned, run, study, sweep, trial

if TYPE_CHECKING:
    import pytest

HEAD = 'task = "m:T"\nmetric = "accuracy"\n'
SEARCH = HEAD + "[study]\ntrials = 9\n[study.space]\nx.float = [0, 1]\n"


def told(record: SweepRecord) -> str:
    return status(outcomes(record))


def test_a_finished_sweep_is_one_line() -> None:
    record = sweep(HEAD + "[grid]\nx = [1, 2]\n", [run({"x": 1}, {"x": 2}, metrics={"accuracy": 0.5})])
    assert told(record) == "bert_lr: 2 of 2 points have a result"


def test_every_point_without_a_result_is_told_with_its_reason() -> None:
    golden = Path(__file__).parent / "golden" / "learning_rates.status.txt"
    assert told(learning_rates()) + "\n" == golden.read_text(encoding="utf-8")


def test_every_trial_that_is_not_complete_is_told_with_its_reason() -> None:
    golden = Path(__file__).parent / "golden" / "study.status.txt"
    assert told(study()) + "\n" == golden.read_text(encoding="utf-8")


def test_a_finished_study_is_told_with_what_it_came_to() -> None:
    assert told(pareto()).splitlines() == ["bert_lr: 5 of 5 trials: 5 complete", "on the Pareto front: trials 0, 1, 3"]


def test_trials_that_share_a_reason_are_told_together() -> None:
    end = Told(0, TrialState.FAILED, reason="Fetch failed: no such table")
    trials = [trial(x, {"x": x / 8}, end) for x in range(5)]
    assert told(sweep(SEARCH, trials=trials)).splitlines() == [
        "bert_lr: 5 of 9 trials: 5 failed",
        "",
        "failed",
        "  5 trials: Fetch failed: no such table",
        "    trial 0: x=0.0",
        "    trial 1: x=0.125",
        "    trial 2: x=0.25",
        "    and 2 more",
    ]


def test_points_that_a_complete_trial_lacks_by_now_are_told_and_those_of_others_are_not() -> None:
    trials = [
        trial(0, {"x": 0.5}, complete(0, 1.0)),
        trial(1, {"x": 0.25}, pruned(1, 1)),
        trial(2, {"x": 0.5}, complete(2, 1.0)),
    ]
    runs = [run({"x": 0.5, "seed": 0}, metrics={"accuracy": 1.0})]
    text = told(sweep(f"{SEARCH}[grid]\nseed = [0, 1]\n", runs, trials=trials))
    assert text.endswith("pruned: 1 at step 1\n\nmissing\n  1 point: never ran\n    x=0.5, seed=1")


def test_points_that_share_a_reason_are_told_together_the_most_frequent_first() -> None:
    runs = [failed({"x": x}, "boom" if x else "rare", run_id=f"r{x}") for x in range(6)]
    assert told(sweep(HEAD + "[grid]\nx = { range = [6] }\n", runs)).splitlines() == [
        "bert_lr: 0 of 6 points have a result; 6 failed",
        "",
        "failed",
        "  5 points: boom",
        "    x=1  run r1  /store/a b/artifacts/task.log",
        "    x=2  run r2  /store/a b/artifacts/task.log",
        "    x=3  run r3  /store/a b/artifacts/task.log",
        "    and 2 more",
        "  1 point: rare",
        "    x=0  run r0  /store/a b/artifacts/task.log",
    ]


def test_points_blocked_by_different_runs_are_told_apart() -> None:
    blocked = [Blocked({"x": x}, "Fetch failed", f"up{x % 2}") for x in range(3)]
    text = told(sweep(HEAD + "[grid]\nx = { range = [3] }\n", blocked=blocked))
    assert "  2 points: Fetch failed (run up0)\n" in text
    assert "  1 point: Fetch failed (run up1)\n" in text


def test_a_stopped_attempt_says_why_its_point_is_missing() -> None:
    stopped = run({"x": 1}, status=RunStatus.KILLED, reason="its driver died", run_id="r1")
    text = told(sweep(HEAD + "[grid]\nx = [1]\n", [stopped]))
    assert "missing\n  1 point: its driver died\n    x=1  run r1" in text


def test_a_reason_of_many_lines_takes_one() -> None:
    text = told(sweep(HEAD + "[grid]\nx = [1]\n", [failed({"x": 1}, "line one\nline two\x1b[0m")]))
    assert "  1 point: line one\\nline two\\x1b[0m\n" in text


def test_a_log_below_the_working_directory_is_told_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = sweep(HEAD + "[grid]\nx = [1]\n", [failed({"x": 1}, run_id="r1", artifact_uri=f"file://{tmp_path}/art")])
    monkeypatch.chdir(tmp_path)
    assert told(record).endswith("x=1  run r1  art/task.log")


def test_the_only_point_of_a_sweep_without_parameters_has_a_name() -> None:
    assert told(sweep(HEAD)).endswith("missing\n  1 point: never ran\n    the only point")


def test_results_outside_a_narrowed_spec_and_unlisted_points_are_told() -> None:
    record = sweep(HEAD + "[grid]\nx = { range = [1000000] }\n", [run({"x": -1}, metrics={"accuracy": 1.0})])
    assert told(record).splitlines() == [
        "bert_lr: 0 of 1,000,000 points have a result; 1,000,000 missing",
        "1 result outside the present spec",
        "",
        "missing points that left no trace are counted, not listed",
    ]
