"""What a task's nested ``Meta`` classes say, taken together."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from sweeper.errors import TaskError, did_you_mean
from sweeper.store.records import DRIVERS_EXPERIMENT
from sweeper.task.artifact_names import fault_of_names

MOST_CHARACTERS = 250
"""Of an experiment's name; MLflow has 500, some of its databases 256."""


@dataclass(frozen=True, slots=True)
class Meta:
    """A task class's settings.

    ``mlflow_experiment_name``: where its runs go (default: the class name in snake case).
    ``mlflow_artifact_fnames``: ``{name: file name}`` of what it saves.
    ``version``: raise it when the code's meaning changes, and old results count no more.
    ``added``: ``{parameter: value}`` of parameters added later; at that value they leave the identity alone.
    ``formerly``: names (``module:Class``) that the class had before.
    """

    mlflow_experiment_name: str
    mlflow_artifact_fnames: Mapping[str, str] = field(default_factory=dict)
    version: int = 1
    added: Mapping[str, Any] = field(default_factory=dict)
    formerly: tuple[str, ...] = ()


NAMES = tuple(setting.name for setting in fields(Meta))


def read_meta(task: type) -> Meta:
    """Return the settings of a task class: a nested ``Meta`` inherits what it does not set.

    Raises ``TaskError`` for a setting that looks like one of ours and is none, and for a value that it cannot have.
    """
    settings: dict[str, Any] = {}
    for owner in reversed(task.__mro__):
        nested = owner.__dict__.get("Meta")
        if nested is None:
            continue
        for name in dir(nested):
            if name.startswith("mlflow_") and name not in NAMES:
                raise TaskError(f"{task.__name__}.Meta.{name}: no such setting; {did_you_mean(name, NAMES)}")
        settings |= {name: value for name in NAMES if (value := getattr(nested, name, None)) is not None}
    if fault := _fault(settings):
        raise TaskError(f"{task.__name__}.Meta: {fault}")
    return Meta(**({"mlflow_experiment_name": snake_case(task.__name__)} | settings))


def meta_of(task: type) -> Meta:
    """Return the settings of a task class."""
    known: Meta | None = task.__dict__.get("_sweeper_meta")
    if known is None:
        known = read_meta(task)
        type.__setattr__(task, "_sweeper_meta", known)
    return known


def snake_case(name: str) -> str:
    """Return ``TrainBERTModel`` as ``train_bert_model``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return spaced.lower()


def _fault(settings: Mapping[str, Any]) -> str:
    """Return what is wrong with the first setting that has a value which it cannot have; '' if none has."""
    for name, value in settings.items():
        fits, expected = _EXPECTED[name]
        if not fits(value):
            return f"{name} = {value!r:.80}: {expected}"
    return fault_of_names(settings.get("mlflow_artifact_fnames", {}))


def _is_experiment_name(value: Any) -> bool:
    if not isinstance(value, str) or not value.strip() or value == DRIVERS_EXPERIMENT:
        return False
    return value.isprintable() and len(value) <= MOST_CHARACTERS


_EXPECTED: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "mlflow_experiment_name": (
        _is_experiment_name,
        f"an experiment's name is text of 1 to {MOST_CHARACTERS} characters that can be printed, and not sweeper's own",
    ),
    "mlflow_artifact_fnames": (lambda value: isinstance(value, Mapping), "write a dict of names and file names"),
    "version": (lambda value: type(value) is int, "a version is a whole number"),
    "added": (lambda value: isinstance(value, Mapping), "write a dict of parameters and the values they had before"),
    "formerly": (
        lambda value: isinstance(value, list | tuple | set | frozenset) and all(isinstance(one, str) for one in value),
        'write a list of names, as in ["news:TrainClassifier"]',
    ),
}
