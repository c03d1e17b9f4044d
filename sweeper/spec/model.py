"""The records of a spec: what a TOML file says, validated and frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sweeper.errors import SpecError
from sweeper.identity import canonical, canonical_json
from sweeper.spec.families import flatten
from sweeper.spec.keep import EVERYTHING, Keep
from sweeper.spec.levels import GENERATORS, LISTED_LEVELS, Level, Progression, generate
from sweeper.spec.names import Names
from sweeper.spec.restore import restore
from sweeper.spec.retry import Retry
from sweeper.spec.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence


class Direction(enum.StrEnum):
    """Which values of the metric are better."""

    MAXIMIZE = "maximize"
    MINIMIZE = "minimize"


@dataclass(frozen=True, slots=True)
class Objective:
    """A metric and which of its values are better."""

    metric: str
    direction: Direction


@dataclass(frozen=True, slots=True)
class Axis:
    """One parameter, or several that vary together, and the levels it takes.

    A level is a tuple with a value for each name. Levels are distinct: of equal ones in a list the first is kept. They
    are a tuple, or a ``Progression`` that computes them.
    """

    names: tuple[str, ...]
    levels: Sequence[Level]
    _known: frozenset[str] = field(init=False, repr=False, compare=False, default=frozenset())

    def __post_init__(self) -> None:
        if not isinstance(self.levels, Progression):
            distinct: dict[str, Level] = {}
            for level in self.levels:
                distinct.setdefault(canonical_json(level), tuple(level))
            object.__setattr__(self, "levels", tuple(distinct.values()))
            object.__setattr__(self, "_known", frozenset(distinct))

    def __contains__(self, level: Level) -> bool:
        """Whether a level equal to this one by its canonical form is among the levels."""
        if isinstance(self.levels, Progression):
            return level in self.levels
        return canonical_json(level) in self._known

    def map(self, convert: Callable[[str, Any], Any]) -> Axis:
        """Return the axis with every value replaced by ``convert(name, value)``.

        A generator of more than ``LISTED_LEVELS`` levels stays lazy: only its ends are converted, and speak for the
        rest; raises ``ValueError`` unless they become ints or floats of the same value. Other levels are listed.
        """
        if isinstance(self.levels, Progression) and len(self.levels) > LISTED_LEVELS:
            (name,) = self.names
            return Axis(self.names, self.levels.as_numbers(lambda value: convert(name, value)))
        return Axis(self.names, [tuple(map(convert, self.names, level)) for level in self.levels])

    def rename(self, rename: Callable[[str], str]) -> Axis:
        """Return the axis with its parameters renamed."""
        return replace(self, names=tuple(map(rename, self.names)))

    def to_document(self) -> dict[str, Any]:
        """Return the axis as plain JSON."""
        if isinstance(self.levels, Progression):
            levels = self.levels
            return {"names": [*self.names], levels.generator: [*levels.arguments], "is_whole": levels.is_whole}
        return {"names": [*self.names], "levels": canonical(self.levels)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the axis that ``to_document`` gave."""
        names = tuple(document["names"])
        if "levels" in document:
            return cls(names, [tuple(restore(level)) for level in document["levels"]])
        (generator,) = document.keys() & set(GENERATORS)
        return cls(names, replace(generate(generator, document[generator]), is_whole=document["is_whole"]))


