"""Results that are taken back: what the next run computes again, and what it does not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from sweeper.cli import main
from sweeper.housekeeping.invalidate import invalidate, to_invalidate, to_restore, undo
from sweeper.housekeeping.targets import asked_for
from sweeper.report.sources import reading
from sweeper.report.sources.cells import CellState
from sweeper.report.status import status
from sweeper.report.tables.formats import render
from sweeper.report.tables.table import answer
from sweeper.store import open_reader
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.trials import as_known
from tests.sweeping import CHAIN, CURVES, counts, runs, sweep
from tests.test_study import STUDY, Stopping, trials_of

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

GRID = f"""
task = "{CHAIN}:Fit"
metric = "score"
[grid]
rate = [0.1, 0.2]
seed = [0, 1]
"""


def take_back(store: ApiStore, target: str, *where: str, downstream: bool = False, reason: str = "") -> int:
    """Invalidate what a command line says; return how many runs it was."""
    reader = open_reader(store.uri)
    what = to_invalidate(reader, asked_for(reader, target, where, is_all=False), downstream=downstream)
    invalidate(store, what, reason)
    return len(what.runs)


def let_count(store: ApiStore, target: str, *where: str, downstream: bool = False) -> int:
    """Undo that; return how many runs it was."""
    reader = open_reader(store.uri)
    what = to_restore(reader, asked_for(reader, target, where, is_all=False), downstream=downstream)
    undo(store, what)
    return len(what.runs)


def table(uri: str, name: str = "sweep") -> str:
    return render(answer(reading.STANDARD, reading.read(open_reader(uri), [name])))


def states(uri: str, name: str = "sweep") -> Counter[str]:
    return Counter(cell.state.value for cell in reading.read_outcomes(open_reader(uri), name).cells)


def only(uri: str, experiment: str) -> RunRecord:
    """Return the only result of an experiment."""
    (found,) = [run for run in runs(uri, experiment) if run.key]
    return found


def test_the_next_run_computes_again_exactly_what_was_taken_back(store: ApiStore):
    sweep(GRID, store.uri)
    before = table(store.uri)
    assert take_back(store, "sweep", "rate = 0.2", "seed = 1", reason="wrong\nlabels") == 1
    assert states(store.uri) == {CellState.FINISHED: 3, CellState.MISSING: 1}
    assert "invalidated: wrong labels" in status(reading.read_outcomes(open_reader(store.uri)))
    assert take_back(store, "sweep", "rate = 0.2", "seed = 1") == 0, "it is done"
    assert sweep(GRID, store.uri).states == {"reused": 3, "computed": 1}
    assert table(store.uri) == before
    assert counts(store.uri) == {"collect": 1, "scale": 1, "fit": 5}, "nothing was deleted"


def test_what_was_made_from_a_result_stays_unless_it_is_taken_along(store: ApiStore):
    sweep(GRID, store.uri)
    sweep(f'task = "{CHAIN}:Report"\nmetric = "score"\n', store.uri, name="other")
    source = only(store.uri, "collect").run_id
    what = to_invalidate(open_reader(store.uri), [store.run(source)], downstream=False)
    assert (len(what.runs), len(what.downstream)) == (1, 6)
    take_back(store, source[:8])
    assert states(store.uri) == {CellState.FINISHED: 4}
    assert sweep(GRID, store.uri).states == {"reused": 4}

    assert take_back(store, source, downstream=True) == 6, "across sweeps, over tasks in between"
    assert (states(store.uri), states(store.uri, "other")) == ({CellState.MISSING: 4}, {CellState.MISSING: 1})
    assert sweep(GRID, store.uri).states == {"computed": 4}
    assert sweep(f'task = "{CHAIN}:Report"\nmetric = "score"\n', store.uri, name="other").states == {"computed": 1}
    assert counts(store.uri) == {"collect": 2, "scale": 2, "fit": 8, "report": 2}
    assert take_back(store, source, downstream=True) == 0, "what is there now was made from another"


def test_every_result_with_the_key_is_taken_back(store: ApiStore):
    """Else the next of them would take the first one's place."""
    sweep(GRID, store.uri)
    first = only(store.uri, "collect")
    twin = store.start_run("collect", "", tags={**first.tags})
    store.end_run(twin.run_id, RunStatus.FINISHED)
    assert take_back(store, first.run_id) == 2
    assert open_reader(store.uri).results_by_key([first.tags[Tag.KEY]]) == {}


