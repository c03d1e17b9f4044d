"""The list of sweeps: how far each is, the best that it has come to, how long ago."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from sweeper.points import Count
from sweeper.report.accounts.listing import Listed, listing_document, listing_text, sweeps
from sweeper.report.accounts.standing import Best, Progress, SweepStanding, best_of, progress_of, standing_of
from sweeper.report.moments import ago, clock
from sweeper.report.sources.outcomes import outcomes
from sweeper.store.base import Reader
from sweeper.store.host import Process
from sweeper.store.records import RunRecord, RunStatus, SweepRecord
from sweeper.store.tags import Tag
from tests.report.records import learning_rates, pareto, run, study, sweep
from tests.report.stores import by_client, filled

HEAD = 'task = "m:T"\nmetric = "accuracy"\n'


@pytest.fixture(scope="module")
def reader(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return filled(tmp_path_factory.mktemp("store"), template)


class Drivers:
    """A store that has only drivers."""

    def __init__(self, *, is_alive: bool) -> None:
        self._is_alive = is_alive

    def run(self, run_id: str) -> RunRecord:
        """Return the record of a driver: this process, or one that ended."""
        tags = {Tag.PROCESS: Process.current().to_json(), Tag.BEAT: "0"}
        return replace(run({}), run_id=run_id, status=_status(self._is_alive), tags=tags)


def _status(is_alive: bool) -> RunStatus:  # noqa: FBT001
    return RunStatus.RUNNING if is_alive else RunStatus.FINISHED


def stands(record: SweepRecord, status: RunStatus, *, is_alive: bool = False) -> SweepStanding:
    return standing_of(cast("Reader", Drivers(is_alive=is_alive)), replace(record.run, status=status), outcomes(record))


def finished(toml: str, values: Sequence[float]) -> SweepRecord:
    return sweep(toml, [run({"x": x, "seed": 0}, metrics={"accuracy": value}) for x, value in enumerate(values)])


def test_real_sweeps_are_listed_the_newest_first(reader: Reader) -> None:
    every = [*sweeps(reader)]
    assert [(one.name, one.kind, one.standing) for one in every] == [
        ("endings", "grid", SweepStanding.INCOMPLETE),
        ("scaled", "grid", SweepStanding.COMPLETE),
        ("rates", "grid", SweepStanding.COMPLETE),
    ]
    lines = listing_text(every, every[0].last + 90_000).splitlines()
    assert lines[0].split() == ["sweep", "task", "kind", "done", "failed", "best", "state", "last", "run"]
    words = [" ".join(line.split()) for line in lines[2:]]
    assert words[0] == "endings Trouble grid 1 of 2 1 score 0.000 incomplete 90 s ago"
    assert words[2].startswith("rates Fit grid 6 of 6 0 score 4.010 (n=3) complete ")


def test_the_client_lists_what_sql_lists(reader: Reader) -> None:
    assert [*sweeps(by_client(reader))] == [*sweeps(reader)]


def test_json_has_every_number_in_full(reader: Reader) -> None:
    document = json.loads(json.dumps(listing_document([*sweeps(reader)]), allow_nan=False))
    assert document[2] == {
        "sweep": "rates",
        "task": "tests.pipelines.chain:Fit",
        "kind": "grid",
        "state": "complete",
        "done": 6,
        "total": 6,
        "is_exact": True,
        "failed": 0,
        "blocked": 0,
        "metric": "score",
        "best": pytest.approx(4.01),
        "n": 3,
        "front": 0,
        "last": document[2]["last"],
    }


def test_a_sweep_without_a_spec_on_the_record_is_listed(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    original = type(reader).sweep
    monkeypatch.setattr(type(reader), "sweep", lambda self, name: replace(original(self, name), document={}, runs=()))
    one = next(sweeps(reader))
    assert (one.name, one.kind, one.progress, one.best) == ("endings", "", None, None)
    assert json.loads(json.dumps(listing_document([one])))[0]["kind"] is None
    assert "endings" in listing_text([one], one.last)


def test_a_running_sweep_runs_while_its_driver_lives() -> None:
    assert stands(learning_rates(), RunStatus.RUNNING, is_alive=True) is SweepStanding.RUNNING
    assert stands(learning_rates(), RunStatus.RUNNING) is SweepStanding.INTERRUPTED


def test_a_sweep_that_was_stopped_is_interrupted_unless_all_was_done() -> None:
    whole = finished(HEAD + "[grid]\nx = [0, 1]\nseed = [0]\n", [0.1, 0.2])
    assert stands(whole, RunStatus.KILLED) is SweepStanding.COMPLETE
    assert stands(learning_rates(), RunStatus.KILLED) is SweepStanding.INTERRUPTED
    assert stands(learning_rates(), RunStatus.FAILED) is SweepStanding.INCOMPLETE
    assert stands(learning_rates(), RunStatus.FINISHED) is SweepStanding.INCOMPLETE


def test_a_study_is_complete_once_its_trials_are_over_or_its_time() -> None:
    assert stands(study(), RunStatus.KILLED) is SweepStanding.INTERRUPTED
    assert stands(study(), RunStatus.FINISHED) is SweepStanding.COMPLETE
    assert stands(pareto(), RunStatus.KILLED) is SweepStanding.COMPLETE


def test_progress_counts_points_of_a_grid_and_trials_of_a_study() -> None:
    assert progress_of(outcomes(learning_rates())) == Progress(8, Count(12, is_exact=True), 1, 1)
    assert progress_of(outcomes(study())) == Progress(7, Count(12, is_exact=True), 1, 1)


def test_the_best_is_the_best_mean_over_replicates() -> None:
    best = best_of(outcomes(learning_rates()))
    assert best == Best("accuracy", pytest.approx(0.9712), 3)


@pytest.mark.parametrize(("direction", "expected"), [("maximize", 0.3), ("minimize", 0.1)])
def test_the_best_is_what_the_direction_makes_it(direction: str, expected: float) -> None:
    record = finished(f'{HEAD}direction = "{direction}"\n[grid]\nx = [0, 1, 2]\nseed = [0]\n', [0.2, 0.1, 0.3])
    assert best_of(outcomes(record)) == Best("accuracy", expected, 1)


def test_the_best_of_a_study_keeps_its_constraints() -> None:
    assert best_of(outcomes(study())) == Best("accuracy", 0.95, 2)


def test_several_objectives_have_a_front_and_no_best() -> None:
    best = best_of(outcomes(pareto()))
    assert best == Best("accuracy, seconds", None, 0, 3)


def test_without_a_result_nothing_is_best() -> None:
    assert best_of(outcomes(sweep(HEAD))) is None


def test_nothing_that_a_store_holds_reaches_the_terminal_as_it_is() -> None:
    bad = "a\x1b[2J\n\u202e"
    progress = Progress(1, Count(1_000_000, is_exact=False), 2, 3)
    one = Listed(bad, f"m:{bad}", "grid", SweepStanding.RUNNING, progress, Best(bad, 0.5, 1), 0)
    text = listing_text([one], 0)
    assert len(text.splitlines()) == 3
    assert all(line.isprintable() for line in text.splitlines())
    assert "1 of at most 1,000,000" in text
    assert "2, 3 blocked" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s ago"),
        (0, "0 s ago"),
        (119, "119 s ago"),
        (120, "2 min ago"),
        (7199, "119 min ago"),
        (7200, "2 h ago"),
        (47 * 3600, "47 h ago"),
        (48 * 3600, "2 d ago"),
        (729 * 86400, "729 d ago"),
        (730 * 86400, "2 years ago"),
    ],
)
def test_ages_are_told_in_the_unit_that_says_most(seconds: int, words: str) -> None:
    assert ago(1_000_000_000, 1_000_000_000 + 1000 * seconds) == words


def test_a_moment_that_no_calendar_has_is_told_as_a_number() -> None:
    assert clock(10**18) == str(10**18)
    assert clock(0).startswith(("1970-01-01", "1969-12-31"))
