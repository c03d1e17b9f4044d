"""What a task's nested ``Meta`` classes say, taken together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import PurePosixPath
from typing import Any

from sweeper.errors import TaskError, did_you_mean


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

    Raises ``TaskError`` for a setting that looks like one of ours and is none, and for a file name outside its folder.
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
    meta = Meta(**({"mlflow_experiment_name": snake_case(task.__name__)} | settings))
    for name, file_name in meta.mlflow_artifact_fnames.items():
        path = PurePosixPath(file_name)
        if path.is_absolute() or ".." in path.parts or not path.name:
            raise TaskError(f"{task.__name__}.Meta: artifact {name!r} is not a file inside its folder: {file_name!r}")
    return meta


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
