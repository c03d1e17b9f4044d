"""Sweeps that are renamed or removed: all of their record goes along, whenever that is cut short."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from sweeper.errors import InputError
from sweeper.housekeeping.remove import remove, restore
from sweeper.housekeeping.rename import rename
from sweeper.report.sources import reading
from sweeper.report.tables.formats import render
from sweeper.report.tables.table import answer
from sweeper.store import open_reader
from sweeper.store.assignments import encode, forms
from sweeper.store.driver import Driver
from sweeper.store.host import Process
from sweeper.store.records import DRIVERS_EXPERIMENT, RunStatus
from sweeper.store.tags import Kind, Tag, sweep_tag
from tests.chaos.scale import at_scale
from tests.housekeeping.test_invalidate import GRID, command
from tests.sweeping import counts, runs, sweep
from tests.test_study import STUDY, told_of, trial_runs

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore


class Cut(BaseException):
    """The process is killed."""


def killed_after(
    store: ApiStore, patch: pytest.MonkeyPatch, writes: int, change: Callable[..., object], *names: str
) -> bool:
    """Change a sweep's name, and be killed before one more than so many writes; return whether that was."""
    left = writes

    def counted(write: Callable[..., Any]) -> Callable[..., Any]:
        def written(*arguments: Any, **options: Any) -> Any:
            nonlocal left
            left -= 1
            if left < 0:
                raise Cut
            return write(*arguments, **options)

        return written

    with patch.context() as here:
        for name in ("log", "_untag", "save_artifact"):
            here.setattr(store, name, counted(getattr(store, name)))
        try:
            change(store, *names)
        except Cut:
            return True
    return False


def table(uri: str, name: str) -> str:
    """Return the table of a sweep without its title."""
    return render(answer(reading.STANDARD, reading.read(open_reader(uri), [name]))).partition("\n")[2]


def test_a_renamed_sweep_is_the_same_under_another_name(store: ApiStore):
    sweep(GRID, store.uri)
    sweep(GRID, store.uri, name="other")
    before = table(store.uri, "sweep")
    assert rename(store, "sweep", "better") == 4
    assert {*open_reader(store.uri).sweep_names()} == {"better", "other"}
    assert table(store.uri, "better") == table(store.uri, "other") == before
    record = open_reader(store.uri).sweep("better")
    assert record is not None
    assert (record.run.name, record.document["name"]) == ("sweep better", "better")
    assert not any(tag in run.tags for run in runs(store.uri) for tag in (sweep_tag("sweep"), Tag.RENAMING))
    assert sweep(GRID, store.uri, name="better").states == {"reused": 4}
    assert sweep(GRID, store.uri).states == {"reused": 4}, "the old name is free"


def test_a_study_goes_on_under_its_new_name(store: ApiStore):
    sweep(STUDY, store.uri)
    before = told_of(store.uri)
    rename(store, "sweep", "better")
    assert told_of(store.uri, "better") == before
    assert {run.name.split()[0] for run in trial_runs(store.uri)} == {"better"}
    assert sweep(STUDY.replace("trials = 8", "trials = 9"), store.uri, name="better").states == {"computed": 1}


def test_a_list_of_points_that_needs_several_tags_is_renamed_whole(store: ApiStore):
    sweep(GRID, store.uri)
    run = runs(store.uri, "fit")[0]
    many = [f'{{"rate":{number}}}' for number in range(2000)]
    store.log(run.run_id, tags=encode("sweep", many))
    rename(store, "sweep", "better")
    tags = store.run(run.run_id).tags
    assert sorted(forms("better", tags)) == sorted(many)
    assert not any(tag.startswith(sweep_tag("sweep")) for tag in tags)


@pytest.fixture
def small(store: ApiStore) -> str:
    """The table of the sweep ``sweep``, which has run."""
    sweep(GRID + "\n[[exclude]]\nseed = 1\n", store.uri)
    return table(store.uri, "sweep")


def test_a_renaming_that_is_killed_leaves_one_whole_sweep_and_is_gone_on_with(
    store: ApiStore, small: str, monkeypatch: pytest.MonkeyPatch
):
    """Each round kills it one write later, and finishes it; the next goes back to the old name."""
    old, new = "sweep", "better"
    for writes in range(0, 100, at_scale(3, 1)):
        if not killed_after(store, monkeypatch, writes, rename, old, new):
            break
        (name,) = open_reader(store.uri).sweep_names()
        assert table(store.uri, name) == small
        assert name == old or writes > 2
        if writes:
            for one in (old, new):
                with pytest.raises(InputError, match=f"cut short; finish it first: sweeper rename {old} {new}"):
                    sweep(GRID, store.uri, name=one)
            with pytest.raises(InputError, match="cut short"):
                rename(store, old, "third")
            with pytest.raises(InputError, match="cut short"):
                remove(store, name)
        rename(store, old, new)
        assert open_reader(store.uri).sweep_names() == [new]
        assert table(store.uri, new) == small
        old, new = new, old
    assert writes > 8, "it was killed at every write"
    assert open_reader(store.uri).runs_with(Tag.RENAMING) == []


def test_a_removed_sweep_is_no_sweep_and_its_results_stay(store: ApiStore):
    sweep(GRID, store.uri)
    sweep(GRID, store.uri, name="other")
    before = table(store.uri, "other")
    assert remove(store, "sweep") == 4
    assert open_reader(store.uri).sweep_names() == ["other"]
    assert table(store.uri, "other") == before
    assert not any(sweep_tag("sweep") in run.tags for run in runs(store.uri))
    assert sweep(GRID, store.uri).states == {"reused": 4}
    assert counts(store.uri) == {"collect": 1, "scale": 1, "fit": 4}
    with pytest.raises(InputError, match="there is another sweep sweep by now"):
        restore(store, "sweep")


