"""A tracking server that fails for a while: every request is made again, and none takes effect twice."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.errors import StoreAway, StoreError, TaskError
from sweeper.store.patience import Patience
from sweeper.store.records import MetricPoint, RunStatus
from tests.outages.proxy import Fault, Proxy, Request

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore
    from tests.chaos.tally import Tally


def each_first(fault: Fault, times: int = 1):
    """Return what fails each kind of request so many times before it is let pass."""
    seen: dict[str, int] = {}

    def decide(request: Request) -> Fault | None:
        kind = f"{request.method} {request.path.partition('?')[0]}"
        seen[kind] = seen.get(kind, 0) + 1
        return fault if seen[kind] <= times else None

    return decide


@pytest.mark.parametrize("fault", Fault, ids=lambda fault: fault.name)
def test_no_request_takes_effect_twice_or_not_at_all(
    fault: Fault, proxy: Proxy, behind: ApiStore, name: str, tmp_path: Path, tally: Tally
):
    proxy.fault = each_first(fault)
    run = behind.start_run(name, "a run", tags={"sweeper.kind": "task", "colour": "red"}, params={"p": "1"})
    points = [MetricPoint("score", value, step, 1) for step, value in enumerate((1.0, 2.0, 3.0))]
    behind.log(run.run_id, metrics=points, tags={"done": "yes"})
    path = tmp_path / "table.txt"
    path.write_text("the table", encoding="utf-8")
    behind.save_artifact(run, path, "deep/table.txt")
    behind.end_run(run.run_id, RunStatus.FINISHED)
    [found] = behind.runs_in([name])
    assert (found.run_id, found.status, found.params) == (run.run_id, RunStatus.FINISHED, {"p": "1"})
    assert (found.tags["colour"], found.tags["done"], found.metrics) == ("red", "yes", {"score": 3.0})
    assert behind.curves([run.run_id], "score") == {run.run_id: {0: 1.0, 1: 2.0, 2: 3.0}}
    assert behind.artifact(found, "deep/table.txt").read_text(encoding="utf-8") == "the table"
    assert len(proxy.injected) >= 6
    tally.faults(f"a tracking server: {fault.name.lower().replace('_', ' ')}", len(proxy.injected))


def test_it_is_said_once_that_the_store_is_away_and_that_it_is_back(proxy: Proxy, behind: ApiStore):
    said: list[str] = []
    behind.patience.notice = said.append
    proxy.fault = each_first(Fault.UNAVAILABLE, 3)
    behind.experiment_names()
    away, back = said
    assert away.startswith(f"{proxy.uri}: ")
    assert away.endswith("; trying again for 30 s at most")
    assert back.startswith("the store answers again, after ")


def test_a_server_that_stays_away_is_given_up_after_a_while(proxy: Proxy, behind: ApiStore):
    behind.patience = Patience(0.5, lambda _: None)
    proxy.close()
    with pytest.raises(StoreAway):
        behind.experiment_names()
    proxy.open()
    assert behind.experiment_names() is not None


@pytest.mark.parametrize("fault", [Fault.ERROR, None], ids=["that fails", "that answers"])
def test_what_is_wrong_with_a_question_is_told_at_once(fault: Fault | None, proxy: Proxy, behind: ApiStore, name: str):
    """A run that is not there, or a value that is refused, does not come about by waiting."""
    proxy.fault = each_first(fault) if fault else (lambda _: None)
    with pytest.raises(StoreError) as caught:
        behind.run("0" * 32)
    assert not isinstance(caught.value, StoreAway)
    run = behind.start_run(name, "a run", tags={})
    with pytest.raises(TaskError):
        behind.log(run.run_id, metrics=[MetricPoint("no\nname", 1.0, 0, 1)])
