"""Everything about one run, as text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sweeper.points import Point
from sweeper.report.accounts.account import Account, Maker, own_tags
from sweeper.report.accounts.environments import Environment
from sweeper.report.accounts.logs import log_path
from sweeper.report.escape import shown
from sweeper.report.lineage.origins import COMMIT, is_dirty
from sweeper.report.lineage.trace import class_name, is_kept, is_remade, task_of
from sweeper.report.lineage.tree import Branch, branches
from sweeper.report.moments import ago, clock
from sweeper.report.plan import duration
from sweeper.report.status import from_here
from sweeper.store.records import RunRecord
from sweeper.store.tags import Kind, Tag

SHORT_ID = 8
"""How much of a run's id is shown where the whole is not needed."""

MOST_CHARACTERS = 160
"""How much of a value is shown unless all of it is asked for."""

_MOST_LINES = 40


def run_text(account: Account, now: int, *, is_full: bool = False) -> str:
    """Return everything about a run as text; ``now`` in ms since the epoch. Unless it is full, long parts are cut."""
    most = sys.maxsize if is_full else MOST_CHARACTERS
    run = account.run
    facts = {name: words for name, words in _facts(account, now, most).items() if words}
    sections = {
        "parameters": _listed(run.params, most),
        "metrics": _listed(run.metrics, most),
        "tags": _listed(own_tags(run), most),
        "data": _listed(run.data, most),
        "made from": [f"{branch.stem}{_branch(branch, account)}" for branch in branches(run, account.lineage)],
        "artifacts": [*_artifacts(account)],
        "the log ends": [shown(line.expandtabs(), most) if line else "" for line in account.log_tail],
    }
    lines = [f"run {shown(run.run_id)}", "", *aligned_pairs(facts)]
    for title, content in sections.items():
        if content:
            lines += ["", title, *(f"  {line}".rstrip() for line in shortened(content, is_full=is_full))]
    return "\n".join(lines)


def aligned_pairs(pairs: Mapping[str, str]) -> list[str]:
    """Return a line for each pair, with the second words below each other."""
    width = max(map(len, pairs), default=0)
    return [f"{name.ljust(width)}  {words}".rstrip() for name, words in pairs.items()]


def shortened(lines: Sequence[str], *, is_full: bool) -> Iterator[str]:
    """Yield the first lines, and how many more there are, unless all are wanted."""
    yield from islice(lines, None if is_full else _MOST_LINES)
    if not is_full and len(lines) > _MOST_LINES:
        yield f"and {len(lines) - _MOST_LINES:,} more; --full has all"


def environment_words(environment: Environment) -> str:
    """Return an environment in one line."""
    said = f"Python {shown(environment.python)}, {shown(environment.platform, MOST_CHARACTERS)}"
    since = "" if environment.is_certain else f", when {shown(environment.sweep)} last started"
    return f"{said}, {len(environment.packages):,} packages{since}"


def maker_words(run: RunRecord, maker: Maker | None, most: int) -> str:
    """Return who ran what where, in one line."""
    tags = run.tags
    by = [tags.get("mlflow.user", ""), tags.get("mlflow.source.name", "")]
    words = [shown(word, most) for word in by if word]
    if maker is not None:
        words.append(f"driver {shown(maker.driver[:SHORT_ID])}")
        if maker.process is not None:
            words.append(f"on {shown(maker.process.host)}, process {maker.process.pid}")
    return ", ".join(words)


def code_words(run: RunRecord) -> str:
    """Return which code made a run, in one line."""
    source, commit = run.tags.get(Tag.SOURCE), run.tags.get(COMMIT)
    changed = ", uncommitted changes" if is_dirty(run) else ""
    return ", ".join(
        [
            *([f"digest {shown(source)}"] if source else []),
            *([f"commit {shown(commit)}{changed}"] if commit else []),
        ]
    )


def _facts(account: Account, now: int, most: int) -> Mapping[str, str]:
    run = account.run
    kind = run.tags.get(Tag.KIND, "")
    reason = f": {shown(account.reason, most)}" if account.reason else ""
    return {
        "task": shown(run.tags.get(Tag.TASK), most),
        "kind": "" if kind == Kind.TASK else shown(kind or "not made by sweeper"),
        "experiment": shown(run.experiment, most),
        "state": f"{account.state}{reason}",
        "key": shown(run.tags.get(Tag.KEY) or run.tags.get(Tag.CLAIM), most),
        "stands for": _points(account, most),
        "started": f"{clock(run.start_time)}, {ago(run.start_time, now)}",
        "took": "" if run.seconds is None else duration(run.seconds),
        "by": maker_words(run, account.maker, most),
        "command": shown(account.maker.command, most) if account.maker and account.maker.command else "",
        "code": code_words(run),
        "environment": environment_words(account.environment) if account.environment else "",
        "log": shown(from_here(log_path(run)), sys.maxsize) if log_path(run) else "",
    }


def _points(account: Account, most: int) -> str:
    every = [f"{shown(sweep)}: {point}" for sweep, points in account.points.items() for point in map(_assigned, points)]
    return shown("; ".join(every), most) if every else ""


def _assigned(point: Point) -> str:
    return ", ".join(f"{shown(name)}={shown(value)}" for name, value in point.values) or "the only point"


def _listed(values: Mapping[str, Any], most: int) -> list[str]:
    return aligned_pairs({shown(name, most): shown(value, most) for name, value in values.items()})


def _branch(branch: Branch, account: Account) -> str:
    requirement, result = shown(branch.requirement), branch.result
    if result is None:
        gone = "no result has its key any more" if is_kept(branch.key) else "a plain Luigi task, which keeps no run"
        return f"{requirement}: {gone}"
    parts = [f"{requirement}: {shown(class_name(task_of(result)))} {shown(result.run_id[:SHORT_ID])}"]
    if branch.is_repeated:
        return f"{parts[0]}, as above"
    parts.append(duration(result.seconds or 0.0))
    uses = account.uses.get(branch.key, 0)
    if uses > 1:
        of_sweep = f" of {shown(account.sweep)}" if len(account.points) > 1 else ""
        parts.append(f"shared by {uses:,} points{of_sweep}")
    if is_remade(result, branch.downstream):
        parts.append("made again since")
    return ", ".join(parts)


def _artifacts(account: Account) -> Iterator[str]:
    if gone := account.run.tags.get(Tag.ARTIFACTS):
        yield f"gone, but for the log: {shown(gone, sys.maxsize)}"
    if account.artifacts is None:
        yield "cannot be listed from here"
        return
    for one in account.artifacts:
        size = "" if one.size is None else f"  {one.size_words}"
        yield f"{shown(from_here(str(one.path)) if one.path else one.name, sys.maxsize)}{size}"
