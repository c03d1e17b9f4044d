"""Sweeps as the store would remember them, written down by hand."""

from __future__ import annotations

import itertools
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sweeper.identity import digest
from sweeper.points import Point
from sweeper.report.lineage.trace import Lineage
from sweeper.report.question import STANDARD, Question
from sweeper.report.sources.foreign import ExperimentRuns
from sweeper.report.sources.observations import Observations, observe
from sweeper.report.sources.outcomes import outcomes
from sweeper.report.tables.table import Table, answer
from sweeper.spec import load
from sweeper.store.assignments import encode
from sweeper.store.records import Blocked, RunRecord, RunStatus, SweepRecord
from sweeper.store.tags import PARENT_TAG, Tag
from sweeper.store.trials import Told, Trial, TrialState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "bert_lr"
EXPERIMENT = "by_hand"
STUDY = """
task = "news:TrainClassifier"
metric = "accuracy"

[fixed]
epochs = 20

[study]
trials = 12
constraints = ["cost <= 60"]

[study.space]
optimizer = { choice = ["adam", "sgd"] }
learning_rate = { float = [1e-5, 1e-1], log = true }
momentum = { float = [0, 0.9], step = 0.1, when = { optimizer = "sgd" } }

[grid]
seed = [0, 1]
"""
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

ALONE = Lineage({})
"""Of runs that required nothing."""

_numbers = itertools.count(1)


