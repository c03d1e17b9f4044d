"""The Optuna study of a sweep, in the driver's memory: asked, told, and built anew from the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna.pruners import HyperbandPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, create_trial

from sweeper.errors import SweeperError
from sweeper.search import distributions
from sweeper.search.components import Upkeep, make_pruner, make_sampler, seed_of, upkeep_of
from sweeper.search.frozen import PARENTS, STATES, Known, frozen, frozen_known
from sweeper.search.quiet import optuna
from sweeper.search.storage import RUNG_ATTRIBUTE, Storage
from sweeper.spec import Spec
from sweeper.store.trials import Told, Trial, TrialState

SPACE_CACHES = ("_search_space", "_group_decomposed_search_space")
"""Where Optuna's samplers keep which parameters the trials share; it saves them a look at every trial."""


class Memory:
    """An Optuna study in which trials go by the sweep's numbers. Not safe for threads: callers hold a lock."""

    def __init__(self, spec: Spec) -> None:
        assert spec.study is not None
        self._spec = spec
        self._design = spec.study
        self._storage = Storage()
        self.upkeep = upkeep_of(spec.study.sampler)
        self.study = optuna.create_study(
            storage=self._storage,
            study_name=spec.name,
            sampler=make_sampler(spec.study, spec.study.seed),
            pruner=make_pruner(spec.study.pruner),
            directions=[objective.direction.value for objective in spec.objectives],
        )
        self._open: dict[int, optuna.Trial] = {}
        self._begun_anew: set[int] = set()
        self._optuna_numbers: dict[int, int] = {}
        self._number = 0
        self._estimates = isinstance(self.study.pruner, HyperbandPruner | SuccessiveHalvingPruner)
        self._is_settled = not self._estimates
        self.is_exhausted = False
        vars(self.study)["stop"] = self._stop  # outside of ``optimize`` Optuna's own raises

    def ask(self, number: int, row: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the values that the sampler proposes for a trial, and what it noted on it.

        ``row`` are values that it must have. Raises ``SweeperError`` if the sampler fails.
        """
        if self.upkeep is not Upkeep.REPLAYED:
            self._seed(number)
        before = set(self._study_attributes())
        if row is not None:
            self.study.enqueue_trial(distributions.parameters(self._design.space, row))
        try:
            trial = self.study.ask()
            values = distributions.suggest(trial, self._design.space)
        except Exception as error:
            raise SweeperError(f"the sampler {self._design.sampler.name} failed: {error}") from error
        self._admit(number, trial, values)
        return values, self._noted(trial, before)

    def redraw(self, number: int, draw: int) -> dict[str, Any]:
        """Return other values for a trial that was just asked for, drawn at random."""
        random = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed_of(self._design, number, draw)))
        values = distributions.suggest(random.ask(), self._design.space)
        self._admit(number, self._open[number], values)
        return values

    def tell(self, number: int, told: Told) -> None:
        """Take in what came of a trial. Raises ``SweeperError`` if the sampler fails."""
        trial = self._open.pop(number)
        for constraint, violation in zip(self._design.constraints, told.constraints, strict=False):
            trial.set_constraint(str(constraint), violation)
        values = told.values if told.state is TrialState.COMPLETE else None
        try:
            self.study.tell(trial, values, STATES[told.state])
        except Exception as error:
            raise SweeperError(f"the sampler {self._design.sampler.name} failed: {error}") from error
        self._let_pruner_settle()

    def report(self, number: int, value: float, step: int, horizon: int | None = None) -> bool:
        """Take in an intermediate value; return whether the trial is to be pruned.

        With a ``horizon`` the pruner compares with the trials up to that number alone. Raises ``SweeperError`` if the
        pruner fails, as for a step below 0.
        """
        trial = self._open[number]
        if number in self._begun_anew:
            self._begun_anew.remove(number)
            self._drop_reports(trial, since=step)
        try:
            if step not in self._frozen(number).intermediate_values:  # of two reports of one step the first counts
                trial.report(value, step)
            if horizon is None:
                return trial.should_prune()
            visible = {theirs for own, theirs in self._optuna_numbers.items() if own <= horizon or own == number}
            with self._storage.showing(visible | self._known_numbers()):
                return self._may_compare() and trial.should_prune()
        except Exception as error:
            raise SweeperError(f"the pruner failed: {error}") from error

    def _drop_reports(self, trial: optuna.Trial, *, since: int) -> None:
        """Forget what a trial reported from a step on, in the storage and in the copy that the trial goes by itself."""
        self._storage.drop_reports(trial._trial_id, since=since)  # noqa: SLF001
        own = trial._cached_frozen_trial.intermediate_values  # noqa: SLF001
        for step in [step for step in own if step >= since]:
            del own[step]

    def begin_anew(self, number: int) -> None:
        """Let what a trial's task reports next take the place of what an attempt before it reported from there on."""
        if self.steps(number):
            self._begun_anew.add(number)

    def attributes(self, number: int) -> dict[str, Any]:
        """Return what the pruner noted on a trial: the rungs that it has come to."""
        noted = self._frozen(number).system_attrs
        return {name: value for name, value in noted.items() if name.startswith(RUNG_ATTRIBUTE)}

    def steps(self, number: int) -> dict[int, float]:
        """Return the intermediate values of a trial by step."""
        return dict(self._frozen(number).intermediate_values)

    def put_known(self, known: Known) -> None:
        """Add what was measured elsewhere."""
        self._add(frozen_known(self._spec, known))

    def put_ended(self, trial: Trial) -> None:
        """Add a trial of the record that has ended."""
        self._note_on_study(trial.attributes)
        self._optuna_numbers[trial.number] = self._number
        self._add(frozen(self._spec, trial))
        self._let_pruner_settle()

    def ask_again(self, trial: Trial) -> None:
        """Ask for a trial of the record with the values that it had."""
        self._note_on_study(trial.attributes)
        self._admit(trial.number, self._asked_for(trial), dict(trial.values))
        noted = {name: value for name, value in trial.attributes.items() if PARENTS not in name}
        self._note(self._open[trial.number], noted)

    def replay(self, trial: Trial) -> bool:
        """Ask the sampler again for a trial; False if it proposes something else than it did, which then stands."""
        again = self._asked_for(trial) if trial.row else self.study.ask()
        values = distributions.suggest(again, self._design.space)
        self._admit(trial.number, again, dict(trial.values))
        return values == trial.values

    def retrace(self, trial: Trial) -> None:
        """Let the pruner have what it was shown of a trial, and what it noted, as if the trial had run again."""
        assert trial.told is not None
        for step, value in sorted(trial.told.steps.items()):
            self._open[trial.number].report(value, step)
        self._note(self._open[trial.number], trial.told.attributes)

    def _seed(self, number: int) -> None:
        """Give the study a new sampler, seeded for a trial, that need not look through all trials for their space."""
        sampler, before = make_sampler(self._design, seed_of(self._design, number)), self.study.sampler
        for cache in SPACE_CACHES:
            if hasattr(before, cache) and type(before) is type(sampler):
                setattr(sampler, cache, getattr(before, cache))
        self.study.sampler = sampler

    def _asked_for(self, trial: Trial) -> optuna.Trial:
        self.study.enqueue_trial(distributions.parameters(self._design.space, trial.values))
        again = self.study.ask()
        distributions.suggest(again, self._design.space)
        return again

    def _note(self, trial: optuna.Trial, attributes: Mapping[str, Any]) -> None:
        for name, value in attributes.items():
            self._storage.set_trial_system_attr(trial._trial_id, name, value)  # noqa: SLF001

    def _admit(self, number: int, trial: optuna.Trial, values: dict[str, Any]) -> None:
        """Take a trial in, with Optuna's parameters set to its values to the last digit."""
        self._open[number] = trial
        self._optuna_numbers[number] = trial.number
        self._number = max(self._number, trial.number + 1)
        wanted = distributions.parameters(self._design.space, values)
        current = self._storage.get_trial(trial._trial_id).params  # noqa: SLF001 (the trial's own are of the first draw)
        for dimension in self._design.space:
            name = dimension.name
            if name in wanted and (name not in current or wanted[name] != current[name]):
                over = distributions.distribution(dimension.domain)
                self._storage.set_trial_param(trial._trial_id, name, over.to_internal_repr(wanted[name]), over)  # noqa: SLF001
        if surplus := current.keys() - wanted.keys():
            self._storage.drop_parameters(trial._trial_id, surplus)  # noqa: SLF001

    def _add(self, trial: FrozenTrial) -> None:
        self.study.add_trial(trial)
        self._number += 1

    def _may_compare(self) -> bool:
        """Whether a trial may be seen that the pruner could have taken its bounds from."""
        complete = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        return not self._estimates or any(trial.intermediate_values for trial in complete)

    def _stop(self) -> None:
        self.is_exhausted = True

    def _let_pruner_settle(self) -> None:
        """Let a pruner that takes its bounds from the first complete trials take them now, as it did then."""
        if self._is_settled:
            return
        complete = self.study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if any(trial.intermediate_values for trial in complete):
            self._is_settled = True
            probe = create_trial(value=0.0, intermediate_values={0: 0.0})
            self.study.pruner.prune(self.study, probe)

    def _frozen(self, number: int) -> FrozenTrial:
        return self._storage.get_trial(self._open[number]._trial_id)  # noqa: SLF001

    def _known_numbers(self) -> set[int]:
        """Return the numbers that Optuna gave to what was measured elsewhere."""
        return set(range(self._number)) - set(self._optuna_numbers.values())

    def _study_attributes(self) -> Mapping[str, Any]:
        return self._storage.get_study_system_attrs(self.study._study_id)  # noqa: SLF001

    def _noted(self, trial: optuna.Trial, before: set[str]) -> dict[str, Any]:
        """Return what the sampler noted for this trial, where it has to be kept."""
        if self.upkeep is not Upkeep.NOTED:
            return {}
        noted = self._storage.get_trial(trial._trial_id).system_attrs  # noqa: SLF001
        own = {name: value for name, value in noted.items() if name.endswith(":generation")}
        study = {name: value for name, value in self._study_attributes().items() if name not in before}
        return own | {name: value for name, value in study.items() if PARENTS in name}

    def _note_on_study(self, attributes: Mapping[str, Any]) -> None:
        for name, value in attributes.items():
            if PARENTS in name:
                self._storage.set_study_system_attr(self.study._study_id, name, value)  # noqa: SLF001
