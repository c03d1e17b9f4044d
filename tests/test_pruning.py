"""A point that is not worth going on is stopped, which is neither a result nor trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain

import pytest

from sweeper.points import Count, Point, Points
from sweeper.report.sources.outcomes import outcomes
from sweeper.search.base import Done, Outcome, Wait
from sweeper.search.channel import Channel
from sweeper.session import EngineName
from sweeper.store import open_reader
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from sweeper.task.context import Reporter
from tests.pipelines.curves import score
from tests.reporters import Stopping
from tests.sweeping import Swept, running, runs, sweep

CURVES = "tests.pipelines.curves"
RATES = f'task = "{CURVES}:Curve"\nmetric = "score"\n[grid]\nrate = [0.1, 0.01, 1.0]\n'
STAGES = f'task = "{CURVES}:Stage"\nmetric = "score"\n[grid]\nlevel = [0, 1]\n'


class Fake:
    """A search that proposes each point ``times`` times, and lets a function say who listens to it.

    A ``patient`` one proposes the next point once the one before has ended.
    """

    def __init__(
        self, listener: Callable[[Point], Reporter | None], *, times: int = 1, is_patient: bool = False
    ) -> None:
        self.told: list[Outcome] = []
        self.is_closed = False
        self._listener = listener
        self._times = times
        self._is_patient = is_patient
        self._asked = 0

    def __call__(self, points: Points) -> Fake:
        """Begin."""
        self._points = points
        self._left: Iterator[Point] = chain.from_iterable([points] * self._times)
        return self

    def ask(self, is_blocked: Callable[[Point], bool]) -> Point | Wait | Done:
        """Return the next point."""
        if self._is_patient and self._asked > len(self.told):
            return Wait.FOR_OUTCOME
        self._asked += 1
        return next(self._left, Done.NO_MORE_POINTS)

    def tell(self, outcome: Outcome) -> None:
        """Remember an outcome."""
        assert not self.is_closed
        self.told.append(outcome)

    def expected(self) -> Count:
        """Return the number of points."""
        return Count(self._times * self._points.count().number, is_exact=True)

    def reporter(self, point: Point) -> Reporter | None:
        """Return who listens."""
        return self._listener(point)

    def close(self) -> None:
        """Take note of it."""
        assert not self.is_closed
        self.is_closed = True


def stop_high_rates(point: Point) -> Reporter | None:
    """Stop what has a rate of 1 at its second step."""
    return Stopping(2) if point["rate"] == 1.0 else None


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch, store_uri: str) -> Callable[..., Swept]:
    """Run a sweep by a search of the test's own."""

    def run(search: Fake, text: str = RATES, engine: EngineName = EngineName.INLINE) -> Swept:
        with monkeypatch.context() as patch:
            patch.setattr("sweeper.search.grid.GridSearch", search)
            return sweep(text, store_uri, engine=engine)

    return run


@pytest.mark.parametrize("engine", EngineName)
def test_a_point_is_pruned_and_the_others_go_on(engine: EngineName, searched: Callable[..., Swept], store_uri: str):
    search = Fake(stop_high_rates)
    swept = searched(search, engine=engine)
    assert swept.states == {"computed": 2, "pruned": 1}
    assert swept.summary.exit_code == 0
    assert swept.reasons == {"rate=1.0": "pruned at step 2"}
    pruned = next(one for one in search.told if one.reason)
    assert (pruned.value, pruned.metrics) == (None, {})
    run = open_reader(store_uri).run(pruned.run_id)
    assert (run.status, run.tags[Tag.PRUNED], run.key) == (RunStatus.KILLED, "yes", None)
    assert run.metrics == {"score": score(1.0, 2)}
    assert search.is_closed
    assert running(store_uri) == []


