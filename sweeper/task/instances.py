"""One instance a value: to Luigi's instance cache ``[1]``, ``[1.0]`` and ``[true]`` are equal, and so one task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import luigi

from sweeper.identity import canonical_json
from sweeper.task.parameters import identity_value


def exact(cached: luigi.Task, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> luigi.Task:
    """Return the instance for these arguments, given the one that Luigi's cache has: that, or one that looks alike."""
    if not any(isinstance(value, tuple | Mapping) for value in cached.param_kwargs.values()):
        return cached
    task = type(cached)
    wanted = _form(task, task.get_param_values(task.get_params(), args, kwargs))
    if wanted == _form(task, cached.param_kwargs.items()):
        return cached
    look_alikes: dict[str, luigi.Task] = cached.__dict__.setdefault("_sweeper_look_alikes", {})
    if wanted not in look_alikes:
        look_alikes[wanted] = type.__call__(task, *args, **kwargs)
    return look_alikes[wanted]


def _form(task: type[luigi.Task], values: Iterable[tuple[str, Any]]) -> str:
    parameters = dict(task.get_params())
    return canonical_json({name: identity_value(parameters[name], value) for name, value in values})
