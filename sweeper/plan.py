"""What a sweep would do, and what it would cost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, repeat
from random import Random

import luigi

from sweeper.binding import Binding
from sweeper.naming import refuse_other_use
from sweeper.points import Count, Point
from sweeper.points.space import draw, trial_points
from sweeper.policy import STANDARD, Policy
from sweeper.search.continuation import look_back, rows_left
from sweeper.spec import Spec, Study
from sweeper.store.base import Reader
from sweeper.store.index import Index
from sweeper.store.trials import Trial, TrialState, as_known
from sweeper.task import MlflowTask, find_result, key_of
from sweeper.task.attempt import reason_of
from sweeper.task.context import Context, current, use
from sweeper.task.pipeline import lost_inputs, upstream_first
from sweeper.task.source import qualified_name, source_digest

MOST_POINTS = 100_000
"""Up to so many points are looked at one by one; of a larger sweep a sample is."""

SAMPLE = 2_000


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
class TrialsAhead:
    """What can be said of a study's trials before they are asked for.

    ``total`` is how many there are in all, ``done`` how many of them need nothing more, ``points`` how many each has.
    ``left`` were not asked for yet; in their place ``drawn`` are drawn at random. ``is_bound``: a pruner or a time-out
    may make it less.
    """

    total: int
    done: int
    points: int
    left: int
    drawn: int
    is_bound: bool


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
        trials, points = _look_ahead(spec, spec.study, [as_known(trial) for trial in past.trials])
        count = Count(trials.total * trials.points, is_exact=not trials.is_bound)
        is_sampled = trials.drawn < trials.left
    elif is_sampled:
        points = binding.points.sample(SAMPLE)
    with use(Context.of_reader(reader, Index(reader, metrics=spec.metrics))):
        survey = _Survey()
        for point in points:
            survey.look_at(binding, point)
        steps = survey.ordered()
        for step in steps:
            step.at_once = int(spec.limits.get(step.family, 0)) or None
    configured = configured_defaults(binding)
    return Plan(spec.name, count, survey.looked_at, steps, survey.unbuilt, configured, is_sampled, trials)


def _look_ahead(spec: Spec, study: Study, known: Sequence[Trial]) -> tuple[TrialsAhead, list[Point]]:
    """Return what can be said of a study's trials, and their points, as far as they are known and else at random.

    Of trials that were pruned nothing more runs, so their points are left out.
    """
    points = len(trial_points(spec, {}))
    left = max(study.trials - len(known), 0)
    drawn = min(left, max(SAMPLE // points, 1))
    rows = rows_left(study.enqueue, known)
    generator = Random(study.seed)  # noqa: S311 (nothing secret is drawn)
    assignments = [trial.values for trial in known if not _is_pruned(trial) and not study.fits(trial.values)]
    assignments += [draw(study, generator, row) for row in islice(chain(rows, repeat({})), drawn)]
    ahead = TrialsAhead(
        total=study.trials,
        done=sum(_is_done(trial, points) for trial in known),
        points=points,
        left=left,
        drawn=drawn,
        is_bound=study.pruner is not None or study.timeout is not None,
    )
    return ahead, [point for values in assignments for point in trial_points(spec, values)]


def _is_pruned(trial: Trial) -> bool:
    return trial.told is not None and trial.told.state is TrialState.PRUNED


def _is_done(trial: Trial, points: int) -> bool:
    """Whether a trial needs nothing more: it is not asked for again, nor has it got more replicates since."""
    if trial.told is None or trial.told.state is TrialState.FAILED:
        return False
    return _is_pruned(trial) or trial.told.replicates == points


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

    def __init__(self) -> None:
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
        for family in dict.fromkeys(task.get_task_family() for task, _ in pipeline):
            self._steps.setdefault(family, Step(family)).points += 1
        for task, key in pipeline:
            if key not in self._heights:
                self._heights[key] = 1 + max((self._heights[key_of(one)] for one in task.deps()), default=-1)
                self._count(task, self._heights[key])
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
            step.changed += result.source != source_digest(type(task))
            self._seconds[family].append(result.seconds)