def sweep(
    toml: str,
    runs: Iterable[RunRecord] = (),
    blocked: Iterable[Blocked] = (),
    trials: Iterable[Trial] = (),
    name: str = NAME,
) -> SweepRecord:
    """Return the record of a sweep whose spec is the given text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"{name}.toml")
        path.write_text(toml, encoding="utf-8")
        document = load(path).to_document()
    return SweepRecord(name, run({}), json.loads(json.dumps(document)), tuple(runs), tuple(blocked), tuple(trials))


def run(
    *points: Mapping[str, Any],
    status: RunStatus = RunStatus.FINISHED,
    metrics: Mapping[str, float] | None = None,
    start: int = 1000,
    end: int | None = 3500,
    key: str = "",
    run_id: str = "",
    artifact_uri: str = "file:///store/a%20b/artifacts",
    sweeps: Iterable[str] = (NAME,),
    params: Mapping[str, str] | None = None,
    **tags: str,
) -> RunRecord:
    """Return a run that stands for some points of some sweeps; a finished one is a result.

    ``params`` are those of its task; by default the parameters of its first point.
    """
    identity = key or f"1-{digest(points[0])}"
    forms = [Point.of(point).to_record() for point in points]
    committed = {Tag.KEY: identity} if status is RunStatus.FINISHED else {}
    return RunRecord(
        run_id=run_id or f"run{next(_numbers):03}",
        experiment="train_classifier",
        status=status,
        start_time=start,
        end_time=end if status.is_over else None,
        artifact_uri=artifact_uri,
        params={name: str(value) for name, value in points[0].items()} if params is None and points else params or {},
        tags={
            **{tag: text for name in sweeps for tag, text in encode(name, forms).items()},
            Tag.CLAIM: identity,
            Tag.LOG: "task.log",
            **committed,
            **{f"sweeper.{name}": value for name, value in tags.items()},
        },
        metrics=metrics or {},
    )


def foreign(
    params: Mapping[str, str],
    status: RunStatus = RunStatus.FINISHED,
    parent: str = "",
    run_id: str = "",
    **metrics: float,
) -> RunRecord:
    """Return a run that sweeper did not make."""
    number = next(_numbers)
    return RunRecord(
        run_id=run_id or f"run{number:03}",
        experiment=EXPERIMENT,
        status=status,
        start_time=number,
        end_time=number + 1000 if status.is_over else None,
        artifact_uri="file:///store/by-hand/artifacts",
        params=params,
        tags={PARENT_TAG: parent} if parent else {},
        metrics=metrics,
    )


def experiment(*runs: RunRecord) -> ExperimentRuns:
    """Return an experiment and its runs."""
    return ExperimentRuns(EXPERIMENT, runs)


def failed(point: Mapping[str, Any], reason: str = "ValueError: no", **more: Any) -> RunRecord:
    """Return a run that raised."""
    return run(point, status=RunStatus.FAILED, reason=reason, **more)


def trial(number: int, values: Mapping[str, Any], told: Told | None = None) -> Trial:
    """Return a trial that was asked for when all before it were known."""
    return Trial(number, values, seen=number, told=told, run_id=f"trial{number}")


def complete(order: int, *values: float, **more: Any) -> Told:
    """Return what is told of a trial that has values."""
    return Told(order, TrialState.COMPLETE, values, **more)


def pruned(order: int, step: int) -> Told:
    """Return what is told of a trial that was pruned at a step."""
    steps = {number: 0.1 * number for number in range(1, step + 1)}
    return Told(order, TrialState.PRUNED, steps=steps, reason=f"pruned at step {step}")


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


def study() -> SweepRecord:
    """Return a study in which a trial ends in every way, and of which not all is over."""
    tried: list[dict[str, Any]] = [
        {"optimizer": "adam", "learning_rate": 0.00123456},
        {"optimizer": "sgd", "learning_rate": 0.0204, "momentum": 0.3},
        {"optimizer": "adam", "learning_rate": 0.09},
        {"optimizer": "adam", "learning_rate": 0.00002},
        {"optimizer": "sgd", "learning_rate": 0.01, "momentum": 0.9},
        {"optimizer": "adam", "learning_rate": 0.005},
        {"optimizer": "adam", "learning_rate": 0.006},
        {"optimizer": "sgd", "learning_rate": 0.007, "momentum": 0.0},
        {"optimizer": "adam", "learning_rate": 0.00123456},
        {"optimizer": "adam", "learning_rate": 0.008},
    ]
    first, second, slow, flat, lost, busy, waiting, left, _, curve = tried
    trials = [
        trial(0, first, complete(0, 0.81, constraints=(-20.0,), replicates=2)),
        trial(1, second, complete(2, 0.95, constraints=(-5.0,), replicates=2)),
        trial(2, slow, complete(1, 0.97, constraints=(30.0,), replicates=2)),
        trial(3, flat, pruned(3, 1)),
        trial(4, lost, Told(4, TrialState.FAILED, reason="ValueError: the loss is not finite")),
        trial(5, busy),
        trial(6, waiting),
        trial(7, left),
        trial(8, first, complete(5, 0.81, constraints=(-20.0,), replicates=2)),
        trial(9, curve, pruned(6, 7)),
    ]
    measured = {(0, 0): 0.80, (0, 1): 0.82, (1, 0): 0.94, (1, 1): 0.96, (2, 0): 0.97, (2, 1): 0.97, (3, 0): 0.2}
    cost = {0: 40.0, 1: 55.0, 2: 90.0, 3: 10.0}
    runs = [
        run({**tried[number], "seed": seed}, metrics={"accuracy": value, "cost": cost[number]})
        for (number, seed), value in measured.items()
    ]
    return sweep(
        STUDY,
        [
            *runs,
            failed({**lost, "seed": 0}, "ValueError: the loss is not finite", run_id="bad1"),
            run({**busy, "seed": 0}, status=RunStatus.RUNNING, run_id="busy"),
            run({**curve, "seed": 0}, status=RunStatus.KILLED, run_id="cut1", pruned="yes", reason="pruned at step 7"),
        ],
        [Blocked({**waiting, "seed": 0}, "FetchTitles failed: no such table", "upstream1")],
        trials,
    )


PARETO = """
task = "digits:Fit"

[objectives]
accuracy = "maximize"
seconds = "minimize"

[study]
trials = 5

[study.space]
width = { int = [1, 64] }
"""


def pareto() -> SweepRecord:
    """Return a study of two objectives that is over."""
    measured = [(8, 0.9, 20.0), (64, 0.95, 90.0), (4, 0.9, 30.0), (2, 0.7, 2.5), (32, 0.93, 95.0)]
    trials = [trial(number, {"width": one[0]}, complete(number, *one[1:])) for number, one in enumerate(measured)]
    runs = [
        run({"width": width}, metrics={"accuracy": accuracy, "seconds": seconds})
        for width, accuracy, seconds in measured
    ]
    return sweep(PARETO, runs, trials=trials)


def observed(
    *sources: SweepRecord | ExperimentRuns, question: Question = STANDARD, lineage: Lineage = ALONE
) -> Observations:
    """Return what a question is about, of some sweeps and experiments."""
    found = [one if isinstance(one, ExperimentRuns) else outcomes(one, question.metrics) for one in sources]
    return observe(found, question, lambda _: lineage)


def answered(*sources: SweepRecord | ExperimentRuns, question: Question = STANDARD, lineage: Lineage = ALONE) -> Table:
    """Return the table that a question asks for, of some sweeps and experiments."""
    return answer(question, observed(*sources, question=question, lineage=lineage))
