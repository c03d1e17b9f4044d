"""The records of a study: what it searches, by which method, and under which budget."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sweeper.identity import canonical
from sweeper.spec.families import flatten
from sweeper.spec.restore import restore
from sweeper.spec.space import Dimension, words

EVERY_SWEEP = "all"
"""Stands for the names of all sweeps in ``warm_start``."""

_CONSTRAINT = re.compile(r"\s*(?P<metric>[/\w.\- :]+?)\s*(?P<relation><=|>=|<|>)\s*(?P<bound>[-+.\w]+)\s*")
_RELATIONS: Mapping[str, Callable[[float, float], bool]] = {
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """A bound that a metric must keep, as ``train_seconds <= 60``."""

    metric: str
    relation: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the constraint that a text means; raises ``ValueError`` if it means none."""
        match = _CONSTRAINT.fullmatch(text)
        if match is None:
            raise ValueError("is not of the form metric <= number")
        return cls(match["metric"], match["relation"], float(match["bound"]))

    def is_kept(self, value: float) -> bool:
        """Whether a value of the metric keeps the bound."""
        return _RELATIONS[self.relation](value, self.bound)

    def violation(self, value: float) -> float:
        """Return by how much a value breaks the bound: at most 0 if and only if it is kept."""
        if self.is_kept(value):
            return min(0.0, self._excess(value))
        return max(self._excess(value), 5e-324)  # a strict bound that is just met is broken by next to nothing

    def _excess(self, value: float) -> float:
        return value - self.bound if self.relation.startswith("<") else self.bound - value

    def __str__(self) -> str:
        return f"{self.metric} {self.relation} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Component:
    """A sampler or a pruner: its name, and the arguments that it is made with."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """Return the component as plain JSON."""
        return {"name": self.name, "arguments": canonical(self.arguments)}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the component that ``to_document`` gave."""
        return cls(document["name"], restore(document["arguments"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A search that learns.

    ``trials`` is how many points of the space are tried in all, over every run of the sweep; ``timeout`` the seconds
    after which no more are begun, also over every run. ``space`` has each dimension after those that its ``when``
    names. ``warm_start`` names sweeps whose results are known before the first trial; ``enqueue`` are assignments,
    whole or partial, that are tried first. ``reproducible``: what a trial may know is fixed by its number, not by the
    clock.
    """

    space: tuple[Dimension, ...]
    trials: int | None = None
    timeout: float | None = None
    sampler: Component = Component("tpe")
    pruner: Component | None = None
    seed: int = 0
    warm_start: tuple[str, ...] = ()
    enqueue: tuple[Mapping[str, Any], ...] = ()
    constraints: tuple[Constraint, ...] = ()
    reproducible: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters that are searched."""
        return tuple(dimension.name for dimension in self.space)

    def dimension(self, name: str) -> Dimension | None:
        """Return the dimension of a parameter, or None."""
        return next((dimension for dimension in self.space if dimension.name == name), None)

    def resolve(self, families: Container[str]) -> Study:
        """Return the study with the tables of ``families`` in enqueued rows spelled out as ``Family.parameter``."""
        return replace(self, enqueue=tuple(dict(flatten(row, families)) for row in self.enqueue))

    def fits(self, values: Mapping[str, Any]) -> str:
        """Return why an assignment of searched parameters is none of the space's, or ''; it may be partial."""
        for name, value in values.items():
            dimension = self.dimension(name)
            if dimension is None:
                return f"{name} is not searched"
            if value not in dimension.domain:
                return f"{name}={value} lies outside of the space"
        for dimension in self.space:
            known = all(name in values for name in dimension.when)
            if dimension.name in values and known and not dimension.is_active(values):
                return f"{dimension.name} is set only when {words(dimension.when)}"
        return ""

    def to_document(self) -> dict[str, Any]:
        """Return the study as plain JSON, every value in canonical form."""
        return {
            "trials": self.trials,
            "timeout": self.timeout,
            "sampler": self.sampler.to_document(),
            "pruner": self.pruner and self.pruner.to_document(),
            "seed": self.seed,
            "warm_start": [*self.warm_start],
            "enqueue": canonical(self.enqueue),
            "space": [dimension.to_document() for dimension in self.space],
            "constraints": [[one.metric, one.relation, canonical(one.bound)] for one in self.constraints],
            "reproducible": self.reproducible,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Self:
        """Return the study that ``to_document`` gave."""
        return cls(
            trials=document["trials"],
            timeout=document["timeout"],
            sampler=Component.from_document(document["sampler"]),
            pruner=document["pruner"] and Component.from_document(document["pruner"]),
            seed=document["seed"],
            warm_start=tuple(document["warm_start"]),
            enqueue=tuple(restore(document["enqueue"])),
            space=tuple(map(Dimension.from_document, document["space"])),
            constraints=tuple(
                Constraint(metric, relation, restore(bound)) for metric, relation, bound in document["constraints"]
            ),
            reproducible=document["reproducible"],
        )
