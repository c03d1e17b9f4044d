"""What a sweep would do, and what it would cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import luigi

from sweeper.binding import Binding
from sweeper.engine.worker import closure_of
from sweeper.points import Count, Point
from sweeper.store.base import Reader
from sweeper.store.index import Index
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.context import Context, use
from sweeper.task.source import source_digest

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore

MOST_POINTS = 100_000
"""Up to so many points are looked at one by one; of a larger sweep a sample is."""

SAMPLE = 2_000


@dataclass(slots=True)
class Step:
    """The instances of one task class in a sweep.

    ``instances`` are distinct by identity. ``points`` are how many points need the class, so ``points / instances``
    share each. ``seconds`` are what results of the class took so far, on average; None without any.
    """

    family: str
    instances: int = 0
    complete: int = 0
    points: int = 0
    changed: int = 0
    seconds: float | None = None

    @property
    def to_run(self) -> int:
        """How many instances have no result yet."""
        return self.instances - self.complete

    @property
    def sharing(self) -> float:
        """How many points share an instance, on average."""
        return self.points / self.instances if self.instances else 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What a sweep would do: its steps, upstream first.

    ``looked_at`` is how many points the counts are of: all, or a sample of a sweep beyond 100,000.
    """

    name: str
    points: Count
    looked_at: int
    steps: list[Step]
    configured: dict[str, str] = field(default_factory=dict)

    @property
    def is_sampled(self) -> bool:
        """Whether the counts are of a sample."""
        return self.looked_at < self.points.number

    def expected_seconds(self, workers: int) -> float | None:
        """Return how long the rest takes on so many workers, from past durations; None where there is none to go by."""
        known = [step.to_run * step.seconds for step in self.steps if step.to_run and step.seconds is not None]
        unknown = any(step.to_run and step.seconds is None for step in self.steps)
        return None if unknown else sum(known) / workers


def make_plan(binding: Binding, reader: Reader) -> Plan:
    """Return what a sweep would do, given what the store holds; runs nothing and writes nothing."""
    count = binding.points.count()
    points: Iterable[Point] = binding.points
    if count.number > MOST_POINTS:
        points = binding.points.sample(SAMPLE)
    index = Index(reader, metric=binding.spec.metric)
    with use(Context(cast("ApiStore", reader), index)):  # nothing here writes
        looked_at, steps = _steps(binding, points)
    return Plan(binding.spec.name, count, looked_at, steps, configured_defaults(binding))


def configured_defaults(binding: Binding) -> dict[str, str]:
    """Return the parameters whose default comes from Luigi's configuration, as ``{Family.param: value}``."""
    config = luigi.configuration.get_config()
    given = {*binding.spec.fixed, *binding.spec.swept}
    found: dict[str, str] = {}
    for family, task in binding.families.items():
        for name, _ in task.get_params():
            own = name if task is binding.task else f"{family}.{name}"
            if own not in given and config.has_option(family, name):
                found[f"{family}.{name}"] = config.get(family, name)
    return found


def _steps(binding: Binding, points: Iterable[Point]) -> tuple[int, list[Step]]:
    steps: dict[str, Step] = {}
    seen: set[str] = set()
    seconds: defaultdict[str, list[float]] = defaultdict(list)
    number = 0
    for number, point in enumerate(points, 1):  # noqa: B007 (the count, after the loop)
        families: set[str] = set()
        for task in closure_of(binding.instance(point)):
            family = task.get_task_family()
            step = steps.setdefault(family, Step(family))
            if family not in families:
                families.add(family)
                step.points += 1
            if (key := key_of(task)) not in seen:
                seen.add(key)
                _count(step, task, seconds[family])
    for family, step in steps.items():
        step.seconds = sum(seconds[family]) / len(seconds[family]) if seconds[family] else None
    return number, list(reversed(steps.values()))


def _count(step: Step, task: luigi.Task, seconds: list[float]) -> None:
    step.instances += 1
    if not isinstance(task, MlflowTask):
        step.complete += task.complete()
        return
    result = find_result(task)
    if result is not None:
        step.complete += 1
        step.changed += result.source != source_digest(type(task))
        seconds.append(result.seconds)
