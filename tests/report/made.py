"""Results of a pipeline, written down by hand, and a reader that counts what it is asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Tag, upstream_tag

_numbers = itertools.count(1)


def made(
    task: str = "Train",
    params: Mapping[str, str] | None = None,
    upstream: Mapping[str, RunRecord | str] | None = None,
    *,
    key: str = "",
    seconds: float = 2.0,
    start: int = 1_000,
    source: str = "abc",
    data: Mapping[str, str] | None = None,
    metrics: Mapping[str, float] | None = None,
    module: str = "news",
    experiment: str = "",
    **tags: str,
) -> RunRecord:
    """Return a result of a task class; what it required is given as results, or as keys."""
    number = next(_numbers)
    identity = key or f"1-{task}{number}"
    keys = {name: one if isinstance(one, str) else str(one.key) for name, one in (upstream or {}).items()}
    return RunRecord(
        run_id=f"{number:032x}",
        experiment=experiment or task.lower(),
        status=RunStatus.FINISHED,
        start_time=start,
        end_time=start + int(1000 * seconds),
        artifact_uri=f"file:///nowhere/{number}/artifacts",
        params=params or {},
        metrics=metrics or {},
        data=data or {},
        tags={
            **{upstream_tag(name): one for name, one in keys.items()},
            Tag.KIND: "task",
            Tag.TASK: f"{module}:{task}",
            Tag.SOURCE: source,
            Tag.CLAIM: identity,
            Tag.KEY: identity,
            **tags,
        },
    )


def dirty(value: str = "true") -> dict[str, str]:
    """Return the tags of a run from a checkout with uncommitted changes."""
    return {"mlflow.source.git.commit": "c0ffee", "mlflow.source.git.dirty": value}


@dataclass
class Results:
    """A store of results that can only be asked for by their keys; ``asked`` are the keys of each question."""

    known: dict[str, RunRecord]
    asked: list[set[str]] = field(default_factory=list)

    @classmethod
    def of(cls, runs: Iterable[RunRecord]) -> Results:
        """Return the store of some results."""
        return cls({str(run.key): run for run in runs})

    def results_by_key(self, keys: Iterable[str]) -> dict[str, RunRecord]:
        """Return the results with these keys."""
        self.asked.append({*keys})
        return {key: self.known[key] for key in sorted(self.asked[-1]) if key in self.known}
