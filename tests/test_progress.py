"""What a sweep shows as it goes: plain lines anywhere, a live display in a terminal."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import luigi
import pytest
from rich.console import Console

from sweeper import progress
from sweeper.points import Count, Point
from sweeper.progress import Progress, Tally
from sweeper.search.base import Outcome, PointState
from sweeper.spec import Direction, Spec

SPEC = Spec(name="lr", task="news:Train", metric="accuracy")


def outcome(state: PointState, value: float | None = None, number: int = 0, reason: str = "") -> Outcome:
    return Outcome(Point.of({"rate": number}), state, value, reason=reason, run_id="run1" if reason else "")


def lines(text: str) -> list[str]:
    return text.splitlines()


def plain() -> tuple[Progress, io.StringIO]:
    out = io.StringIO()
    return Progress(Console(file=out, highlight=False, soft_wrap=True)), out


def test_plain_output_is_a_line_at_the_start_and_one_at_the_end():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(2, is_exact=True))
        shown.running([])
        shown.told(outcome(PointState.COMPUTED, 0.5, 1))
        shown.told(outcome(PointState.REUSED, 0.75, 2))
    shown.finished(83.2)
    assert lines(out.getvalue()) == [
        "lr: 2 points of Train",
        "2 of 2 points in 1 min 23 s: 1 computed, 1 reused; best accuracy 0.75 at rate=2",
    ]


def test_plain_output_holds_no_escape_codes_and_takes_brackets_as_they_are():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(1, is_exact=True))
        shown.told(outcome(PointState.FAILED, reason="KeyError: [red]colour[/red]"))
    assert lines(out.getvalue())[1] == "failed rate=0: KeyError: [red]colour[/red] (run run1)"


def test_a_failure_and_a_blocked_point_are_told_at_once_in_one_line_each():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(2, is_exact=True))
        shown.told(outcome(PointState.FAILED, reason="it " + "is long " * 60))
        shown.told(outcome(PointState.BLOCKED, reason="Fetch failed: no"))
    told = lines(out.getvalue())[1:]
    assert [line.split()[0] for line in told] == ["failed", "blocked"]


def test_a_pruned_point_is_counted_and_told_of_in_no_line_of_its_own():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(2, is_exact=True))
        shown.told(outcome(PointState.COMPUTED, 0.5, 1))
        shown.told(outcome(PointState.PRUNED, number=2, reason="pruned at step 3"))
    shown.finished(1.0)
    assert lines(out.getvalue())[1:] == ["2 of 2 points in 1.0 s: 1 computed, 1 pruned; best accuracy 0.5 at rate=1"]


def test_a_long_silence_is_broken_by_a_line(monkeypatch: pytest.MonkeyPatch):
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(5, is_exact=True))
        shown.told(outcome(PointState.COMPUTED, 0.5))
        shown.running([])
        monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
        shown.told(outcome(PointState.COMPUTED, 0.5))
        shown.running([luigi.Task()])
    (line,) = lines(out.getvalue())[1:]
    assert re.fullmatch(r"2 of 5 points \(2 computed\), about .* left; running: 1 Task", line)


def test_a_failure_says_where_its_log_is_from_here():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(1, is_exact=True))
        shown.told(replace(outcome(PointState.FAILED, reason="no"), log=str(Path.cwd() / "results" / "task.log")))
    assert lines(out.getvalue())[1] == "failed rate=0: no (log: results/task.log)"


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr(progress, "LINE_SECONDS", -1.0)
    out = io.StringIO()
    shown = Progress(Console(file=out, force_terminal=True, soft_wrap=True, highlight=False))
    with shown:
        shown.began(SPEC, Count(2, is_exact=True))
        shown.told(outcome(PointState.COMPUTED, 0.5))
        shown.running([])
    assert lines(out.getvalue()) == ["lr: 2 points of Train", "1 of 2 points (1 computed)"]


def test_a_terminal_shows_counts_rate_best_and_what_runs_and_is_left_clean():
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=120, _environ={"TERM": "xterm-256color"})
    shown = Progress(console)
    with shown:
        shown.began(SPEC, Count(3, is_exact=True))
        shown.told(outcome(PointState.COMPUTED, 0.5, 1))
        shown.told(outcome(PointState.REUSED, 0.75, 2))
        assert shown._live is not None
        shown._live.refresh()
    drawn = out.getvalue()
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", drawn)
    assert "2/3" in text
    assert "1 computed, 1 reused" in text
    assert "best accuracy 0.75 at rate=2" in text
    assert drawn.endswith("\x1b[1A\x1b[2K"), "the display takes its lines away"
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1, "the cursor is given back"


def test_the_least_value_is_best_where_the_metric_is_minimized():
    tally = Tally(replace(SPEC, direction=Direction.MINIMIZE))
    for number, value in enumerate([0.5, 0.25, 0.75]):
        tally.add(outcome(PointState.COMPUTED, value, number))
    assert tally.best is not None
    assert tally.best.mean == 0.25


def test_a_point_without_a_result_is_never_best():
    tally = Tally(SPEC)
    tally.add(outcome(PointState.FAILED, 0.9))
    assert tally.best is None
    assert tally.counts() == "1 failed"


def test_time_left_is_promised_once_two_points_were_computed():
    tally = Tally(SPEC)
    tally.expected = Count(10, is_exact=True)
    tally.add(outcome(PointState.REUSED, 1.0))
    tally.add(outcome(PointState.COMPUTED, 1.0))
    assert tally.seconds_left is None
    tally.add(outcome(PointState.COMPUTED, 1.0))
    assert tally.seconds_left is not None
    assert tally.seconds_left >= 0


def test_one_upstream_failure_is_told_once():
    shown, out = plain()
    with shown:
        shown.began(SPEC, Count(3, is_exact=True))
        for number in range(3):
            shown.told(outcome(PointState.BLOCKED, number=number, reason="Fetch failed: no"))
    assert lines(out.getvalue())[1:] == ["blocked rate=0: Fetch failed: no (run run1)"]