def test_it_can_be_undone_unless_it_was_made_again(store: ApiStore):
    sweep(GRID, store.uri)
    before = table(store.uri)
    source = only(store.uri, "collect").run_id
    take_back(store, "sweep", "rate = 0.2", reason="by hand")
    take_back(store, source, downstream=True, reason="by mistake")
    assert let_count(store, source, downstream=True) == 4, "not what was taken back for another reason"
    assert states(store.uri) == {CellState.FINISHED: 2, CellState.MISSING: 2}
    sweep(GRID + "\n[[exclude]]\nseed = 1\n", store.uri)
    assert let_count(store, "sweep", "rate = 0.2") == 0, "with seed 0 it was made again, seed 1 is no point now"
    sweep(GRID, store.uri)
    assert table(store.uri) == before
    assert all(number == 1 for number in Counter(run.key for run in runs(store.uri) if run.key).values())


def test_what_was_made_again_is_counted_once_and_with_what_was_taken_along(store: ApiStore):
    sweep(GRID, store.uri)
    source = only(store.uri, "collect").run_id
    twin = store.start_run("collect", "", tags={**store.run(source).tags})
    store.end_run(twin.run_id, RunStatus.FINISHED)
    take_back(store, "sweep", "rate = 0.2")
    sweep(GRID, store.uri)
    undone = ("invalidate", "sweep", "--where", "rate = 0.2", "--undo")
    assert command(*undone, uri=store.uri) == (0, "nothing to count again\n2 were made again since\n")
    fresh = next(run for run in runs(store.uri, "fit") if run.key)
    assert command("invalidate", fresh.run_id, "--undo", uri=store.uri) == (0, "nothing to count again\n")

    take_back(store, source, downstream=True, reason="labels")
    sweep(GRID, store.uri)
    code, text = command("invalidate", source, "--downstream", "--undo", uri=store.uri)
    assert (code, text) == (0, "nothing to count again\n6 were made again since\n"), "the source, the scaled, four fits"


def test_what_a_run_superseded_is_no_matter_of_undoing(store: ApiStore):
    sweep(GRID, store.uri)
    old, new, *_ = runs(store.uri, "fit")
    store.log(old.run_id, tags={Tag.SUPERSEDED: new.run_id})
    code, text = command("invalidate", old.run_id, "--undo", uri=store.uri)
    assert (code, text) == (2, f"run {old.run_id} counts no more: run {new.run_id} took its place\n")


def test_a_study_evaluates_again_what_its_trials_rest_on(store: ApiStore):
    sweep(STUDY, store.uri)
    before = [(trial.number, trial.values, trial.told) for trial in trials_of(store.uri)]
    bad = trials_of(store.uri)[2]
    take_back(store, "sweep", f"rate = {bad.values['rate']!r}", reason="a broken disk")
    outcomes = reading.read_outcomes(open_reader(store.uri))
    assert outcomes.study is not None
    assert {standing.value: n for standing, n in outcomes.study.counts.items() if n} == {"complete": 7, "open": 1}
    assert "invalidated: a broken disk" in status(outcomes)
    assert [as_known(trial).told is None for trial in trials_of(store.uri)].count(True) == 1

    swept = sweep(STUDY, store.uri)
    assert swept.states == {"computed": 1}
    assert "1 trial is evaluated again first: results were invalidated" in swept.messages
    after = trials_of(store.uri)
    assert [trial.invalidated for trial in after] == [""] * 8
    assert [(one.number, one.values, one.told and one.told.values) for one in after] == [
        (number, values, told and told.values) for number, values, told in before
    ]


def test_a_study_that_is_cut_off_before_it_has_done_so_does_not_learn_from_them(store: ApiStore):
    sweep(STUDY, store.uri)
    reader = open_reader(store.uri)
    invalidate(store, to_invalidate(reader, asked_for(reader, "sweep", (), is_all=True), downstream=False))
    sweep(STUDY, store.uri, listener=Stopping(1))
    assert [as_known(trial).told is None for trial in trials_of(store.uri)].count(True) >= 6
    assert sweep(STUDY, store.uri).summary.exit_code == 0
    assert all(trial.told and not trial.invalidated for trial in trials_of(store.uri))


