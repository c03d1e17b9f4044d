"""Sweeps as the store would remember them, written down by hand."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.identity import canonical, digest
from sweeper.spec import load
from sweeper.store.base import Blocked, RunRecord, RunStatus, SweepRecord, Tag, sweep_tag

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "bert_lr"
LEARNING_RATES = """
task = "news:TrainClassifier"
metric = "accuracy"
replicates = "seed"

[fixed]
epochs = 20

[grid]
learning_rate = [0.001, 0.01, 0.1, 1.0]
seed = [0, 1, 2]
"""

_numbers = itertools.count(1)


def sweep(toml: str, runs: Iterable[RunRecord] = (), blocked: Iterable[Blocked] = ()) -> SweepRecord:
    """Return the record of a sweep whose spec is the given text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{NAME}.toml")
        path.write_text(toml, encoding="utf-8")
        document = load(path).to_document()
    return SweepRecord(NAME, run({}), json.loads(json.dumps(document)), tuple(runs), tuple(blocked))


def run(
    *points: Mapping[str, Any],
    status: RunStatus = RunStatus.FINISHED,
    metrics: Mapping[str, float] | None = None,
    start: int = 1000,
    end: int | None = 3500,
    key: str = "",
    run_id: str = "",
    artifact_uri: str = "file:///store/a%20b/artifacts",
    **tags: str,
) -> RunRecord:
    """Return a run that stands for some points; a finished one is a result."""
    identity = key or f"1-{digest(points[0])}"
    committed = {Tag.KEY: identity} if status is RunStatus.FINISHED else {}
    return RunRecord(
        run_id=run_id or f"run{next(_numbers):03}",
        experiment="train_classifier",
        status=status,
        start_time=start,
        end_time=end if status.is_over else None,
        artifact_uri=artifact_uri,
        tags={
            sweep_tag(NAME): json.dumps([canonical(point) for point in points]),
            Tag.CLAIM: identity,
            Tag.LOG: "task.log",
            **committed,
            **{f"sweeper.{name}": value for name, value in tags.items()},
        },
        metrics=metrics or {},
    )


def failed(point: Mapping[str, Any], reason: str = "ValueError: no", **more: Any) -> RunRecord:
    """Return a run that raised."""
    return run(point, status=RunStatus.FAILED, reason=reason, **more)


def learning_rates() -> SweepRecord:
    """Return a sweep in which every kind of cell occurs."""
    accuracy = {
        (0.001, 0): 0.8712,
        (0.001, 1): 0.8698,
        (0.001, 2): 0.8745,
        (0.01, 0): 0.9712,
        (0.01, 1): 0.9743,
        (0.01, 2): 0.9681,
        (0.1, 0): 0.95,
        (0.1, 1): 0.97,
    }
    runs = [
        run({"learning_rate": rate, "seed": seed}, metrics={"accuracy": value, "loss": 1 - value})
        for (rate, seed), value in accuracy.items()
    ]
    return sweep(
        LEARNING_RATES,
        [
            *runs,
            failed({"learning_rate": 0.1, "seed": 2}, "ValueError: the loss is not finite", run_id="bad1"),
            run({"learning_rate": 1.0, "seed": 0}, status=RunStatus.RUNNING, run_id="busy"),
        ],
        [Blocked({"learning_rate": 1.0, "seed": 1}, "FetchTitles failed: no such table", "upstream1")],
    )
