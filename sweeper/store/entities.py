"""MLflow's entities as the store's records."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow.entities import Metric, Run

from sweeper.store.records import Result, RunRecord, RunStatus
from sweeper.store.tags import Tag
from sweeper.store.values import as_logged


def record_of(run: Run, experiment: str) -> RunRecord:
    """Return a run as a record."""
    return RunRecord(
        run_id=run.info.run_id,
        experiment=experiment,
        status=RunStatus(run.info.status),
        start_time=run.info.start_time,
        end_time=run.info.end_time,
        artifact_uri=run.info.artifact_uri,
        name=run.info.run_name or "",
        params=run.data.params,
        tags=run.data.tags,
        metrics={name: as_logged(value) for name, value in run.data.metrics.items()},
        data=_data(run),
    )


def result_of(run: Run, experiment: str, metrics: Sequence[str]) -> Result:
    """Return a committed run as a result."""
    logged = run.data.metrics
    return Result(
        key=run.data.tags[Tag.KEY],
        run_id=run.info.run_id,
        experiment=experiment,
        artifact_uri=run.info.artifact_uri,
        start_time=run.info.start_time,
        end_time=run.info.end_time,
        task=run.data.tags.get(Tag.TASK, ""),
        source=run.data.tags.get(Tag.SOURCE, ""),
        metrics={name: as_logged(logged[name]) for name in metrics if name in logged},
        has_artifacts=Tag.ARTIFACTS not in run.data.tags,
    )


def curve_of(history: Sequence[Metric]) -> dict[int, float]:
    """Return the values of a metric by ascending step, of several at a step the first that was logged."""
    curve: dict[int, float] = {}
    for point in sorted(history, key=lambda point: point.timestamp):
        curve.setdefault(point.step, as_logged(point.value))  # what was saved in the end may follow at a step
    return dict(sorted(curve.items()))


def _data(run: Run) -> dict[str, str]:
    """Return the digests of the datasets that were logged to a run, by name."""
    digests: dict[str, set[str]] = {}
    for logged in run.inputs.dataset_inputs if run.inputs else ():
        digests.setdefault(logged.dataset.name, set()).add(logged.dataset.digest)
    return {name: ",".join(sorted(digests[name])) for name in sorted(digests)}
