"""What a table is made of: each point of some sweeps, and each run of some experiments, on equal terms."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any, NoReturn

from sweeper.errors import InputError, did_you_mean
from sweeper.report.conditions import Condition
from sweeper.report.escape import shown
from sweeper.report.lineage.trace import Lineage, restrict
from sweeper.report.question import Question
from sweeper.report.sources.cells import Cell, CellState
from sweeper.report.sources.defaults import completed, known_of, telling
from sweeper.report.sources.foreign import ExperimentRuns
from sweeper.report.sources.outcomes import SweepOutcomes
from sweeper.report.sources.trials import TrialOutcome
from sweeper.spec import Direction
from sweeper.store.records import RunRecord

SWEEP = "sweep"
STATE = "state"

Source = SweepOutcomes | ExperimentRuns


@dataclass(frozen=True, slots=True)
class Observation:
    """One point of a sweep, or one run of an experiment, and what became of it.

    ``source`` names the sweep or the experiment. ``values`` are the parameters that are known of it, swept and fixed;
    of an upstream task's as ``Family.parameter``. ``trials`` are those of a study that tried it.
    """

    source: str
    values: Mapping[str, Any]
    cell: Cell
    trials: tuple[TrialOutcome, ...] = ()

    def parameter(self, name: str) -> Any:
        """Return the value of a parameter, or the name of the sweep; None if it is not set."""
        if name in self.values:
            return self.values[name]
        return self.source if name == SWEEP else None

    def get(self, name: str) -> Any:
        """Return what is known by a name: a parameter, the sweep, the state, or a metric; None if it is not set.

        ``params.<name>`` and ``metrics.<name>`` say which of two things of one name is meant.
        """
        kind, _, rest = name.partition(".")
        if kind == "params" and name not in self.values:
            return self.values.get(rest)
        if kind == "metrics" and name not in self.values:
            return self._metric(rest)
        if name in self.values or name == SWEEP:
            return self.parameter(name)
        if name == STATE:
            return self.cell.state.value
        return self._metric(name)

    def _metric(self, name: str) -> float | None:
        return self.cell.run.metrics.get(name) if self.cell.run else None


@dataclass(frozen=True, slots=True)
class Observations:
    """All that a question is about.

    ``every`` are the observations for which its conditions hold; ``counts`` says how many those are by state, and
    ``left_out`` is for how many they do not hold. ``parameters`` are the names that observations set, in the order of
    the specs; ``replicates`` those in which repeated measurements differ. A direction is None where it is not known
    which values of a metric are better.
    """

    every: tuple[Observation, ...]
    sources: tuple[Source, ...]
    metrics: tuple[str, ...]
    directions: tuple[Direction | None, ...]
    parameters: tuple[str, ...]
    replicates: tuple[str, ...]
    lineage: Lineage
    counts: Mapping[CellState, int]
    left_out: int = 0

    @property
    def sweeps(self) -> tuple[SweepOutcomes, ...]:
        """The sweeps among the sources."""
        return tuple(source for source in self.sources if isinstance(source, SweepOutcomes))

    @property
    def only_sweep(self) -> SweepOutcomes | None:
        """The sweep that all observations are points of; None if there are several sources, or an experiment."""
        return self.sweeps[0] if len(self.sources) == 1 and self.sweeps else None

    @property
    def runs(self) -> tuple[RunRecord, ...]:
        """The runs of the results, each once."""
        runs = {one.cell.run.run_id: one.cell.run for one in self.every if one.cell.run and one.cell.values}
        return tuple(runs.values())


def observe(
    sources: Sequence[Source], question: Question, lineage: Callable[[Iterable[RunRecord]], Lineage]
) -> Observations:
    """Return what a question is about.

    ``lineage`` returns what some runs were made from. Raises ``InputError`` for a name in the question that nothing
    has, and for sweeps that do not agree on what is better.
    """
    metrics = _metrics(sources, question)
    directions = tuple(_direction(sources, metric, question) for metric in metrics)
    found = [one for source in sources for one in _observations(source, metrics)]
    traced = lineage([one.cell.run for one in found if one.cell.run])
    asked = [*question.names()]
    if len(sources) > 1 or not isinstance(sources[0], SweepOutcomes):  # the points of one sweep all differ
        asked += telling(found, traced)
    found = completed(found, _set_by(sources, found), asked, traced)
    names = tuple(dict.fromkeys(chain(*(_swept(source) for source in sources), *(one.values for one in found))))
    _check_names(question, names, metrics, sources, lambda: _reachable(found, traced))
    _check_labels(question, {*names, *metrics, SWEEP}, found)
    kept = [one for one in found if _holds(question.where, one)]
    if len(kept) < len(found):
        traced = restrict(traced, [one.cell.run for one in kept if one.cell.run])
    replicates = [*question.replicates, *chain(*(sweep.spec.replicate_names for sweep in _sweeps(sources)))]
    return Observations(
        tuple(kept),
        tuple(sources),
        metrics,
        directions,
        names,
        tuple(name for name in dict.fromkeys(replicates) if name not in question.grouping),
        traced,
        Counter(one.cell.state for one in kept),
        left_out=len(found) - len(kept),
    )


def _observations(source: Source, metrics: Sequence[str]) -> Iterator[Observation]:
    if isinstance(source, ExperimentRuns):
        for cell in source.cells(metrics):
            yield Observation(source.name, cell.point.as_dict(), cell)
        return
    trials: defaultdict[int, list[TrialOutcome]] = defaultdict(list)
    for trial in source.trials:
        for cell in trial.cells:
            trials[id(cell)].append(trial)
    fixed = dict(source.spec.fixed)
    for cell in source.cells:
        yield Observation(source.name, cell.point.as_dict() | fixed, cell, tuple(trials.get(id(cell), ())))


def _sweeps(sources: Iterable[Source]) -> Iterator[SweepOutcomes]:
    return (source for source in sources if isinstance(source, SweepOutcomes))


def _swept(source: Source) -> Iterable[str]:
    return source.spec.swept if isinstance(source, SweepOutcomes) else ()


def _fixed(source: Source) -> Iterable[str]:
    return source.spec.fixed if isinstance(source, SweepOutcomes) else ()


def _holds(conditions: Iterable[Condition], one: Observation) -> bool:
    return all(condition.holds(one.get(condition.name)) for condition in conditions)


def _metrics(sources: Sequence[Source], question: Question) -> tuple[str, ...]:
    """Return the metrics that are compared: those asked for, else what all sweeps are about, which may be none."""
    if not question.metrics:
        about = [[one.metric for one in sweep.spec.objectives] for sweep in _sweeps(sources)]
        return tuple(metric for metric in chain(*about[:1]) if all(metric in others for others in about))
    logged = frozenset(chain(*(source.logged for source in sources)))
    known = logged | {metric for sweep in _sweeps(sources) for metric in sweep.spec.metrics}
    for metric in question.metrics:
        if logged and metric not in known:
            raise InputError(f"{_names(sources)}: no run logged a metric {metric}; {did_you_mean(metric, known)}")
    return question.metrics


def _direction(sources: Iterable[Source], metric: str, question: Question) -> Direction | None:
    if metric in question.directions:
        return question.directions[metric]
    objectives = [one for sweep in _sweeps(sources) for one in sweep.spec.objectives if one.metric == metric]
    said = {one.direction for one in objectives}
    if len(said) > 1:
        raise InputError(f"the sweeps do not agree which {metric} is better; say it by --maximize or --minimize")
    return next(iter(said), None)


def _set_by(sources: Iterable[Source], found: Iterable[Observation]) -> Mapping[str, Set[str]]:
    """Return the names of the parameters that each source sets somewhere."""
    names = {source.name: {*_swept(source), *_fixed(source)} for source in sources}
    for one in found:
        names[one.source].update(one.values)
    return names


def _reachable(found: Iterable[Observation], lineage: Lineage) -> frozenset[str]:
    """Return the parameters that a question could have named, though none was needed."""
    return frozenset(name for one in found if one.cell.run for name in known_of(one.cell.run, lineage))


def _check_names(
    question: Question,
    parameters: Iterable[str],
    metrics: Iterable[str],
    sources: Sequence[Source],
    reachable: Callable[[], Set[str]],
) -> None:
    known = {*parameters, SWEEP}
    measured = {*metrics, *chain(*(source.logged for source in sources))}

    def refuse(what: str, name: str, choices: Set[str]) -> NoReturn:
        raise InputError(f"{_names(sources)}: there is no {what} {name}; {did_you_mean(name, choices | reachable())}")

    for name in question.parameters():
        if name not in known:
            refuse("parameter", name, known)
    prefixed = {f"params.{name}" for name in parameters} | {f"metrics.{name}" for name in measured}
    for name in question.names():
        if name not in known | measured | {STATE} | prefixed:
            refuse("parameter or metric", name, known | measured)
    _check_words(question.where, {STATE: set(CellState), SWEEP: {one.name for one in sources}}, {*parameters})


def _check_labels(question: Question, names: Set[str], found: Iterable[Observation]) -> None:
    unknown = question.labels.keys() - names
    words = {value for one in found for value in one.values.values() if isinstance(value, str)} if unknown else set()
    for name in sorted(unknown - words):
        raise InputError(f"--label {name}: nothing is called so; {did_you_mean(name, names | words)}")


def _check_words(conditions: Iterable[Condition], known: Mapping[str, Set[str]], parameters: Set[str]) -> None:
    """Refuse a state or a sweep that there is not, unless the word is a parameter's name."""
    for condition in conditions:
        choices = known.get(condition.name, frozenset()) if condition.name not in parameters else frozenset()
        for value in condition.values:
            if choices and value not in choices:
                words = shown(value)
                raise InputError(f"{condition}: there is no {condition.name} {words}; {did_you_mean(words, choices)}")


def _names(sources: Iterable[Source]) -> str:
    return ", ".join(source.name for source in sources)
