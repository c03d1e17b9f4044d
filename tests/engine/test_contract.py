"""What every engine does with a task."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sweeper.binding import bind
from sweeper.engine.base import Ending
from sweeper.errors import EngineError, StoreError, SweeperError
from sweeper.spec import load
from sweeper.store.records import RunStatus
from sweeper.store.tags import Tag
from sweeper.task import find_result, key_of
from tests.engine.conftest import score
from tests.pipelines.chain import Fit
from tests.pipelines.curves import Curve
from tests.pipelines.curves import score as score_at
from tests.pipelines.faults import Neighbour, Twice
from tests.pipelines.trouble import Metrics, Trouble, Writes, Yielding
from tests.reporters import Broken, Stopping, heard
from tests.sweeping import CHAIN, runs, write_spec

if TYPE_CHECKING:
    from sweeper.engine.base import TaskCall
    from sweeper.store.api import ApiStore
    from sweeper.task.context import Context, Reporter
    from tests.engine.conftest import Execute


def test_a_result_comes_back_as_the_store_has_it(execute: Execute, store: ApiStore):
    task = Trouble(number=3)
    execution = execute(task)
    assert execution.ending is Ending.DONE
    assert score(execution) == 3.0
    assert execution.result is not None
    assert execution.run_id == execution.result.run_id
    assert store.run(execution.run_id).key == execution.result.key == key_of(task)


def test_a_failure_comes_back_with_its_reason_and_its_run(execute: Execute, store: ApiStore):
    execution = execute(Trouble(ending="error"))
    assert (execution.ending, execution.result) == (Ending.FAILED, None)
    assert execution.reason == "OddError: odd 7: the data are gone"
    run = store.run(execution.run_id)
    assert (run.status, run.reason) == (RunStatus.FAILED, execution.reason)


def test_a_task_that_exits_has_failed(execute: Execute, store: ApiStore):
    execution = execute(Trouble(ending="sys.exit"))
    assert execution.reason == "SystemExit: 3"
    assert store.run(execution.run_id).status is RunStatus.FAILED


def test_a_task_that_is_interrupted_has_not_failed(execute: Execute, store: ApiStore):
    execution = execute(Trouble(ending="interrupt"))
    assert (execution.ending, execution.reason) == (Ending.INTERRUPTED, "interrupted")
    assert store.run(execution.run_id).status is RunStatus.KILLED


def listened_to_by(reporter: Reporter) -> Callable[[TaskCall], TaskCall]:
    return lambda call: replace(call, reporter=reporter)


def test_a_task_is_pruned_by_who_listens_to_what_it_reports(execute: Execute, store: ApiStore):
    execution = execute(Curve(), change=listened_to_by(Stopping(3)))
    assert (execution.ending, execution.result, execution.reason) == (Ending.PRUNED, None, "pruned at step 3")
    run = store.run(execution.run_id)
    assert (run.status, run.key, run.reason) == (RunStatus.KILLED, None, "pruned at step 3")
    assert run.tags[Tag.PRUNED] == "yes"
    assert run.metrics == {"score": pytest.approx(score_at(0.01, 3))}
    assert heard() == [[pytest.approx(score_at(0.01, epoch)), epoch] for epoch in (1, 2)]
    assert execute(Curve()).ending is Ending.DONE, "the next task has no listener"


def test_a_task_may_prune_itself(execute: Execute, store: ApiStore):
    execution = execute(Trouble(ending="prune"))
    assert (execution.ending, execution.reason) == (Ending.PRUNED, "the loss is no number")
    run = store.run(execution.run_id)
    assert (run.status, run.tags[Tag.PRUNED]) == (RunStatus.KILLED, "yes")
    log = store.artifact(run, run.tags[Tag.LOG]).read_text(encoding="utf-8")
    assert log == "number 0 ends prune\n"


@pytest.mark.parametrize("error", [EngineError("the driver is gone"), StoreError("the disk is full")], ids=repr)
def test_a_driver_that_cannot_listen_is_no_failure_of_the_task(error: Exception, execute: Execute):
    with pytest.raises(type(error), match=str(error)):
        execute(Curve(), change=listened_to_by(Broken(error)))


def test_a_search_that_fails_is_a_failure_with_that_reason(execute: Execute):
    execution = execute(Curve(), change=listened_to_by(Broken(SweeperError("the pruner failed"))))
    assert (execution.ending, execution.reason) == (Ending.FAILED, "SweeperError: the pruner failed")


def test_labels_become_tags_of_the_run(execute: Execute, store: ApiStore):
    assert store.run(execute(Trouble()).run_id).tags["colour"] == "red"


def test_what_a_task_prints_is_in_its_log(execute: Execute, store: ApiStore):
    for ending in ("well", "error"):
        run = store.run(execute(Trouble(number=5, ending=ending)).run_id)
        log = store.artifact(run, run.tags[Tag.LOG]).read_text(encoding="utf-8")
        assert f"number 5 ends {ending}\n" in log
        assert ("Traceback" in log) is (ending == "error")


@pytest.mark.parametrize("way", ["saved", "curve", "reported", "fluent"])
def test_the_metric_comes_back_however_it_was_logged(way: str, execute: Execute):
    assert score(execute(Metrics(way=way))) == 1.0


def test_a_metric_that_was_not_logged_comes_back_as_the_names_of_those_that_were(execute: Execute):
    execution = execute(Metrics(way="other"))
    assert execution.result is not None
    assert (execution.ending, execution.result.metrics, execution.logged) == (Ending.DONE, {}, ("loss",))


def test_of_several_metrics_those_that_were_logged_come_back(execute: Execute):
    execution = execute(Metrics(way="two"), metrics=("score", "cost"))
    assert execution.result is not None
    assert (execution.result.metrics, execution.logged) == ({"score": 1.0, "cost": 2.0}, ())
    execution = execute(Metrics(way="two"), metrics=("score", "size"))
    assert execution.result is not None
    assert (execution.result.metrics, execution.logged) == ({"score": 1.0}, ("cost", "score"))


def test_upstream_results_are_read_where_the_task_runs(execute: Execute, context: Context):
    task = Fit(rate=0.1)
    scale = task.requires()["scaled"]
    for upstream in (scale.requires()["numbers"], scale):
        execution = execute(upstream, metrics=())
        assert execution.result is not None
        context.index.add(execution.result)
    assert score(execute(task)) == 4.0


def test_overrides_of_upstream_parameters_travel_with_the_task(execute: Execute, context: Context):
    text = f'task = "{CHAIN}:Fit"\nmetric = "score"\n[fixed]\nScale.factor = 2\nCollect.size = 4\n'
    binding = bind(load(write_spec(text)))
    task = binding.instance(next(iter(binding.points)))
    scale = task.requires()["scaled"]
    for upstream in (scale.requires()["numbers"], scale):
        execution = execute(upstream, metrics=())
        assert execution.result is not None
        context.index.add(execution.result)
    assert score(execute(task)) == 13.0


def test_a_task_with_another_identity_where_it_runs_is_refused(execute: Execute, store_uri: str):
    execution = execute(Trouble(), change=lambda call: replace(call, key="1-other"))
    assert execution.ending is Ending.FAILED
    assert "has another identity in this worker than in the driver" in execution.reason
    assert runs(store_uri) == []


def test_a_store_that_fails_is_no_failure_of_the_task(execute: Execute):
    with pytest.raises(StoreError, match="the store is gone"):
        execute(Trouble(ending="no store"))


def test_requirements_that_are_yielded_are_refused_with_the_remedy(execute: Execute):
    execution = execute(Yielding())
    assert execution.ending is Ending.FAILED
    assert execution.reason.endswith("return them from requires()")


def test_a_plain_luigi_task_is_run_too(execute: Execute, tmp_path: Path):
    task = Writes(path=str(tmp_path / "written"))
    assert execute(task, metrics=()).ending is Ending.DONE
    assert task.complete()


def test_a_result_is_found_by_who_asks_the_store_afterwards(execute: Execute, context: Context):
    task = Trouble(number=8)
    assert find_result(task) is None
    execute(task)
    context.index.refresh()
    assert find_result(task) is not None


def test_one_task_after_another_uses_the_same_slot(execute: Execute):
    assert [score(execute(Trouble(number=number))) for number in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_task_that_comes_back_twice_has_one_result_its_own(execute: Execute, store: ApiStore):
    execution = execute(Twice())
    assert execution.ending is Ending.DONE
    assert store.run(execution.run_id).metrics == {"score": 1.0}


@pytest.mark.parametrize("harm", ["deletes folder", "changes environment", "changes signals"])
def test_what_a_task_changes_is_put_back(harm: str, execute: Execute):
    assert execute(Neighbour(harm=harm)).ending is Ending.DONE
    after = execute(Neighbour(harm="does nothing"))
    assert (after.ending, after.reason) == (Ending.DONE, "")
