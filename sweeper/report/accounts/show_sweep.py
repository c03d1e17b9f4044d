"""Everything about a sweep as a whole, as text."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from tabulate import tabulate

from sweeper.report import synopsis
from sweeper.report.accounts.environments import Environment
from sweeper.report.accounts.show import (
    MOST_CHARACTERS,
    aligned_pairs,
    code_words,
    environment_words,
    maker_words,
    shortened,
)
from sweeper.report.accounts.sweep_account import SweepAccount
from sweeper.report.escape import shown
from sweeper.report.lineage.dag import Dag
from sweeper.report.moments import ago, clock
from sweeper.report.plan import average, duration
from sweeper.store.tags import Tag

_DAG_HEADERS = ("task", "results", "took", "points sharing one", "sharing saved")


def sweep_text(account: SweepAccount, now: int, *, is_full: bool = False) -> str:
    """Return everything about a sweep as text; ``now`` in ms since the epoch. Unless it is full, long parts are cut."""
    most = sys.maxsize if is_full else MOST_CHARACTERS
    facts = {name: words for name, words in _facts(account, now, most).items() if words}
    sections = {
        "spec": [shown(line.expandtabs(), most) if line else "" for line in _spec_lines(account)],
        "command line": [f"-p {shown(words, most)}" for words in account.record.document.get("overrides", ())],
        "pipeline": [*_dag_lines(account.dag)],
        "packages": [*_packages(account.environment)] if is_full and account.environment else [],
    }
    lines = [f"sweep {shown(account.record.name, most)}", "", *aligned_pairs(facts), *_with_rule(account.notes)]
    for title, content in sections.items():
        if content:
            lines += ["", title, *(f"  {line}".rstrip() for line in shortened(content, is_full=is_full))]
    return "\n".join(lines)


def _facts(account: SweepAccount, now: int, most: int) -> Mapping[str, str]:
    run = account.run
    last = max(one.end_time or one.start_time for one in (run, *account.record.runs))
    return {
        "task": shown(run.tags.get(Tag.TASK), most),
        "experiment": shown(run.experiment, most),
        "state": account.standing.value,
        "results": synopsis.tally(account.outcomes) if account.outcomes else "its spec was never on the record",
        "run": shown(run.run_id),
        "begun": f"{clock(run.start_time)}, {ago(run.start_time, now)}",
        "last run": ago(last, now),
        "by": maker_words(run, account.maker, most),
        "command": shown(account.maker.command, most) if account.maker and account.maker.command else "",
        "code": code_words(run),
        "environment": environment_words(account.environment) if account.environment else "",
    }


def _with_rule(notes: tuple[str, ...]) -> list[str]:
    return ["", *notes] if notes else []


def _spec_lines(account: SweepAccount) -> list[str]:
    return str(account.record.document.get("text", "")).rstrip().splitlines()


def _dag_lines(dag: Dag) -> Iterator[str]:
    if len(dag.nodes) < 2:
        return
    rows = [
        (
            shown(node.name),
            f"{node.results:,}",
            duration(node.seconds),
            average(node.sharing) if node.uses else "",
            duration(node.saved) if node.saved else "",
        )
        for node in dag.nodes
    ]
    alignment = ("left", "right", "right", "right", "right")
    yield from tabulate(rows, _DAG_HEADERS, "simple", colalign=alignment, disable_numparse=True).splitlines()
    if dag.saved:
        yield ""
        yield f"sharing saved {duration(dag.saved)} of computing"


def _packages(environment: Environment) -> Iterator[str]:
    return (f"{shown(name)} {shown(version)}" for name, version in environment.packages.items())
