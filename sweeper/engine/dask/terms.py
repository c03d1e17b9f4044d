"""What a driver and the workers of a cluster have to agree on before the first task; nothing of it is secret."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import luigi

from sweeper.engine.base import TaskCall, address_of
from sweeper.engine.process import luigi_config
from sweeper.masking import is_secret_name, mask
from sweeper.store.credentials import travelling, variables_set
from sweeper.store.host import Process
from sweeper.store.locate import artifact_root, is_database, sqlite_path
from sweeper.store.records import DRIVERS_EXPERIMENT
from sweeper.task import MlflowTask
from sweeper.task.meta import meta_of
from sweeper.task.source import code_digest, source_digest

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

PACKAGES = ("luigi-sweeper", "luigi", "mlflow", "distributed", "cloudpickle")
"""Distributions of which both sides need the same version."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A task of the sweep as it travels, and a digest of the code behind its class."""

    call: TaskCall
    source: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What a worker has to agree with, and what its processes are given at their start.

    ``versions`` are those of distributions, by name, and ``ours`` is a digest of sweeper's own code; ``samples`` are
    tasks of the sweep, one of each class. ``driver_process`` says which process the driver is, by ``Process.to_json``.
    ``uri`` is the store's address without secrets: ``had_password`` says that it has one here, and ``variables`` name
    what is set here that may open it. ``run_id`` is the driver's run in that store, with its artifacts at
    ``artifact_uri``; ``places`` are where artifacts of the sweep are, or will be, ``artifact_root`` is the folder for
    those of new experiments, '' where the store's address says it. ``patience`` is how many seconds a task waits for a
    store that does not answer.
    """

    python: str
    versions: Mapping[str, str]
    ours: str
    driver_process: str
    uri: str
    had_password: bool
    variables: tuple[str, ...]
    run_id: str
    artifact_uri: str
    places: tuple[str, ...]
    artifact_root: str
    patience: float
    luigi_config: Mapping[str, Mapping[str, str]] = field(repr=False)
    samples: tuple[Sample, ...] = field(repr=False)


def terms_for(tasks: Collection[luigi.Task], store: ApiStore, run_id: str, patience: float) -> Terms:
    """Return what workers have to agree with to execute such tasks, one of each class, for the driver with a run."""
    kinds = [type(task) for task in tasks]
    run = store.run(run_id)
    root = artifact_root(store.uri) if is_database(store.uri) and not sqlite_path(store.uri) else None
    return Terms(
        python=python_version(platform.python_version()),
        versions={name: found for name in (*PACKAGES, *_installed(kinds)) if (found := _version(name))},
        ours=own_digest(),
        driver_process=Process.current().to_json(),
        uri=travelling(store.uri),
        had_password=travelling(store.uri) != store.uri,
        variables=variables_set(),
        run_id=run_id,
        artifact_uri=run.artifact_uri,
        places=(*_places(store, kinds), *([str(root)] if root else [])),
        artifact_root=str(root or ""),
        patience=patience,
        luigi_config=_without_secrets(luigi_config()),
        samples=tuple(Sample(address_of(task), code_digest(type(task))) for task in tasks),
    )


def python_version(version: str) -> str:
    """Return the part of Python's version that both sides need to have in common."""
    return ".".join(version.split(".")[:2])


@cache
def own_digest() -> str:
    """Return a digest of sweeper's own code: two checkouts may bear one version."""
    package = Path(__file__).parents[1]
    files = sorted((file.relative_to(package).as_posix(), file) for file in package.rglob("*.py"))
    parts = [(name, hashlib.sha256(file.read_bytes()).hexdigest()) for name, file in files]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _version(name: str) -> str:
    """Return the version of a distribution that is installed here; '' if it is not."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _installed(kinds: Iterable[type[luigi.Task]]) -> list[str]:
    """Return the distributions that task classes come from; none for those of the user's own files."""
    tops = {kind.__module__.partition(".")[0] for kind in kinds if not source_digest(kind)} - {"luigi", "sweeper"}
    owners = importlib.metadata.packages_distributions() if tops else {}  # takes a second
    return sorted({name for top in tops for name in owners.get(top, [])})


def _places(store: ApiStore, kinds: Iterable[type[luigi.Task]]) -> list[str]:
    """Return where the artifacts of the tasks' experiments are, of those that there are, and of the driver's."""
    names = {meta_of(kind).mlflow_experiment_name for kind in kinds if issubclass(kind, MlflowTask)}
    homes = store.artifact_homes()
    return sorted({home for name, home in homes.items() if name in {*names, DRIVERS_EXPERIMENT}})


def _without_secrets(settings: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return Luigi's settings but for those that are secret: a worker has its own."""
    return {
        section: {name: value for name, value in values.items() if not is_secret_name(name) and mask(value) == value}
        for section, values in settings.items()
    }
