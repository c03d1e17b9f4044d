"""Optuna's storage in memory, with what a sweep asks of it besides."""

from __future__ import annotations

import copy
from collections.abc import Container, Iterable, Iterator
from contextlib import contextmanager

from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial

from sweeper.search.quiet import optuna

RUNG_ATTRIBUTE = "completed_rung_"
"""What a pruner notes on a trial that has come to a rung begins so."""


class Storage(InMemoryStorage):
    """Can hide trials from who compares, and take parameters and reports off a trial."""

    _visible: Container[int] | None = None

    @contextmanager
    def showing(self, numbers: Container[int]) -> Iterator[None]:
        """Show only the trials with these numbers while the context lasts."""
        self._visible = numbers
        try:
            yield
        finally:
            self._visible = None

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,  # noqa: FBT001, FBT002 (Optuna's signature)
        states: Container[optuna.trial.TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """Return the trials that may be seen."""
        trials = super().get_all_trials(study_id, deepcopy, states)
        return trials if self._visible is None else [trial for trial in trials if trial.number in self._visible]

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """Return the best trial that may be seen. Raises ``ValueError`` if there is none."""
        if self._visible is None:
            return super().get_best_trial(study_id)
        complete = self.get_all_trials(study_id, deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if not complete:
            raise ValueError("no trial is complete yet")
        is_maximized = self.get_study_directions(study_id)[0] is optuna.study.StudyDirection.MAXIMIZE
        return (max if is_maximized else min)(complete, key=lambda trial: trial.values[0])

    def drop_parameters(self, trial_id: int, names: Iterable[str]) -> None:
        """Take parameters off a running trial: values that were set in their place do not have them."""
        trial = copy.copy(self.get_trial(trial_id))
        gone = set(names)
        trial.params = {name: value for name, value in trial.params.items() if name not in gone}
        trial.distributions = {name: over for name, over in trial.distributions.items() if name not in gone}
        self._set_trial(trial_id, trial)

    def drop_reports(self, trial_id: int, since: int) -> None:
        """Take off a running trial what was reported from a step on, and the rungs that it came to."""
        trial = copy.copy(self.get_trial(trial_id))
        reports = trial.intermediate_values
        trial.intermediate_values = {step: value for step, value in reports.items() if step < since}
        trial.system_attrs = {
            name: value for name, value in trial.system_attrs.items() if not name.startswith(RUNG_ATTRIBUTE)
        }
        self._set_trial(trial_id, trial)
