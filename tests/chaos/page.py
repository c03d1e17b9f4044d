"""The page on reliability: its figures are written by ``python -m tests.chaos``, between marks; its prose by people."""

from __future__ import annotations

import platform
import re
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from tests.chaos.tally import Sort

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "reliability.md"
COMMAND = "make chaos"
LIBRARIES = ("mlflow", "luigi", "optuna")

_BLOCK = re.compile(r"(?P<begin><!-- figures: (?P<name>\w+) -->\n).*?(?P<end><!-- end of figures -->)", re.DOTALL)

Counted = Mapping[Sort, Counter[str]]


def with_figures(page: str, counted: Counted) -> str:
    """Return a page with its blocks of figures written anew; raises ``KeyError`` for a block that nothing fills."""
    blocks = {
        "kills": _table("what was killed, and how", "times", counted[Sort.KILLS]),
        "faults": _table("fault", "times", counted[Sort.FAULTS]),
        "inputs": _table("input", "tried", counted[Sort.INPUTS]),
        "outcome": _outcome(counted),
        "versions": _versions(),
    }
    return _BLOCK.sub(lambda block: f"{block['begin']}\n{blocks[block['name']]}\n\n{block['end']}", page)


def _outcome(counted: Counted) -> str:
    """Return what the sweeps that were held against an uninterrupted one came to."""
    rows = {
        "sweeps that were killed or had rivals, held against one that nobody disturbed": Sort.SWEEPS,
        "results that they have": Sort.RESULTS,
        "lost": Sort.LOST,
        "computed twice": Sort.TWICE,
    }
    return _table("", "number", Counter({words: counted[sort].total() for words, sort in rows.items()}), has_sum=False)


def _table(head: str, measure: str, counts: Counter[str], *, has_sum: bool = True) -> str:
    rows = [(kind, f"{counts[kind]:,}") for kind in (sorted(counts) if has_sum else counts)]
    if has_sum:
        rows.append(("**in all**", f"**{counts.total():,}**"))
    return "\n".join([f"| {head} | {measure} |", "|---|---|", *(f"| {kind} | {number} |" for kind, number in rows)])


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"Made by `{COMMAND}` with Python {platform.python_version()}, {libraries}."
