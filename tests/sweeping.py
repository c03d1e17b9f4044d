"""Run sweeps as ``sweeper run`` does, in this process, and remember what was told of them."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import luigi
import luigi.configuration
from luigi.task_register import Register

from sweeper.policy import STANDARD, Policy
from sweeper.session import EngineName, run_spec
from sweeper.store import open_reader
from sweeper.store.records import RunRecord, RunStatus
from sweeper.store.tags import Kind, Tag
from sweeper.task import source

if TYPE_CHECKING:
    from sweeper.listener import Summary
    from sweeper.points import Count
    from sweeper.search.base import Outcome
    from sweeper.spec import Spec

CHAIN = "tests.pipelines.chain"
CURVES = "tests.pipelines.curves"
TROUBLE = "tests.pipelines.trouble"
TYPED = "tests.pipelines.typed"


@dataclass
class Recorder:
    """A listener that remembers."""

    outcomes: list[Outcome] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)

    def began(self, spec: Spec, expected: Count) -> None:
        """Take note of nothing."""

    def told(self, outcome: Outcome) -> None:
        """Remember an outcome."""
        self.outcomes.append(outcome)

    def running(self, tasks: list[luigi.Task]) -> None:
        """Take note of nothing."""

    def noticed(self, message: str) -> None:
        """Remember a message."""
        self.messages.append(message)


@dataclass
class Swept:
    """What a sweep came to."""

    summary: Summary
    outcomes: list[Outcome]
    messages: list[str]

    @property
    def states(self) -> dict[str, int]:
        """How many points ended in each state."""
        return {state.value: number for state, number in self.summary.states.items() if number}

    @property
    def reasons(self) -> dict[str, str]:
        """Why points have no result, by point."""
        return {str(outcome.point): outcome.reason for outcome in self.outcomes if outcome.reason}


@contextlib.contextmanager
def luigi_settings(settings: Mapping[str, Mapping[str, str]]) -> Iterator[None]:
    """Add sections to Luigi's configuration while the context lasts."""
    config = luigi.configuration.get_config()
    config.read_dict(settings)
    try:
        yield
    finally:
        for section in settings:
            config.remove_section(section)


def write_spec(text: str, name: str = "sweep") -> Path:
    """Write a spec into the working directory."""
    path = Path.cwd() / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def sweep(
    text: str,
    uri: str,
    *overrides: str,
    name: str = "sweep",
    engine: EngineName = EngineName.INLINE,
    workers: int = 1,
    gpus: str | None = None,
    address: str | None = None,
    policy: Policy = STANDARD,
    listener: Recorder | None = None,
) -> Swept:
    """Run the sweep that a spec declares, in this process unless another engine is asked for."""
    recorder = listener or Recorder()
    summary = run_spec(
        write_spec(text, name),
        recorder,
        overrides=overrides,
        engine=engine,
        workers=workers,
        gpus=gpus,
        address=address,
        tracking_uri=uri,
        policy=policy,
    )
    return Swept(summary, recorder.outcomes, recorder.messages)


def runs(uri: str, experiment: str = "") -> list[RunRecord]:
    """Return the runs of tasks that a store holds, oldest first."""
    records = open_reader(uri).runs_with(Tag.KIND, Kind.TASK)
    return [record for record in records if experiment in ("", record.experiment)]


def counts(uri: str) -> dict[str, int]:
    """Return how many runs of tasks each experiment has."""
    return dict(Counter(record.experiment for record in runs(uri)))


def running(uri: str) -> list[RunRecord]:
    """Return all runs that are still RUNNING: tasks, sweeps and drivers."""
    return open_reader(uri).runs_with(Tag.KIND, status=RunStatus.RUNNING)


def forget_module(name: str) -> None:
    """Let a module be imported anew, as by a new process."""
    del sys.modules[name]
    importlib.invalidate_caches()
    Register._reg[:] = [task for task in Register._reg if task.__module__ != name]
    Register.clear_instance_cache()
    source._digest.cache_clear()