def test_a_study_begins_afresh_under_a_name_that_was_removed(store: ApiStore):
    sweep(STUDY, store.uri)
    remove(store, "sweep")
    assert "going on from" not in " ".join(sweep(STUDY, store.uri).messages)
    assert len(told_of(store.uri)) == 8


def test_a_removal_is_undone(store: ApiStore, small: str):
    remove(store, "sweep")
    with pytest.raises(InputError, match="has no sweep sweep"):
        remove(store, "sweep")
    assert restore(store, "sweep") == 2
    assert table(store.uri, "sweep") == small
    with pytest.raises(InputError, match="no sweep sweep was removed"):
        restore(store, "sweep")


def test_a_removal_that_is_killed_leaves_the_sweep_or_none_and_is_gone_on_with(
    store: ApiStore, small: str, monkeypatch: pytest.MonkeyPatch
):
    for writes in range(100):
        was_cut = killed_after(store, monkeypatch, writes, remove, "sweep")
        for name in open_reader(store.uri).sweep_names():
            assert table(store.uri, name) == small
        if not was_cut:
            break
        if writes:
            with pytest.raises(InputError, match="cut short; finish it first: sweeper remove sweep"):
                sweep(GRID, store.uri)
        remove(store, "sweep")
        assert open_reader(store.uri).sweep_names() == []
        killed_after(store, monkeypatch, writes, restore, "sweep")
        assert {*open_reader(store.uri).sweep_names()} <= {"sweep"}
        if open_reader(store.uri).runs_with(Tag.RENAMING) or not open_reader(store.uri).sweep_names():
            restore(store, "sweep")
        assert table(store.uri, "sweep") == small
    assert writes > 4, "it was killed at every write"


def test_a_name_is_not_changed_while_a_sweeper_is_at_it(store: ApiStore, small: str):
    driver = Driver(store, at="sweep")
    for change in (lambda: rename(store, "sweep", "better"), lambda: remove(store, "sweep")):
        with pytest.raises(InputError, match=r"is at sweep; wait for it, or: sweeper stop sweep --wait"):
            change()
    driver.close()
    assert rename(store, "sweep", "better") == 2, "nothing was begun"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["rename", "swep", "better"], "has no sweep swep; did you mean sweep?"),
        (["rename", "sweep", "sweep"], "is its name already"),
        (["rename", "sweep", "a/b"], "a sweep's name has 1 to 100 letters"),
        (["remove", "swep"], "has no sweep swep; did you mean sweep?"),
        (["remove", "sweep"], "say it by --yes"),
        (["remove", "sweep", "--undo"], "no sweep sweep was removed here"),
        (["stop", "swep"], "has no sweep swep; did you mean sweep?"),
    ],
)
def test_what_cannot_be_is_refused(arguments: list[str], words: str, swept_uri: str) -> None:
    code, text = command(*arguments, uri=swept_uri)
    assert code == 2
    assert words in text


def test_nothing_to_stop_is_said(swept_uri: str) -> None:
    assert command("stop", "sweep", uri=swept_uri) == (1, "no sweeper is at sweep: there is nothing to stop\n")


def test_the_commands_say_what_they_did(store: ApiStore, small: str):
    code, text = command("rename", "sweep", "better", uri=store.uri)
    assert (code, text.splitlines()[0]) == (0, "sweep is better now, with the 2 runs that stand for its points")
    assert 'name = "better"' in text
    assert command("remove", "better", "--dry-run", uri=store.uri) == (
        0,
        "better: 2 runs stand for its points; they stay\n",
    )
    assert command("remove", "better", "--yes", uri=store.uri)[0] == 0
    assert command("list", uri=store.uri) == (0, "no sweeps yet; run one: sweeper run SPEC\n")
    assert command("remove", "better", "--undo", uri=store.uri)[0] == 0
    assert open_reader(store.uri).sweep_names() == ["better"]


def test_a_store_that_is_not_there_is_not_made(tmp_path):
    for words in (["rename", "a", "b"], ["remove", "a"], ["stop", "a"], ["invalidate", "a", "--all"]):
        code, text = command(*words, uri=f"sqlite:///{tmp_path}/none.db")
        assert code in (2, 3), text
    assert not (tmp_path / "none.db").exists()


def test_a_driver_is_asked_once_for_each_way_to_end(store: ApiStore):
    asked: list[tuple[str, bool]] = []
    driver = Driver(store, at="sweep", by_itself=False)
    store.log(driver.run_id, tags={Tag.STOP: "ada on earth"})
    driver.keep_up()
    driver.heed(lambda who, is_now: asked.append((who, is_now)))
    driver.keep_up()
    store.log(driver.run_id, tags={Tag.STOP_NOW: "bob on mars"})
    driver.keep_up()
    driver.keep_up()
    assert asked == [("ada on earth", False), ("bob on mars", True)]
    driver.close()


def test_the_dead_are_not_asked(store: ApiStore, small: str):
    tags = {Tag.KIND: Kind.DRIVER, Tag.AT: "sweep", Tag.BEAT: "0", Tag.PROCESS: Process("away", "", 1, 0).to_json()}
    run = store.start_run(DRIVERS_EXPERIMENT, "", tags=tags)
    assert command("stop", "sweep", uri=store.uri)[0] == 1
    store.end_run(run.run_id, RunStatus.KILLED)
