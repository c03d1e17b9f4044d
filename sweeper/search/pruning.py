"""What a study's pruner is shown: reports of a running task, or the replicates of a trial as they come in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, takewhile

from sweeper.search.base import Outcome
from sweeper.spec import Spec


class Pruning:
    """How a study prunes.

    With replicates the step is a replicate's ordinal, from 1, and the value the mean of all up to it: one bad seed is
    not yet a bad trial. ``wilcoxon`` compares replicate by replicate, so it is shown each one's own value.
    """

    def __init__(self, spec: Spec, *, has_replicates: bool) -> None:
        assert spec.study is not None
        pruner = spec.study.pruner
        self.compares_replicates = pruner is not None and has_replicates
        self.listens = pruner is not None and not has_replicates
        self._is_by_replicate = pruner is not None and pruner.name == "wilcoxon"

    def replicate_steps(self, outcomes: Mapping[int, Outcome]) -> Iterator[tuple[int, float]]:
        """Yield step and value for each replicate up to the first that is not in; nothing where none are compared."""
        if not self.compares_replicates:
            return
        total = 0.0
        for place in takewhile(lambda place: place in outcomes, count()):
            value = outcomes[place].value
            assert value is not None
            total += value
            yield place + 1, value if self._is_by_replicate else total / (place + 1)
