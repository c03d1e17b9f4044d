"""Everything that the store knows of one run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sweeper.errors import StoreError
from sweeper.points import Point
from sweeper.report.accounts.environments import Environment, environment_of
from sweeper.report.accounts.logs import log_tail
from sweeper.report.lineage.trace import Lineage, trace, users
from sweeper.report.sources.cells import CellState, unfinished
from sweeper.spec.restore import restore
from sweeper.store.assignments import decode, forms, sweeps_of
from sweeper.store.base import Reader
from sweeper.store.host import Process
from sweeper.store.locate import local_path
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import INVALIDATED, PARENT_TAG, Kind, Tag, sweep_tag

_OF_OTHERS = ("sweeper.", "mlflow.")


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file of a run; ``path`` and ``size`` (bytes) are None if it is not on this machine."""

    name: str
    path: Path | None = None
    size: int | None = None

    @property
    def size_words(self) -> str:
        """The size in words."""
        return "of unknown size" if self.size is None else f"{self.size:,} byte{'' if self.size == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Maker:
    """The sweeper process that made a run, as far as it is known; ``process`` is None where its driver is gone."""

    driver: str
    process: Process | None = None
    command: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """Everything that the store knows of one run.

    ``points`` are those that the run stands for, by sweep. ``uses`` says of upstream results, by key, how many of the
    results of ``sweep`` were made from each; it is one of those sweeps, '' for a run that stands for no point.
    ``artifacts`` is None where they cannot be listed. ``log_tail`` is there for a run that is no result.
    """

    run: RunRecord
    state: str
    reason: str
    points: Mapping[str, Sequence[Point]]
    lineage: Lineage
    sweep: str
    uses: Mapping[str, int]
    maker: Maker | None
    environment: Environment | None
    artifacts: tuple[Artifact, ...] | None
    log_tail: tuple[str, ...]


def account(reader: Reader, run: RunRecord) -> Account:
    """Return everything that the store knows of a run."""
    points = points_of(run)
    sweep = _sweep_of(reader, run, [*points])
    siblings = [other for other in reader.runs_with(sweep_tag(sweep)) if other.key] if sweep else []
    lineage = trace(reader, [run, *siblings])
    state, reason = state_of(run)
    return Account(
        run=run,
        state=state,
        reason=reason,
        points=points,
        lineage=lineage,
        sweep=sweep,
        uses=users(lineage, [other for other in siblings if forms(sweep, other.tags)]),
        maker=maker_of(reader, run),
        environment=environment_of(reader, run),
        artifacts=artifacts_of(reader, run),
        log_tail=() if state == CellState.FINISHED else log_tail(reader, run),
    )


def state_of(run: RunRecord) -> tuple[str, str]:
    """Return how a run stands, in a word, and why it is no result."""
    is_task = run.tags.get(Tag.KIND) == Kind.TASK
    if run.invalidated:
        return INVALIDATED, run.invalidated.removeprefix(INVALIDATED).removeprefix(": ")
    if run.key or (run.status is RunStatus.FINISHED and not is_task):
        return CellState.FINISHED, ""
    if not run.status.is_over:
        return CellState.RUNNING, ""
    cell = unfinished(Point(()), run)
    if cell.state is CellState.MISSING:
        return "superseded" if Tag.SUPERSEDED in run.tags else "killed", cell.reason
    return cell.state, cell.reason


def points_of(run: RunRecord) -> Mapping[str, Sequence[Point]]:
    """Return the points that a run stands for, by sweep."""
    return {name: [_point(one) for one in decode(name, run.tags)] for name in sweeps_of(run.tags)}


def own_tags(run: RunRecord) -> dict[str, str]:
    """Return the tags that a task, or its user, gave a run: neither sweeper's nor MLflow's."""
    return {name: value for name, value in run.tags.items() if not name.startswith(_OF_OTHERS)}


def maker_of(reader: Reader, run: RunRecord) -> Maker | None:
    """Return the process that made a run, None if the run does not say which it was."""
    driver = run.tags.get(Tag.DRIVER)
    if not driver:
        return None
    try:
        tags = reader.run(driver).tags
        return Maker(driver, Process.from_json(tags[Tag.PROCESS]), tags.get(Tag.COMMAND, ""))
    except (StoreError, KeyError, TypeError, ValueError):
        return Maker(driver)


def artifacts_of(reader: Reader, run: RunRecord) -> tuple[Artifact, ...] | None:
    """Return a run's files, None where they cannot be listed."""
    folder = local_path(run.artifact_uri)
    try:
        names = reader.artifact_names(run)
    except StoreError:
        return None
    return tuple(Artifact(name) if folder is None else _local(folder / name, name) for name in names)


def _local(path: Path, name: str) -> Artifact:
    try:
        return Artifact(name, path, path.stat().st_size)
    except OSError:  # gone since it was listed, or a link that leads nowhere
        return Artifact(name, path)


def _sweep_of(reader: Reader, run: RunRecord, names: Sequence[str]) -> str:
    """Return one of the sweeps that a run stands in: the one that made it if it still does."""
    if len(names) > 1 and PARENT_TAG in run.tags:
        try:
            parent = reader.run(run.tags[PARENT_TAG]).tags.get(Tag.NAME, "")
        except StoreError:
            parent = ""
        return parent if parent in names else names[0]
    return names[0] if names else ""


def _point(assignment: Mapping[str, Any]) -> Point:
    return Point.of({name: restore(form) for name, form in assignment.items()})
