"""What is named on the command line is found, or it is said what could have been meant."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from sweeper.errors import InputError
from sweeper.report.accounts.selection import find_named, find_run, select
from sweeper.store.base import Reader
from sweeper.store.records import RunRecord, RunStatus, SweepRecord
from sweeper.store.tags import Kind, Tag
from tests.report.made import made
from tests.report.stores import filled, run_of


@pytest.fixture(scope="module")
def reader(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Reader:
    return filled(tmp_path_factory.mktemp("store"), template)


@pytest.fixture
def run(reader: Reader) -> RunRecord:
    return run_of(reader, "Fit", rate="0.2", seed="1")


def refused(reader: Reader, words: str) -> str:
    with pytest.raises(InputError) as caught:
        select(reader, words)
    return str(caught.value)


def test_a_run_is_found_by_its_id_and_by_the_beginning_of_it(reader: Reader, run: RunRecord) -> None:
    assert find_run(reader, run.run_id) == run
    assert find_run(reader, run.run_id[:12]) == run


def test_a_beginning_that_several_have_names_them(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    some = [replace(made(), run_id=f"abcd{number:028}", name=f"Fit(x={number}\x1b)") for number in range(10)]
    monkeypatch.setattr(type(reader), "runs_by_id", lambda *_: some)
    lines = refused(reader, "abcd").splitlines()
    assert lines[:2] == ["10 runs begin with abcd; name one of", f"  {some[0].run_id} Fit(x=0\\x1b)"]
    assert lines[-1] == "  and 2 more"


@pytest.mark.parametrize("words", ["abcd", "0" * 32])
def test_an_id_that_no_run_has_is_told(reader: Reader, words: str) -> None:
    assert refused(reader, words).endswith(f"has no run {words}")


@pytest.mark.parametrize("words", ["rate", "abc", "Fit", "a\x1bb"])
def test_what_is_no_id_might_have_been_a_sweep(reader: Reader, words: str) -> None:
    message = refused(reader, words)
    assert "has no sweep" in message
    assert "a run is named by its id, or by at least 4 characters that it begins with" in message
    assert ("did you mean rates?" in message) is (words == "rate")
    assert "\x1b" not in message


def test_a_sweep_is_found_by_its_name_and_by_its_own_run(reader: Reader) -> None:
    found = find_named(reader, "rates")
    assert isinstance(found, SweepRecord)
    again = find_named(reader, found.run.run_id)
    assert isinstance(again, SweepRecord)
    assert again.name == "rates"


def test_a_run_that_a_dead_driver_left_behind_is_killed(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    (driver, *_) = reader.runs_with(Tag.KIND, Kind.DRIVER)
    left = replace(made(), status=RunStatus.RUNNING, tags={Tag.KIND: Kind.TASK, Tag.DRIVER: driver.run_id})
    monkeypatch.setattr(type(reader), "runs_by_id", lambda *_: [left])
    assert find_run(reader, left.run_id[:8] or "").status is RunStatus.KILLED


@pytest.mark.parametrize("words", ["rates:rate=0.2", "rates:rate=2e-1", "rates: rate = 0.2 "])
def test_a_configuration_has_all_its_replicates(reader: Reader, words: str) -> None:
    found = select(reader, words)
    assert found.title == "rates: rate=0.2"
    assert [run.params["seed"] for run in found.runs.values()] == ["0", "1", "2"]


def test_a_configuration_may_be_narrowed_to_some_replicates(reader: Reader, run: RunRecord) -> None:
    found = select(reader, "rates:rate=0.2,seed=1")
    assert (found.title, [*found.runs.values()]) == ("rates: rate=0.2,seed=1", [run])


def test_whole_numbers_fixed_and_upstream_parameters_name_a_configuration(reader: Reader) -> None:
    found = select(reader, "scaled:Scale.factor=3,epochs=2,rate=0.1,Collect.size=4")
    assert [run.params["epochs"] for run in found.runs.values()] == ["2"]


def test_a_configuration_without_a_result_is_its_last_attempt(reader: Reader) -> None:
    (run,) = select(reader, "endings:ending=error").runs.values()
    assert run.status is RunStatus.FAILED


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("rates:rat=1", "sweep rates sets no parameter rat; did you mean rate?"),
        ("rates:rate<1", "'rate<1': a configuration is named by what its parameters are: NAME=VALUE"),
        ("rates:0.1", "'0.1' is no condition; write NAME = VALUE"),
        ("rats:rate=1", "has no sweep rats; did you mean rates?"),
        ("rates", "rates is a sweep; name a configuration of it, rates:NAME=VALUE, or a run"),
    ],
)
def test_what_names_nothing_is_told(reader: Reader, words: str, message: str) -> None:
    assert message in refused(reader, words)


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("rates:seed=1", "2 configurations of rates: seed=1; name one of"),
        ("rates:rate=0.3", "no configuration of rates: rate=0.3; name one of"),
    ],
)
def test_candidates_are_named_so_that_they_can_be_given(reader: Reader, words: str, first: str) -> None:
    lines = refused(reader, words).splitlines()
    assert lines[0] == first
    assert [select(reader, line.strip()).title for line in lines[1:]] == ["rates: rate=0.1", "rates: rate=0.2"]


def test_replicates_are_paired_by_their_seeds_else_the_first_ones(reader: Reader, run: RunRecord) -> None:
    one, other = select(reader, "rates:rate=0.1"), select(reader, "rates:rate=0.2")
    assert [(a.params["seed"], b.params["seed"]) for a, b in one.pairs(other)] == [("0", "0"), ("1", "1"), ("2", "2")]
    alone = select(reader, run.run_id)
    assert [(a.params["seed"], b.params["seed"]) for a, b in alone.pairs(one)] == [("1", "0")]
