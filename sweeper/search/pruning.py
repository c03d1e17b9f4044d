"""What a study's pruner is shown: reports of a running task, or the replicates of a trial as they come in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count, takewhile

from sweeper.identity import canonical_json
from sweeper.search.base import Outcome
from sweeper.search.disclosure import Disclosure
from sweeper.search.evaluation import Evaluation
from sweeper.search.memory import Memory
from sweeper.spec.study import Component
from sweeper.store.trials import Trial, TrialState


class Pruning:
    """How a study prunes.

    With replicates the step is a replicate's ordinal, from 1, and the value the mean of all up to it: one bad seed is
    not yet a bad trial. ``wilcoxon`` compares replicate by replicate, so it is shown each one's own value.
    """

    def __init__(
        self, pruner: Component | None, memory: Memory, disclosure: Disclosure, *, has_replicates: bool
    ) -> None:
        self.compares_replicates = pruner is not None and has_replicates
        self.listens = pruner is not None and not has_replicates
        self._is_by_replicate = pruner is not None and pruner.name == "wilcoxon"
        self._memory = memory
        self._disclosure = disclosure

    def report(self, number: int, value: float, step: int) -> bool:
        """Show how well a trial goes; return whether it is to stop."""
        return self._memory.report(number, value, step, self._disclosure.horizon(number))

    def retrace(self, number: int, reported: Mapping[int, float]) -> None:
        """Show what the task of a trial reported when it ran for another; nothing is left to stop."""
        known = self._memory.steps(number)
        for step, value in reported.items():
            if step not in known and step >= 0:  # where nobody listens a task may count as it likes
                self.report(number, value, step)

    def look_at(self, evaluation: Evaluation) -> int | None:
        """Show the replicates that came in; return after how many of them the trial is to stop, None if it goes on."""
        known = self._memory.steps(evaluation.number)
        for step, value in self._replicate_steps(evaluation.outcomes) if self.compares_replicates else ():
            is_last = step == len(evaluation.points)
            if step not in known and self.report(evaluation.number, value, step) and not is_last:
                return step
        return None

    def _replicate_steps(self, outcomes: Mapping[int, Outcome]) -> Iterator[tuple[int, float]]:
        """Yield step and value for each replicate up to the first that is not in."""
        total = 0.0
        for place in takewhile(lambda place: place in outcomes, count()):
            value = outcomes[place].value
            assert value is not None
            total += value
            yield place + 1, value if self._is_by_replicate else total / (place + 1)


class Pruned:
    """What was pruned before: whoever tries the same again would be pruned too."""

    def __init__(self, trials: Iterable[Trial]) -> None:
        self._numbers: dict[str, int] = {}
        for trial in trials:
            if trial.told and trial.told.state is TrialState.PRUNED:
                self.add(trial)

    def add(self, trial: Trial) -> None:
        """Take note of a trial that was pruned."""
        self._numbers.setdefault(canonical_json(trial.values), trial.number)

    def twin_of(self, trial: Trial) -> int | None:
        """Return the number of the first pruned trial that tried the same, None if there is none."""
        return self._numbers.get(canonical_json(trial.values))
