"""Parameters of upstream tasks, set from outside: ``Family.param`` in a spec.

An override replaces a parameter's default while a DAG is built; an explicit argument in ``requires()`` wins. The
overrides that reach an instance through its upstream are part of its Luigi identity, so that two points that differ
only upstream are two instances; instances that none reaches stay shared. An override equal to the default changes
nothing and counts as reaching, not as used.
"""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import luigi

from sweeper.identity import canonical_json, digest
from sweeper.task.parameters import coerce, identity_value


@dataclass(frozen=True, slots=True)
class Override:
    """A value for a parameter of all tasks of a family; compared by the value's canonical form."""

    family: str
    param: str
    value: Any = field(compare=False)
    form: str = field(default="", repr=False)

    @classmethod
    def of(cls, task: type[luigi.Task], param: str, value: Any) -> Override:
        """Return the override of a parameter of a task class, with the value in the parameter's own type."""
        parameter = dict(task.get_params())[param]
        value = parameter.normalize(coerce(parameter, value))
        return cls(task.get_task_family(), param, value, canonical_json(identity_value(parameter, value)))


_OPEN = "_sweeper_open"
"""The attribute of a sealed ``requires`` that holds the one the author wrote."""

Overrides = frozenset[Override]
NONE: Overrides = frozenset()


@dataclass(frozen=True, slots=True)
class Trace:
    """Which overrides a DAG was reached by, and which of them changed something in it."""

    reached: Overrides = NONE
    used: Overrides = NONE

    def __or__(self, other: Trace) -> Trace:
        return Trace(self.reached | other.reached, self.used | other.used)


_active: ContextVar[Overrides] = ContextVar("active overrides", default=NONE)
_traces: ContextVar[list[Trace] | None] = ContextVar("traces of the instances built here", default=None)


def are_active() -> bool:
    """Whether instances built now must look for overrides."""
    return bool(_active.get())


def instantiate(
    task: type[luigi.Task], values: Mapping[str, Any], overrides: Iterable[Override] = ()
) -> tuple[luigi.Task, Trace]:
    """Return an instance whose DAG obeys the overrides, and what they did."""
    wanted = frozenset(overrides)
    if not wanted:
        return task(**values), Trace()
    with _building(wanted) as traces:
        instance = task(**values)
    return instance, functools.reduce(Trace.__or__, traces, Trace())


def carried(task: luigi.Task) -> Overrides:
    """Return the overrides that reach an instance through its upstream."""
    found: Overrides = task.__dict__.get("_sweeper_overrides", NONE)
    return found


def build(
    task: type[luigi.Task], make: Callable[..., luigi.Task], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> luigi.Task:
    """Build an instance under the active overrides: those of its own family become arguments, the rest are carried."""
    active = _active.get()
    own = _applicable(task, active, args, kwargs)
    base = make(*args, **kwargs, **{override.param: override.value for override in own})
    upstream = _upstream_trace(base, active)
    traces = _traces.get()
    if traces is not None:
        traces.append(Trace(own, _changing(task, own)) | upstream)
    return _variant(base, upstream.used) if upstream.used else base


def sealed(requires: Callable[[luigi.Task], Any]) -> Callable[[luigi.Task], Any]:
    """Return a ``requires`` that is evaluated once an instance, under the overrides that the instance carries."""
    if hasattr(requires, _OPEN):
        return requires

    @functools.wraps(requires)
    def once(self: luigi.Task) -> Any:
        known = self.__dict__.setdefault("_sweeper_requires", {})
        if once not in known:
            with _building(carried(self)):
                found = requires(self)
                known[once] = list(found) if inspect.isgenerator(found) else found
        return copy.copy(known[once])  # the caller may add to its own

    setattr(once, _OPEN, requires)
    return once


@contextlib.contextmanager
def _building(overrides: Overrides) -> Iterator[list[Trace]]:
    traces: list[Trace] = []
    active, collecting = _active.set(overrides), _traces.set(traces)
    try:
        yield traces
    finally:
        _active.reset(active)
        _traces.reset(collecting)


def _applicable(
    task: type[luigi.Task], active: Overrides, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Overrides:
    """Return the overrides of the task's own parameters that no explicit argument stands against."""
    family = task.get_task_family()
    own = [override for override in active if override.family == family]
    if not own:
        return NONE
    positional = [name for name, parameter in task.get_params() if parameter.positional]
    explicit = {*positional[: len(args)], *kwargs}
    return frozenset(override for override in own if override.param not in explicit)


def _changing(task: type[luigi.Task], own: Overrides) -> Overrides:
    """Return those whose value is not what the parameter would be anyway."""
    parameters, family = dict(task.get_params()), task.get_task_family()

    def changes(override: Override) -> bool:
        parameter = parameters[override.param]
        if not parameter.has_task_value(family, override.param):
            return True
        default = coerce(parameter, parameter.task_value(family, override.param))
        return canonical_json(identity_value(parameter, default)) != override.form

    return frozenset(filter(changes, own))


def _upstream_trace(base: luigi.Task, active: Overrides) -> Trace:
    known: dict[Overrides, Trace] = base.__dict__.setdefault("_sweeper_traces", {})
    if active not in known:
        with _building(active) as traces:
            requires = type(base).requires
            getattr(requires, _OPEN, requires)(base)
        known[active] = functools.reduce(Trace.__or__, traces, Trace())
    return known[active]


def _variant(base: luigi.Task, used: Overrides) -> luigi.Task:
    """Return the instance like ``base`` that carries overrides: one for each set of them."""
    known: dict[Overrides, luigi.Task] = base.__dict__.setdefault("_sweeper_variants", {})
    if used not in known:
        variant = copy.copy(base)
        for cache in ("_sweeper_requires", "_sweeper_traces", "_sweeper_variants", "_sweeper_key"):
            variant.__dict__.pop(cache, None)
        mark = digest(sorted((override.family, override.param, override.form) for override in used))[:16]
        variant.task_id = f"{base.task_id}_{mark}"
        variant.__dict__ |= {"_sweeper_overrides": used, "_Task__hash": hash(variant.task_id)}
        known[used] = variant
    return known[used]
