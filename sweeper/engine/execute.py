"""What happens around one task, where it runs: rebuild it, run it, say what became of it."""

from __future__ import annotations

import importlib
import inspect
import pickle
import sys
import traceback
from dataclasses import replace
from typing import Any

import luigi

from sweeper.engine.base import Ending, Execution, TaskCall, lineage
from sweeper.engine.surroundings import left_as_it_was
from sweeper.errors import EngineError, IdentityError, StoreError, TaskError
from sweeper.store.records import Result
from sweeper.task import MlflowTask, key_of
from sweeper.task.attempt import reason_of
from sweeper.task.base import COMMITTED, WAS_FOUND
from sweeper.task.context import current, use
from sweeper.task.overrides import instantiate
from sweeper.task.pruning import is_prune
from sweeper.task.rivals import ClaimedElsewhere


def execute(call: TaskCall, *, debug: bool = False) -> Execution:
    """Execute a call in this process. With ``debug`` an exception opens the debugger where it was raised.

    Nothing that the task does comes out as an exception, but for a store or a driver that is gone.
    """
    context = current()
    for upstream in call.upstream:
        context.index.put(upstream)
    context.index.ignore(call.replaces)
    around = replace(
        context,
        labels=call.labels,
        metrics=call.metrics,
        metric=call.metrics[0] if call.metrics else context.metric,
        reporter=call.reporter,
        is_contended=call.is_contended,
        may_wait=False,
        replaces=call.replaces,
    )
    with use(around):
        try:
            task = rebuild(call)
            with left_as_it_was():  # but for what importing its module has done: that is done once
                result = _run(task)
            return replace(_described(call, result), is_found=WAS_FOUND in task.__dict__)
        except (StoreError, EngineError):
            raise
        except ClaimedElsewhere as claimed:
            return Execution(Ending.CLAIMED, reason="another sweeper is at it", run_id=claimed.args[0])
        except KeyboardInterrupt as error:
            return Execution(Ending.INTERRUPTED, reason=reason_of(error), run_id=_run_of(error))
        except BaseException as error:  # noqa: BLE001 (a task may raise whatever it likes, SystemExit too)
            ending = _ending(error)
            if debug and ending is Ending.FAILED:
                _post_mortem(error)
            is_for_good = isinstance(error, TaskError | IdentityError)  # of the code: the next attempt would end so too
            raised = () if is_for_good else lineage(type(error))
            return Execution(ending, reason=reason_of(error), run_id=_run_of(error), raised=raised)


def _ending(error: BaseException) -> Ending:
    from sweeper.store.fluent import is_store_away

    if is_prune(error):
        return Ending.PRUNED
    return Ending.LOST if is_store_away(error) else Ending.FAILED


def rebuild(call: TaskCall) -> luigi.Task:
    """Return the instance that a call stands for.

    Raises ``IdentityError`` if it is not the same work here as where the call was made: other code, other settings.
    """
    task, _ = instantiate(class_of(call), pickle.loads(call.values), pickle.loads(call.overrides))  # noqa: S301 (our own driver's)
    if key_of(task) != call.key:
        raise IdentityError(
            f"{task!r:.200} has another identity in this worker than in the driver: does its code, or what its "
            "to_mlflow_tags reads, differ between them?"
        )
    return task


def class_of(call: TaskCall) -> type[luigi.Task]:
    """Return the class that a call names, imported if need be."""
    owner: Any = sys.modules.get(call.module) or _import(call.module)
    for name in call.name.split("."):
        owner = getattr(owner, name)
    found: type[luigi.Task] = owner
    return found


def _import(module: str) -> Any:
    main = sys.modules.get("__main__")
    file = getattr(main, "__file__", None)
    if file and inspect.getmodulename(file) == module:
        return main
    return importlib.import_module(module)


def _run(task: luigi.Task) -> Result | None:
    """Run a task with Luigi's events around it; return its result."""
    task.trigger_event(luigi.Event.START, task)
    try:
        steps = task.run()
        if inspect.isgenerator(steps):
            steps.close()
            raise TaskError(
                f"{task.get_task_family()}: a sweep cannot run requirements that a task yields while it runs; "
                "return them from requires()"
            )
        if not isinstance(task, MlflowTask):
            if not task.complete():
                raise TaskError(f"{task!r:.200} has run, and is not complete")
            result = None
        else:
            result = task.__dict__[COMMITTED]
    except BaseException as error:
        task.trigger_event(luigi.Event.FAILURE, task, error)
        task.on_failure(error)
        raise
    task.on_success()
    task.trigger_event(luigi.Event.SUCCESS, task)
    return result


def _described(call: TaskCall, result: Result | None) -> Execution:
    """Return a success, with the metrics that were asked for: fluent calls may have logged them behind our back."""
    if result is None:
        return Execution(Ending.DONE)
    if set(call.metrics) <= result.metrics.keys():
        return Execution(Ending.DONE, result, run_id=result.run_id)
    logged = current().store.run(result.run_id).metrics
    held = {name: logged[name] for name in call.metrics if name in logged}
    is_complete = len(held) == len(call.metrics)
    return Execution(
        Ending.DONE,
        replace(result, metrics=held),  # so that whoever looks the key up later finds them too
        logged=() if is_complete else tuple(sorted(logged)),
        run_id=result.run_id,
    )


def _run_of(error: BaseException) -> str:
    """Return the run in which an exception ended, as the attempt noted on it."""
    try:
        run_id = getattr(error, "sweeper_run_id", "")
    except BaseException:  # noqa: BLE001 (an exception of the user's may do what it likes when it is asked)
        return ""
    return run_id if type(run_id) is str else ""


def _post_mortem(error: BaseException) -> None:
    import pdb

    traceback.print_exception(error)
    pdb.post_mortem(error.__traceback__)
