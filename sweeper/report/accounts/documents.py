"""Runs and sweeps as plain JSON, every value in full: what scripts read.

Values of points, and numbers that are not finite, are in canonical form. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sweeper.identity import canonical
from sweeper.report.accounts.account import Account, Maker, own_tags
from sweeper.report.accounts.environments import Environment
from sweeper.report.accounts.logs import log_path
from sweeper.report.accounts.sweep_account import SweepAccount
from sweeper.report.lineage.origins import COMMIT, is_dirty
from sweeper.report.lineage.trace import is_remade, saved_seconds, task_of
from sweeper.report.lineage.tree import Branch, branches
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag


def run_document(account: Account) -> dict[str, Any]:
    """Return everything about a run."""
    run = account.run
    return {
        "run_id": run.run_id,
        "name": run.name,
        "experiment": run.experiment,
        "task": run.tags.get(Tag.TASK),
        "state": str(account.state),
        "reason": account.reason,
        "key": run.key,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "seconds": run.seconds,
        "points": {sweep: [canonical(point.as_dict()) for point in points] for sweep, points in account.points.items()},
        "params": dict(run.params),
        "metrics": {name: canonical(value) for name, value in run.metrics.items()},
        "tags": own_tags(run),
        "data": dict(run.data),
        **_origin(run, account.maker, account.environment),
        "upstream": [_branch(branch, account) for branch in branches(run, account.lineage)],
        "artifacts": account.artifacts
        and [{"name": one.name, "path": one.path and str(one.path), "size": one.size} for one in account.artifacts],
        "log": log_path(run),
        "log_tail": [*account.log_tail],
    }


def sweep_document(account: SweepAccount) -> dict[str, Any]:
    """Return everything about a sweep as a whole; ``spec`` as the sweep last ran."""
    run, found = account.run, account.outcomes
    return {
        "sweep": account.record.name,
        "run_id": run.run_id,
        "experiment": run.experiment,
        "task": run.tags.get(Tag.TASK),
        "state": account.standing.value,
        "points": found and {state.value: count for state, count in found.counts().items()},
        "trials": found and found.study and {state.value: count for state, count in found.study.counts.items()},
        "start_time": run.start_time,
        "end_time": run.end_time,
        **_origin(run, account.maker, account.environment),
        "spec": account.record.document or None,
        "pipeline": [asdict(node) for node in account.dag.nodes],
        "edges": [asdict(edge) for edge in account.dag.edges],
        "notes": [*account.notes],
    }


def _origin(run: RunRecord, maker: Maker | None, environment: Environment | None) -> dict[str, Any]:
    """Return who made a run, with which code, and in which environment."""
    return {
        "source": run.tags.get(Tag.SOURCE),
        "commit": run.tags.get(COMMIT),
        "dirty": is_dirty(run) if COMMIT in run.tags else None,
        "user": run.tags.get("mlflow.user"),
        "started_by": run.tags.get("mlflow.source.name"),
        "driver": maker and _maker(maker),
        "environment": environment and asdict(environment),
    }


def _branch(branch: Branch, account: Account) -> dict[str, Any]:
    result = branch.result
    uses = account.uses.get(branch.key, 0)
    return {
        "requirement": branch.requirement,
        "required_by": branch.downstream.run_id,
        "key": branch.key,
        "run_id": result and result.run_id,
        "task": result and task_of(result),
        "seconds": result and result.seconds,
        "uses": uses,
        "saved_seconds": result and saved_seconds(result, uses),
        "is_repeated": branch.is_repeated,
        "is_remade": result and is_remade(result, branch.downstream),
    }


def _maker(maker: Maker) -> dict[str, Any]:
    process = maker.process
    return {
        "run_id": maker.driver,
        "host": process and process.host,
        "pid": process and process.pid,
        "command": maker.command,
    }
