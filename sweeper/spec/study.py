"""The records of a study: what it searches, by which method, and under which budget."""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from sweeper.identity import canonical
from sweeper.spec.checks import metric_name
from sweeper.spec.families import lookup, without
from sweeper.spec.restore import restore
from sweeper.spec.space import Dimension, fix, is_among, words
from sweeper.spec.toml import to_toml

EVERY_SWEEP = "all"
"""Stands for the names of all sweeps in ``warm_start``."""

_CONSTRAINT = re.compile(r"\s*(?P<metric>[^<>=]+?)\s*(?P<relation><=|>=|<|>)\s*(?P<bound>[-+.\w]+)\s*")
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
        if match is None or not math.isfinite(bound := float(match["bound"])):
            raise ValueError("is not of the form metric <= number")
        return cls(metric_name(match["metric"]), match["relation"], bound)

    def is_kept(self, value: float) -> bool:
        """Whether a value of the metric keeps the bound."""
        return _RELATIONS[self.relation](value, self.bound)

    def violation(self, value: float) -> float:
        """Return by how much a value breaks the bound: at most 0 if and only if it is kept."""
        excess = value - self.bound if self.relation.startswith("<") else self.bound - value
        if excess or self.is_kept(value):
            return excess
        return math.ulp(0.0)  # a strict bound that is just met is broken by next to nothing

    def __str__(self) -> str:
        return f"{self.metric} {self.relation} {str(self.bound).removesuffix('.0')}"


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
    trials: int
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

    def rename(self, rename: Callable[[str], str], enqueue: tuple[Mapping[str, Any], ...]) -> Study:
        """Return the study with its parameters renamed, and these rows."""
        return replace(self, space=tuple(dimension.rename(rename) for dimension in self.space), enqueue=enqueue)

    def fix(self, name: str, value: Any) -> Study:
        """Return the study with a parameter, now of one value, no longer searched, nor what it then leaves unset.

        Enqueued rows lose those names; a row that had another value for the parameter goes.
        """
        space = fix(self.space, name, value)
        gone = set(self.names) - {dimension.name for dimension in space}
        agreeing = (row for row in self.enqueue if all(is_among(each, (value,)) for each in lookup(row, name)))
        rows = (functools.reduce(without, gone, row) for row in agreeing)
        return replace(self, space=space, enqueue=tuple(row for row in rows if row))

    def fits(self, values: Mapping[str, Any]) -> str:
        """Return why an assignment of searched parameters is none of the space's, or ''; it may be partial."""
        return next((f"{name} {reason}" for name, reason in self.misfits(values)), "")

    def misfits(self, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield each parameter of an assignment that is not as the space has it, and why; it may be partial."""
        for name in values:
            if self.dimension(name) is None:
                yield name, "is not searched"
        unset: set[str] = set()
        for dimension in self.space:
            name = dimension.name
            if name in values and values[name] not in dimension.domain:
                yield name, f"is never {to_toml(values[name])} in the space"
            if any(
                other in unset or (other in values and not is_among(values[other], wanted))
                for other, wanted in dimension.when.items()
            ):
                unset.add(name)
                if name in values:
                    yield name, f"is set only when {words(dimension.when)}"

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
