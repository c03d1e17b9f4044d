"""The record of a study's trials: written as tags of runs, read from any store."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sweeper.identity import canonical_json
from sweeper.store import open_reader, open_store
from sweeper.store.api import ApiStore
from sweeper.store.records import DOCUMENT_ARTIFACT, RunRecord, RunStatus
from sweeper.store.tags import PARENT_TAG, Kind, Tag
from sweeper.store.trials import Told, Trial, TrialState, asked_tags, read_trials, told_tags
from sweeper.store.values import MAX_TAG

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sweeper.store.records import OpenRun

NUMBERS = st.floats(allow_nan=False)
VALUES = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | NUMBERS | st.text(max_size=20)
ASSIGNMENTS = st.dictionaries(st.text(max_size=12), VALUES | st.lists(VALUES, max_size=3), max_size=6)
LONG = st.builds(str.__mul__, st.text(min_size=1, max_size=4), st.integers(1000, 4000))
ATTRIBUTES = st.dictionaries(st.text(max_size=12), VALUES | LONG, max_size=3)
COUNTS = st.integers(0, 10**6)

TOLD = st.builds(
    Told,
    order=COUNTS,
    state=st.sampled_from(TrialState),
    values=st.lists(NUMBERS, max_size=3).map(tuple),
    constraints=st.lists(NUMBERS, max_size=3).map(tuple),
    steps=st.dictionaries(st.integers(0, 10**6), NUMBERS | st.just(math.nan), max_size=8),
    attributes=ATTRIBUTES,
    reason=st.text(max_size=20),
    replicates=st.integers(1, 99),
    seconds=st.floats(0, 1e9),
    basis=st.text(max_size=8),
)
TRIALS = st.builds(
    Trial,
    number=COUNTS,
    values=ASSIGNMENTS,
    seen=COUNTS,
    row=st.text(max_size=8),
    attributes=ATTRIBUTES,
    told=st.none() | TOLD,
)


def record(trial: Trial, run_id: str = "run", start_time: int = 0) -> RunRecord:
    """Return the run that a trial is written to."""
    tags = {**asked_tags(trial), **(told_tags(trial.told) if trial.told else {})}
    return RunRecord(run_id, "fit", RunStatus.RUNNING, start_time, None, "", tags=tags)


def form(record: Trial | Told) -> str:
    """Return what is equal for equal records, also where they hold NaN."""
    return canonical_json(asdict(record))


@given(TRIALS)
def test_a_trial_comes_back_as_it_was_and_every_tag_fits(trial: Trial) -> None:
    run = record(trial)
    assert all(len(value) <= MAX_TAG for value in run.tags.values())
    (read,) = read_trials([run])
    assert form(read) == form(replace(trial, run_id="run"))


def test_what_is_too_long_for_one_tag_goes_on_in_others() -> None:
    trial = Trial(0, {"text": "学🦀" * 5000}, seen=0)
    tags = asked_tags(trial)
    assert len(tags) > 1
    assert read_trials([record(trial)])[0].values == trial.values


@given(TOLD, TOLD)
def test_what_is_told_once_more_leaves_nothing_of_what_was_told_before(before: Told, after: Told) -> None:
    asked = record(Trial(0, {}, seen=0))
    tags = {**asked.tags, **told_tags(before), **told_tags(after, replaces=True)}
    (read,) = read_trials([replace(asked, tags=tags)])
    assert read.told is not None
    assert form(read.told) == form(after)


def test_trials_come_by_number() -> None:
    runs = [record(Trial(number, {"x": number}, seen=0)) for number in (2, 0, 10, 1)]
    assert [trial.number for trial in read_trials(runs)] == [0, 1, 2, 10]


def test_of_two_runs_for_one_number_the_first_counts() -> None:
    trial = Trial(0, {"x": 1}, seen=0)
    assert [one.run_id for one in read_trials([record(trial, "a"), record(trial, "b")])] == ["a"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_runs_for_one_number_the_one_that_was_told_of_counts(order: int) -> None:
    trial = Trial(0, {"x": 1}, seen=0)
    told = replace(trial, told=Told(0, TrialState.COMPLETE, (0.5,)))
    runs = [record(trial, "left"), record(told, "told")][::order]
    assert [one.run_id for one in read_trials(runs)] == ["told"]


def test_a_trial_is_feasible_if_it_breaks_no_constraint() -> None:
    told = Told(0, TrialState.COMPLETE)
    assert told.is_feasible
    assert replace(told, constraints=(-1.0, 0.0)).is_feasible
    assert not replace(told, constraints=(-1.0, 5e-324)).is_feasible


@pytest.fixture(params=["store_uri", "shared_postgres_uri", "server_uri"])
def any_store(request: pytest.FixtureRequest) -> ApiStore:
    """A store in a file, one in PostgreSQL, and one behind a server; other tests use these two too."""
    uri: str = request.getfixturevalue(request.param)
    return open_store(uri)


@pytest.fixture
def name() -> str:
    """A name that nothing else has."""
    return f"n{uuid.uuid4().hex}"


def start_sweep(store: ApiStore, name: str, study: str, document: Mapping[str, Any]) -> OpenRun:
    """Create the own run of a sweep that is at a study."""
    tags = {Tag.KIND: Kind.SWEEP, Tag.NAME: name, Tag.TASK: "m:C", Tag.STUDY: study}
    run = store.start_run(f"{name} experiment", "", tags=tags)
    Path(DOCUMENT_ARTIFACT).write_text(json.dumps(document), encoding="utf-8")
    store.save_artifact(run, Path(DOCUMENT_ARTIFACT), DOCUMENT_ARTIFACT)
    return run


def keep_trial(store: ApiStore, sweep: OpenRun, name: str, study: str, trial: Trial) -> Trial:
    """Write a trial down as a search does; return it as the store is to give it back."""
    tags = {PARENT_TAG: sweep.run_id, Tag.KIND: Kind.TRIAL, Tag.NAME: name, Tag.STUDY: study, **asked_tags(trial)}
    run = store.start_run(sweep.experiment, f"trial {trial.number}", tags=tags)
    ended = None
    if trial.told:
        store.log(run.run_id, tags=told_tags(trial.told))
        ended = store.end_run(run.run_id, trial.told.state.status)
    return replace(trial, run_id=run.run_id, start_time=run.start_time, end_time=ended)


def kept_trials(store: ApiStore, name: str, study: str) -> list[Trial]:
    """Write some trials down, and others that belong to another sweep or to a study that was given up."""
    sweep = start_sweep(store, name, study, {"study": {"trials": 5}})
    start_sweep(store, f"{name}.2", f"{study}.2", {"study": {}})
    keep_trial(store, sweep, name, f"{study}.0", Trial(0, {"x": "given up"}, seen=0))
    keep_trial(store, sweep, f"{name}.2", f"{study}.2", Trial(0, {"x": "another's"}, seen=0))
    endings = [
        Told(1, TrialState.COMPLETE, (math.inf,), steps={1: -math.inf}),
        Told(0, TrialState.PRUNED, reason="it's pruned", steps={3: 0.5}),
        Told(2, TrialState.FAILED, reason="line\nbreak"),
        None,
    ]
    values = [{"x": "学🦀" * 3000}, {"x": "b", "y": 1.5}, {"x": None}, {"x": [1, 2]}]
    return [
        keep_trial(store, sweep, name, study, Trial(number, values[number], seen=number, told=told, row="r" * number))
        for number, told in enumerate(endings)
    ]


def test_a_sweep_is_remembered_with_the_trials_of_its_present_study(any_store: ApiStore, name: str) -> None:
    trials = kept_trials(any_store, name, f"{name}.1")
    for reader in (any_store, open_reader(any_store.uri), ApiStore(any_store.uri)):
        sweep = reader.sweep(name)
        assert sweep is not None
        assert [*sweep.trials] == trials
        assert sweep.runs == ()


def test_a_sweep_that_is_no_study_any_more_has_no_trials(any_store: ApiStore, name: str) -> None:
    run = start_sweep(any_store, name, f"{name}.1", {"study": None})
    keep_trial(any_store, run, name, f"{name}.1", Trial(0, {}, seen=0))
    sweep = any_store.sweep(name)
    assert sweep is not None
    assert sweep.trials == ()


def test_the_run_of_a_sweep_is_found_beside_those_of_its_trials(any_store: ApiStore, name: str) -> None:
    first = any_store.start_run(name, "", tags={Tag.KIND: Kind.TRIAL, Tag.NAME: name})
    own = any_store.start_run(name, "", tags={Tag.KIND: Kind.SWEEP, Tag.NAME: name})
    found = any_store.sweep_run(name)
    assert found is not None
    assert found.run_id == own.run_id != first.run_id
    assert any_store.sweep_run(f"{name}2") is None
