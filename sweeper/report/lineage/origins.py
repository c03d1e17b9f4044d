"""Where results come from, by task class: the code, the checkout and the data that made them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweeper.report.lineage.trace import Lineage, task_of
from sweeper.store.records import RunRecord
from sweeper.store.tags import Tag

COMMIT = "mlflow.source.git.commit"
DIRTY = "mlflow.source.git.dirty"


@dataclass(frozen=True, slots=True)
class Origins:
    """Where the results of one task class come from.

    ``sources`` counts them by the digest of the code that made them ('' where none is known), ``commits`` by the git
    commit of the checkout ('' outside of one). ``data`` has the digests of each MLflow dataset that they logged as
    input, by its name.
    """

    results: int = 0
    sources: Mapping[str, int] = field(default_factory=dict)
    commits: Mapping[str, int] = field(default_factory=dict)
    data: Mapping[str, frozenset[str]] = field(default_factory=dict)


def origins(runs: Iterable[RunRecord], lineage: Lineage) -> Mapping[str, Origins]:
    """Return where some results, and all that they were made from, come from: by task class, upstream ones last."""
    made: defaultdict[str, dict[str, RunRecord]] = defaultdict(dict)
    for run in (*runs, *lineage.results.values()):
        made[task_of(run)][run.run_id] = run
    return {task: _origins(of_task.values()) for task, of_task in made.items()}


def is_dirty(run: RunRecord) -> bool:
    """Whether a run was started from a checkout with uncommitted changes, as far as it says."""
    return run.tags.get(DIRTY) == "true"


def _origins(runs: Iterable[RunRecord]) -> Origins:
    runs = list(runs)
    data: defaultdict[str, set[str]] = defaultdict(set)
    for run in runs:
        for name, digest in run.data.items():
            data[name].add(digest)
    return Origins(
        len(runs),
        Counter(run.tags.get(Tag.SOURCE, "") for run in runs),
        Counter(run.tags.get(COMMIT, "") for run in runs),
        {name: frozenset(digests) for name, digests in data.items()},
    )
