"""What a sweep would do, and what it would cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import luigi

from sweeper.binding import Binding
from sweeper.naming import refuse_other_use
from sweeper.points import Count, Point
from sweeper.policy import STANDARD, Policy
from sweeper.renewal import Standards, is_of_other_code
from sweeper.search.ahead import SAMPLE, TrialsAhead, look_ahead
from sweeper.search.continuation import look_back
from sweeper.store.base import Reader
from sweeper.store.index import Index
from sweeper.store.records import Result
from sweeper.store.trials import as_known
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.attempt import reason_of
from sweeper.task.context import Context, current, use
from sweeper.task.pipeline import lost_inputs, upstream_first
from sweeper.task.source import qualified_name

MOST_POINTS = 100_000
"""Up to so many points are looked at one by one; of a larger sweep a sample is."""


@dataclass(slots=True)
class Step:
    """The instances of one task class in a sweep.

    ``instances`` are distinct by identity. ``points`` are how many points need the class, so ``points / instances``
    share each. ``height`` is how many steps lie upstream, the longest way. ``seconds`` are what results of the class
    took so far, on average; None without any. ``at_once`` is how many may run at a time, None without limit.
    """

    family: str
    instances: int = 0
    complete: int = 0
    points: int = 0
    changed: int = 0
    height: int = 0
    seconds: float | None = None
    at_once: int | None = None

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

    ``looked_at`` is how many points the counts are of: all, or a sample (``is_sampled``) of a grid beyond 100,000 or of
    trials beyond 2,000. ``unbuilt`` are those of them whose pipeline cannot be built, by the reason; they will fail.
    ``configured`` are the defaults that come from Luigi's configuration. ``trials`` are those of a study.
    """

    name: str
    points: Count
    looked_at: int
    steps: list[Step]
    unbuilt: Mapping[str, int] = field(default_factory=dict)
    configured: Mapping[str, str] = field(default_factory=dict)
    is_sampled: bool = False
    trials: TrialsAhead | None = None

    def expected_seconds(self, workers: int) -> float | None:
        """Return how long the rest takes on so many workers, from past durations; None where there is none to go by."""
        to_run = [step for step in self.steps if step.to_run]
        known = {step.family: step.to_run * step.seconds for step in to_run if step.seconds is not None}
        limited = (known[step.family] / step.at_once for step in to_run if step.at_once and step.family in known)
        return max(sum(known.values()) / workers, *limited, 0.0) if len(known) == len(to_run) else None


def make_plan(binding: Binding, reader: Reader, policy: Policy = STANDARD) -> Plan:
    """Return what a sweep would do, given what the store holds; runs nothing and writes nothing.

    Raises ``InputError`` for a study that does not go on from its record.
    """
    spec = binding.spec
    trials: TrialsAhead | None = None
    points: Iterable[Point] = binding.points
    count = binding.points.count()
    is_sampled = count.number > MOST_POINTS
    if spec.study is not None:
        record = reader.sweep(spec.name)
        if record:
            refuse_other_use(record.run, binding.spec)
        past = look_back(reader, record, binding, policy)
        trials, points = look_ahead(spec, spec.study, [as_known(trial) for trial in past.trials])
        count = Count(trials.total * trials.points, is_exact=not trials.is_bound)
        is_sampled = trials.drawn < trials.left
    elif is_sampled:
        points = binding.points.sample(SAMPLE)
    with use(Context.of_reader(reader, Index(reader, metrics=spec.metrics))):
        survey = _Survey(Standards(current().index, spec.metrics, rerun_changed=policy.rerun_changed))
        for point in points:
            survey.look_at(binding, point)
        steps = survey.ordered()
        for step in steps:
            step.at_once = int(spec.limits.get(step.family, 0)) or None
    configured = configured_defaults(binding)
    return Plan(spec.name, count, survey.looked_at, steps, survey.unbuilt, configured, is_sampled, trials)


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


class _Survey:
    """What was seen of a sweep's points so far."""

    def __init__(self, standards: Standards) -> None:
        self._standards = standards
        self.looked_at = 0
        self.unbuilt: Counter[str] = Counter()
        self._steps: dict[str, Step] = {}
        self._heights: dict[str, int] = {}
        self._seconds: defaultdict[str, list[float]] = defaultdict(list)
        self._names: dict[str, str] = {}
        self._readable: set[str] = set()
        self._lost: set[str] = set()

    def look_at(self, binding: Binding, point: Point) -> None:
        """Count what a point needs."""
        self.looked_at += 1
        try:
            final = binding.instance(point)
            key_of(final)  # its error is the user's own, that of the walk only tells of it
            pipeline = [(task, key_of(task)) for task in upstream_first(final)]
        except Exception as error:  # noqa: BLE001 (requires() and to_mlflow_tags() are the user's)
            self.unbuilt[reason_of(error)] += 1
            return
        unfit = self._standards.forget_unfit(final)
        for family in dict.fromkeys(task.get_task_family() for task, _ in pipeline):
            self._steps.setdefault(family, Step(family)).points += 1
        for task, key in pipeline:
            if key not in self._heights:
                self._heights[key] = 1 + max((self._heights[key_of(one)] for one in task.deps()), default=-1)
                self._count(task, self._heights[key])
        for each in unfit.values():
            self._note(each.task, each.result)
        if find_result(final) is None:
            self._count_lost(final)

    def ordered(self) -> list[Step]:
        """Return the steps, upstream first."""
        for family, step in self._steps.items():
            known = self._seconds[family] or current().index.seconds(self._names.get(family, ""))
            step.seconds = sum(known) / len(known) if known else None
        return sorted(self._steps.values(), key=lambda step: step.height)

    def _count_lost(self, final: luigi.Task) -> None:
        """Count what has a result and has to be made again, for its artifacts are gone and are to be read."""
        for task, _ in lost_inputs(final, self._readable):
            key = key_of(task)
            if key not in self._lost:
                self._lost.add(key)
                self._steps[task.get_task_family()].complete -= 1

    def _count(self, task: luigi.Task, height: int) -> None:
        family = task.get_task_family()
        step = self._steps[family]
        step.instances += 1
        step.height = max(step.height, height)
        if not isinstance(task, MlflowTask):
            step.complete += task.complete()
            return
        self._names[family] = qualified_name(type(task))
        result = find_result(task)
        if result is not None:
            step.complete += 1
            self._note(task, result)

    def _note(self, task: MlflowTask, result: Result) -> None:
        """Note how long a result took, whether it is reused or not, and whether other code made it."""
        family = task.get_task_family()
        self._steps[family].changed += is_of_other_code(task, result)
        self._seconds[family].append(result.seconds)