@dataclass(frozen=True, slots=True)
class Grid:
    """The product of its axes, the first varying slowest; without axes it is the one point that sets nothing."""

    axes: tuple[Axis, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that the grid sets, in the order of its axes."""
        return tuple(name for axis in self.axes for name in axis.names)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Spec:
    """A sweep as its author declared it.

    ``metric`` and ``direction`` are the first objective's, ``more_objectives`` the others. With a ``study`` the only
    grid holds the replicates. ``fixed``, ``rows``, ``exclude`` and enqueued rows may hold a table that is either the
    value of a dict parameter or a family's parameters, until ``resolve`` tells which. ``text`` is the file as read and
    ``overrides`` what the command line changed. ``timeout`` and ``timeouts`` (by task class, which go first) are
    seconds; ``retry`` and ``retries`` (likewise) say how failed tasks are tried again. ``resources`` are the amounts
    that a task needs, by class and name; ``limits`` how much there is of a resource, or how many of a class may run at
    once. Two specs are equal if their documents are.
    """

    name: str
    task: str
    metric: str
    direction: Direction = Direction.MAXIMIZE
    replicates: str | None = None
    fixed: Mapping[str, Any] = field(default_factory=dict)
    grids: tuple[Grid, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    exclude: tuple[Mapping[str, Any], ...] = ()
    more_objectives: tuple[Objective, ...] = ()
    study: Study | None = None
    timeout: float | None = None
    timeouts: Mapping[str, float] = field(default_factory=dict)
    retry: Retry = field(default_factory=Retry)
    retries: Mapping[str, Retry] = field(default_factory=dict)
    resources: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    limits: Mapping[str, float] = field(default_factory=dict)
    keep: Keep = field(default_factory=Keep)
    path: Path | None = None
    text: str = ""
    overrides: tuple[str, ...] = ()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """What the points are compared by; the first is the sweep's metric."""
        return (Objective(self.metric, self.direction), *self.more_objectives)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that every point must log: those of the objectives, then those of the constraints."""
        constrained = (one.metric for one in self.study.constraints) if self.study else ()
        return tuple(dict.fromkeys([*(one.metric for one in self.objectives), *constrained]))

    @property
    def replicate_names(self) -> tuple[str, ...]:
        """The parameters in which the points of one configuration differ."""
        if self.study is not None:
            return tuple(name for grid in self.grids for name in grid.names)
        return () if self.replicates is None else (self.replicates,)

    @property
    def swept(self) -> tuple[str, ...]:
        """The parameters that the study, grids and rows set, in the order in which they first appear."""
        searched = self.study.names if self.study else ()
        in_grids = (name for grid in self.grids for name in grid.names)
        return tuple(dict.fromkeys([*searched, *in_grids, *(name for row in self.rows for name in row)]))

    def resolve(self, families: Container[str], own: str = "") -> Spec:
        """Return the spec with each table named in ``families`` spelled out as ``Family.parameter``.

        What is left of tables are values. ``own`` is the family of the final task, whose parameters then go by their
        names alone. Raises ``SpecError`` with every name that is then set twice, or is excluded, enqueued or a
        replicate and is not one of those that may be.
        """

        def short(name: str) -> str:
            return name.removeprefix(f"{own}.")

        def items(table: Mapping[str, Any]) -> list[tuple[str, Any]]:
            return [(short(name), value) for name, value in flatten(table, families)]

        fixed, rows, exclude = items(self.fixed), [*map(items, self.rows)], [*map(items, self.exclude)]
        enqueue = [*map(items, self.study.enqueue)] if self.study else []
        resolved = replace(
            self,
            fixed=dict(fixed),
            grids=tuple(Grid(tuple(axis.rename(short) for axis in grid.axes)) for grid in self.grids),
            rows=tuple(map(dict, rows)),
            exclude=tuple(map(dict, exclude)),
            replicates=self.replicates and short(self.replicates),
            study=self.study and self.study.rename(short, tuple(map(dict, enqueue))),
        )
        names = Names(
            fixed=[name for name, _ in fixed],
            grids=[[(",".join(axis.names), axis.names) for axis in grid.axes] for grid in resolved.grids],
            rows=[[name for name, _ in row] for row in rows],
            exclude=[[name for name, _ in row] for row in exclude],
            replicates=resolved.replicates,
            space=resolved.study.names if resolved.study else (),
            enqueue=[[name for name, _ in row] for row in enqueue],
        )
        if problems := names.problems(str(self.path or self.name)):
            raise SpecError(problems)
        return resolved

    def to_document(self) -> dict[str, Any]:
        """Return the spec as plain JSON, every value in canonical form."""
        return {
            "name": self.name,
            "path": None if self.path is None else str(self.path),
            "task": self.task,
            "metric": self.metric,
            "direction": self.direction.value,
            "more_objectives": [[one.metric, one.direction.value] for one in self.more_objectives],
            "replicates": self.replicates,
            "fixed": canonical(self.fixed),
            "grids": [[axis.to_document() for axis in grid.axes] for grid in self.grids],
            "rows": canonical(self.rows),
            "exclude": canonical(self.exclude),
            "study": self.study and self.study.to_document(),
            "timeout": self.timeout,
            "timeouts": dict(self.timeouts),
            "retry": self.retry.to_document(),
            "retries": {family: retry.to_document() for family, retry in self.retries.items()},
            "resources": {family: dict(needs) for family, needs in self.resources.items()},
            "limits": dict(self.limits),
            "keep": {"artifacts": self.keep.artifacts},
            "text": self.text,
            "overrides": [*self.overrides],
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the spec that ``to_document`` gave."""
        return cls(
            name=document["name"],
            path=None if document["path"] is None else Path(document["path"]),
            task=document["task"],
            metric=document["metric"],
            direction=Direction(document["direction"]),
            replicates=document["replicates"],
            fixed=restore(document["fixed"]),
            grids=tuple(Grid(tuple(map(Axis.from_document, axes))) for axes in document["grids"]),
            rows=tuple(restore(document["rows"])),
            exclude=tuple(restore(document["exclude"])),
            more_objectives=tuple(
                Objective(metric, Direction(direction)) for metric, direction in document.get("more_objectives", ())
            ),
            study=Study.from_document(document["study"]) if document.get("study") else None,
            timeout=document["timeout"],
            timeouts=dict(document["timeouts"]),
            retry=Retry.from_document(document["retry"]) if "retry" in document else Retry(),
            retries={family: Retry.from_document(one) for family, one in document.get("retries", {}).items()},
            resources={family: dict(needs) for family, needs in document.get("resources", {}).items()},
            limits=dict(document.get("limits", {})),
            keep=Keep.parse(document.get("keep", {}).get("artifacts", EVERYTHING)),
            text=document["text"],
            overrides=tuple(document["overrides"]),
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and canonical_json(self.to_document()) == canonical_json(other.to_document())

    def __hash__(self) -> int:
        return hash(canonical_json(self.to_document()))