def test_a_real_channel_prunes_in_another_process(searched: Callable[..., Swept]):
    heard: list[tuple[int, float, int]] = []

    def decide(number: int, value: float, step: int) -> str:
        heard.append((number, value, step))
        return "half as good" if value < score(0.01, step) / 2 else ""

    with closing(Channel(decide)) as channel:
        search = Fake(lambda point: channel.reporter(round(point["rate"] * 100)))
        swept = searched(search, f"{RATES}[fixed]\nepochs = 3\n", EngineName.LOCAL)
    assert swept.states == {"computed": 2, "pruned": 1}
    assert swept.reasons == {"rate=1.0": "half as good"}
    assert [(number, step) for number, _, step in heard] == [
        (10, 1),
        (10, 2),
        (10, 3),
        (1, 1),
        (1, 2),
        (1, 3),
        (100, 1),
    ]
    assert [value for number, value, _ in heard if number == 1] == [score(0.01, step) for step in (1, 2, 3)]


@pytest.mark.parametrize("is_patient", [False, True])
def test_a_point_that_was_pruned_is_not_run_again(*, is_patient: bool, searched: Callable[..., Swept], store_uri: str):
    """Whether it is asked for once more before the first of its twins has ended, or after."""
    search = Fake(stop_high_rates, times=3, is_patient=is_patient)
    swept = searched(search)
    assert swept.states == {"computed": 2, "reused": 4, "pruned": 3}
    assert len(runs(store_uri)) == 3
    assert len({one.run_id for one in search.told if one.state == "pruned"}) == 1
    assert {one.reason for one in search.told} == {"", "pruned at step 2"}


def test_the_report_tells_a_pruned_point_from_one_that_never_ran(searched: Callable[..., Swept], store_uri: str):
    searched(Fake(stop_high_rates))
    record = open_reader(store_uri).sweep("sweep")
    assert record is not None
    assert record.run.status is RunStatus.FINISHED
    found = outcomes(record)
    assert [cell.state for cell in found.cells] == ["finished", "finished", "pruned"]
    assert found.cells[2].reason == "pruned at step 2"


def test_the_next_run_of_a_sweep_tries_again_what_was_pruned(searched: Callable[..., Swept]):
    searched(Fake(stop_high_rates))
    assert searched(Fake(lambda _: None)).states == {"reused": 2, "computed": 1}


def test_a_task_that_prunes_itself_needs_no_study(store_uri: str):
    text = 'task = "tests.pipelines.trouble:Trouble"\nmetric = "score"\n[grid]\nending = ["well", "prune"]\n'
    swept = sweep(text, store_uri)
    assert swept.states == {"computed": 1, "pruned": 1}
    assert swept.reasons == {"ending=prune": "the loss is no number"}


def test_what_is_required_has_failed_if_it_prunes_itself(store_uri: str):
    text = 'task = "tests.pipelines.trouble:Dependent"\nmetric = "score"\n[grid]\nending = ["prune"]\nnumber = [1, 2]\n'
    swept = sweep(text, store_uri)
    assert swept.states == {"blocked": 2}
    assert set(swept.reasons.values()) == {"Trouble failed: the loss is no number"}
    (pruned,) = runs(store_uri)
    assert {outcome.cause for outcome in swept.outcomes} == {pruned.tags[Tag.CLAIM]}


@pytest.mark.parametrize("is_patient", [False, True])
def test_what_was_pruned_as_a_point_is_run_to_its_end_where_another_needs_it(
    *, is_patient: bool, searched: Callable[..., Swept], store_uri: str
):
    search = Fake(lambda point: Stopping(1) if point["level"] == 0 else None, times=2, is_patient=is_patient)
    swept = searched(search, STAGES)
    again = {"reused": 2} if is_patient else {"pruned": 2, "reused": 1}
    assert swept.states == {"pruned": 1, "computed": 1} | again
    assert [(run.params["level"], run.status) for run in runs(store_uri)] == [
        ("0", RunStatus.KILLED),
        ("0", RunStatus.FINISHED),
        ("1", RunStatus.FINISHED),
    ]


def test_a_search_is_closed_when_a_sweep_breaks_off(searched: Callable[..., Swept], store_uri: str):
    def fail(_: Point) -> Reporter | None:
        raise KeyboardInterrupt

    search = Fake(fail)
    assert searched(search).summary.exit_code == 130
    assert search.is_closed
    assert running(store_uri) == []
