"""From a file and a command line to a spec: read, validate, check the names, apply the overrides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sweeper.errors import Problem, SpecError
from sweeper.spec import overrides as command_line
from sweeper.spec.agreement import disagreements
from sweeper.spec.checks import EVERY_TASK, Invalid, sweep_name
from sweeper.spec.document import Document, validate
from sweeper.spec.families import spellings
from sweeper.spec.grid_table import axis_entries
from sweeper.spec.keep import Keep
from sweeper.spec.model import Direction, Grid, Objective, Spec
from sweeper.spec.names import Names
from sweeper.spec.retry import Retry
from sweeper.spec.retry_table import retries
from sweeper.spec.space import ordered
from sweeper.spec.study import Study
from sweeper.spec.study_table import StudyTable, space_entries
from sweeper.spec.tables import split_names
from sweeper.spec.toml import read, to_toml

if TYPE_CHECKING:
    from pathlib import Path


def load(path: Path, overrides: Sequence[str] = ()) -> Spec:
    """Read the spec in a TOML file, changed by the ``-p`` strings of a command line.

    Raises ``SpecError`` with every problem of both. ``Spec.resolve`` finds those that need the families' names.
    """
    changes, problems = command_line.parse(overrides)
    try:
        text, contents = read(path)
    except SpecError as error:
        raise SpecError([*error.problems, *problems]) from None
    document, invalid = validate(contents, str(path))
    names = _names(contents)
    overridden = {name for change in changes for name in change.names}
    problems = [
        *invalid,
        *disagreements(contents, str(path)),
        *_stem_problems(path, contents),
        *replace(names, also_swept=names.also_swept | overridden).problems(str(path)),
        *problems,
        *command_line.conflicts(changes, names),
    ]
    if document is None or problems:
        raise SpecError(problems)
    return command_line.apply(_spec(document, path, text, tuple(overrides)), changes)


def _spec(document: Document, path: Path, text: str, overrides: tuple[str, ...]) -> Spec:
    timeouts, by_task = dict(document.timeout), retries(document.retry)
    directions = document.objectives or {document.metric or "": document.direction or Direction.MAXIMIZE}
    first, *more = (Objective(metric, Direction(word)) for metric, word in directions.items())
    return Spec(
        name=document.name or path.stem,
        task=document.task,
        metric=first.metric,
        direction=first.direction,
        more_objectives=tuple(more),
        study=_study(document.study),
        replicates=document.replicates,
        fixed=document.fixed,
        grids=tuple(Grid(tuple(table.values())) for table in document.grid),
        rows=tuple(document.points),
        exclude=tuple(document.exclude),
        timeout=timeouts.pop(EVERY_TASK, None),
        timeouts=timeouts,
        retry=by_task.pop(EVERY_TASK, Retry()),
        retries=by_task,
        resources=document.resources,
        limits=document.limits,
        keep=Keep.parse(document.keep.artifacts),
        path=path,
        text=text,
        overrides=overrides,
    )


def _study(table: StudyTable | None) -> Study | None:
    if table is None:
        return None
    return Study(
        space=ordered([*table.space.values()]),
        trials=table.trials,
        timeout=table.timeout,
        sampler=table.sampler,
        pruner=table.pruner,
        seed=table.seed,
        warm_start=table.warm_start,
        enqueue=tuple(table.enqueue),
        constraints=tuple(table.constraints),
        reproducible=table.reproducible,
    )


def _stem_problems(path: Path, contents: Mapping[str, Any]) -> list[Problem]:
    """Return what keeps the file's stem from naming the sweep, if it has to."""
    try:
        if "name" not in contents:
            sweep_name(path.stem)
    except Invalid as error:
        return [Problem(str(path), "name", error.reason, to_toml(path.stem), error.remedy)]
    return []


def _names(contents: Mapping[str, Any]) -> Names:
    """Return the names in a file that may be invalid otherwise; tables that may be families are left for later."""
    grid, study = contents.get("grid"), _table(contents.get("study"))
    rows, exclude = (_tables(contents.get(key)) for key in ("points", "exclude"))
    replicates = contents.get("replicates")
    return Names(
        fixed=_certain(contents.get("fixed")),
        grids=[
            [(entry.key, split_names(entry.key)) for entry in axis_entries(table)]
            for table in _tables([grid] if isinstance(grid, Mapping) else grid)
        ],
        rows=[_certain(row) for row in rows],
        exclude=[_certain(row) for row in exclude],
        replicates=replicates if isinstance(replicates, str) else None,
        space=[entry.key for entry in space_entries(_table(study.get("space")))],
        enqueue=[_certain(row) for row in _tables(study.get("enqueue"))],
        also_swept=frozenset(name for row in rows for name in spellings(row)),
        is_union=isinstance(grid, list),
    )


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _tables(value: Any) -> list[Mapping[str, Any]]:
    return [_table(item) for item in value] if isinstance(value, list) else []


def _certain(table: Any) -> list[str]:
    return [key for key, value in _table(table).items() if not isinstance(value, Mapping)]
