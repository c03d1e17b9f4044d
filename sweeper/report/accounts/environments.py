"""The environment in which a sweep last started, as far as that is the one in which a run was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sweeper.errors import StoreError
from sweeper.files import read_plain
from sweeper.store.base import Reader
from sweeper.store.records import ENVIRONMENT_ARTIFACT, RunRecord
from sweeper.store.tags import PARENT_TAG, Kind, Tag


@dataclass(frozen=True, slots=True)
class Environment:
    """The Python, the machine and the installed distributions with their versions, when a sweep last started.

    ``is_certain``: the run was made by that very start, and not by an earlier one.
    """

    sweep: str
    python: str = ""
    platform: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    is_certain: bool = True


def environment_of(reader: Reader, run: RunRecord) -> Environment | None:
    """Return the environment of the sweep that made a run, or None if nothing is known of it."""
    sweep = sweep_run_of(reader, run)
    if sweep is None:
        return None
    try:
        said = json.loads(read_plain(reader.artifact(sweep, ENVIRONMENT_ARTIFACT)))
    except (OSError, ValueError, StoreError):
        return None
    if not isinstance(said, dict):
        return None
    return Environment(
        sweep.tags.get(Tag.NAME, ""),
        str(said.get("python", "")),
        str(said.get("platform", "")),
        _packages(said.get("packages")),
        is_certain=run.tags.get(Tag.DRIVER) == sweep.tags.get(Tag.DRIVER),
    )


def sweep_run_of(reader: Reader, run: RunRecord) -> RunRecord | None:
    """Return the run of the sweep that made a run; of one that is only upstream, if the sweep started but once."""
    if run.tags.get(Tag.KIND) == Kind.SWEEP:
        return run
    driver = run.tags.get(Tag.DRIVER)
    sweeps = reader.runs_with(Tag.KIND, Kind.SWEEP) if driver else []
    parents = [sweep for sweep in sweeps if sweep.run_id == run.tags.get(PARENT_TAG)]
    return next(iter(parents or [sweep for sweep in sweeps if sweep.tags.get(Tag.DRIVER) == driver]), None)


def _packages(said: Any) -> Mapping[str, str]:
    return {str(name): str(version) for name, version in said.items()} if isinstance(said, dict) else {}
