"""The class of task classes: it checks them, and takes part in making their instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast
from weakref import WeakKeyDictionary

import luigi
from luigi.task_register import Register

from sweeper.errors import TaskError
from sweeper.task import overrides
from sweeper.task.instances import exact

_FINAL = {"run": "_run, which run() wraps", "save_to_mlflow": "the functions given to it"}


MOST_INSTANCES = 10_000
"""How many instances Luigi's cache holds at most. It lets go of none by itself, and who still needs one has it."""

_parameters: WeakKeyDictionary[type, list[tuple[str, Any]]] = WeakKeyDictionary()


class TaskType(Register):
    """The class of task classes: checks them, and lets overrides take part in making instances."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any) -> Any:
        """Make a task class, with a ``requires`` that is evaluated once an instance."""
        ours = [base for base in bases if isinstance(base, TaskType)]
        if ours:
            for method, remedy in _FINAL.items():
                if method in namespace:
                    raise TaskError(f"{name}.{method}: MlflowTask's own is final; write {remedy}")
            for attribute, value in namespace.items():
                if isinstance(value, luigi.Parameter) and any(_is_api(base, attribute) for base in ours):
                    raise TaskError(
                        f"{name}.{attribute}: MlflowTask has an attribute of this name; rename the parameter"
                    )
        if "requires" in namespace:
            namespace["requires"] = overrides.sealed(namespace["requires"])
        return super().__new__(cls, name, bases, namespace, **kwargs)

    def __setattr__(cls, name: str, value: Any) -> None:
        """Set an attribute of the class, as Luigi's decorators do with ``requires`` and with parameters."""
        _parameters.clear()
        super().__setattr__(name, overrides.sealed(value) if name == "requires" else value)

    def parameters(cls, find: Callable[[], list[tuple[str, Any]]]) -> list[tuple[str, Any]]:
        """Return the parameters of the class, found once: Luigi looks through all attributes at each call."""
        if cls not in _parameters:
            _parameters[cls] = find()
        return _parameters[cls]

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """Return the instance for these arguments, under the overrides that are active."""
        cached = super().__call__

        def make(*args: Any, **kwargs: Any) -> luigi.Task:
            return exact(cached(*args, **kwargs), args, kwargs)

        instances = TaskType._Register__instance_cache  # type: ignore[attr-defined]
        if instances and len(instances) > MOST_INSTANCES:
            instances.clear()
        if not overrides.are_active():
            return make(*args, **kwargs)
        return overrides.build(cast("type[luigi.Task]", cls), make, args, kwargs)


def _is_api(base: type, attribute: str) -> bool:
    """Whether an attribute is part of the base task; a parameter of a user's base class may be declared again."""
    return hasattr(base, attribute) and not isinstance(getattr(base, attribute), luigi.Parameter)
