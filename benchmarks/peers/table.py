"""What was measured, as Markdown."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from benchmarks.peers.measuring import Measurement, Workload
from benchmarks.peers.tools import BASE, Tool

Rounds = Mapping[Tool, Sequence[Measurement | str]]
"""For each tool what each of its rounds came to: what was measured, or why nothing was."""


def table(workload: Workload, rounds: Rounds) -> str:
    """Return a row a tool: medians over the rounds, beside those of the bare client."""
    kind = f"that sleep {workload.seconds:g} s" if workload.seconds else "that do nothing"
    base = _median(_measured(rounds.get(BASE, ())), "trial_ms")
    heads = [f"{workload.trials} trials {kind}", "workers", "ms a trial", "beside the bare client"]
    rows = [[*heads, "whole command, s", "runs recorded"], ["---"] * 6]
    rows += [[tool.title, str(tool.workers), *_cells(results, base, workload)] for tool, results in rounds.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _cells(results: Sequence[Measurement | str], base: float | None, workload: Workload) -> list[str]:
    """Return the cells of one tool; one that failed in any round says so in the last."""
    failures = [result for result in results if isinstance(result, str)]
    measured = _measured(results)
    milliseconds, seconds = _median(measured, "trial_ms"), _median(measured, "command_seconds")
    fewest = min((one.recorded for one in measured), default=0)
    ratio = "" if milliseconds is None or not base else f"{milliseconds / base:.2f}"
    recorded = "; ".join([f"{fewest} of {workload.trials}"] * bool(measured) + sorted(set(failures)))
    return [_shown(milliseconds), ratio, _shown(seconds), recorded.replace("|", "\\|")]


def _measured(results: Sequence[Measurement | str]) -> list[Measurement]:
    return [result for result in results if isinstance(result, Measurement)]


def _median(measured: Sequence[Measurement], name: str) -> float | None:
    return statistics.median(getattr(one, name) for one in measured) if measured else None


def _shown(number: float | None) -> str:
    if number is None:
        return ""
    return f"{number:.1f}" if number < 100 else f"{number:,.0f}"