def test_undoing_gives_a_study_its_trials_back(store: ApiStore):
    sweep(STUDY, store.uri)
    before = trials_of(store.uri)
    reader = open_reader(store.uri)
    invalidate(store, to_invalidate(reader, asked_for(reader, "sweep", (), is_all=True), downstream=False))
    undo(store, to_restore(reader, asked_for(reader, "sweep", (), is_all=True), downstream=False))
    assert trials_of(store.uri) == before
    assert sweep(STUDY, store.uri).states == {}


PRUNING = f"""
task = "{CURVES}:Curve"
metric = "score"
[study]
trials = 2
pruner = {{ name = "threshold", lower = 0.2 }}
enqueue = [{{ rate = 1.0 }}, {{ rate = 0.01 }}]
[study.space]
rate = {{ float = [1e-3, 1.0], log = true }}
"""


def test_what_a_study_pruned_is_taken_back_too(store: ApiStore):
    sweep(PRUNING, store.uri)
    assert [trial.told and trial.told.state.value for trial in trials_of(store.uri)] == ["pruned", "complete"]
    assert take_back(store, "sweep", "state = pruned") == 1
    assert states(store.uri) == {CellState.MISSING: 1, CellState.FINISHED: 1}
    wider = PRUNING.replace("lower = 0.2", "lower = 0.0")
    assert sweep(wider, store.uri).states == {"computed": 1}
    assert [trial.told and trial.told.state.value for trial in trials_of(store.uri)] == ["complete", "complete"]


def command(*arguments: str, uri: str, answer: str = "") -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it printed."""
    done: Result = CliRunner().invoke(
        main, [*arguments, "--tracking-uri", uri], input=answer, catch_exceptions=False, env={"COLUMNS": "200"}
    )
    return done.exit_code, done.output


def test_the_command_shows_what_it_does_and_does_nothing_unasked(store: ApiStore):
    sweep(GRID, store.uri)
    source = only(store.uri, "collect").run_id
    shown = (
        f"1 result to invalidate\n  Collect  {source[:8]}  size=3\n"
        "5 results made from these stay valid; --downstream takes them along\n"
    )
    assert command("invalidate", source, "--dry-run", uri=store.uri) == (0, shown)
    code, text = command("invalidate", source, uri=store.uri)
    assert (code, text) == (2, f"{shown}nothing was changed: nobody can be asked here; say it by --yes\n")
    assert only(store.uri, "collect")
    code, text = command("invalidate", source, "--yes", "--reason", "bad", uri=store.uri)
    assert (code, text.splitlines()[-1]) == (
        0,
        "1 result marked as invalidated: bad; the next run computes again what it needs of them",
    )
    assert "invalidated: bad" in command("show", source, uri=store.uri)[1]
    code, text = command("invalidate", source, uri=store.uri)
    assert (code, text.splitlines()[0]) == (0, "nothing to invalidate")
    code, text = command("invalidate", source, "--undo", "--yes", uri=store.uri)
    assert (code, text.splitlines()[-1]) == (0, "1 result counts again")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["sweep"], "say which results of it, by --where CONDITION, or else by --all"),
        (["sweep", "--all", "--where", "seed = 1"], "say which results of it"),
        (["sweep", "--where", "sed = 1"], "did you mean seed?"),
        (["swep", "--all"], "--all is about a sweep, and swep is none"),
        (["swep"], "did you mean sweep?"),
        (["0123456789"], "has no run 0123456789"),
        (["sweep", "--all", "--undo", "--reason", "x"], "--undo takes that back"),
    ],
)
def test_what_is_not_said_clearly_is_refused(arguments: list[str], words: str, swept_uri: str) -> None:
    code, text = command("invalidate", *arguments, "--yes", uri=swept_uri)
    assert code == 2
    assert words in text
    assert "Traceback" not in text


def test_what_is_no_result_is_refused(store: ApiStore):
    run = store.start_run("fit", "", tags={Tag.KIND: "task", Tag.CLAIM: "1-a"})
    assert "it is running" in command("invalidate", run.run_id, uri=store.uri)[1]
    store.log(run.run_id, tags={Tag.REASON: "no luck"})
    store.end_run(run.run_id, RunStatus.FAILED)
    code, text = command("invalidate", run.run_id, uri=store.uri)
    assert code == 2
    assert "is no result (failed: no luck); it is computed again in any case" in text
