"""Trials of the record as Optuna's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, create_trial

from sweeper.search import distributions
from sweeper.search.quiet import optuna
from sweeper.spec import Spec
from sweeper.store.trials import Told, Trial, TrialState

STATES = {
    TrialState.COMPLETE: optuna.trial.TrialState.COMPLETE,
    TrialState.PRUNED: optuna.trial.TrialState.PRUNED,
    TrialState.FAILED: optuna.trial.TrialState.FAIL,
}
PARENTS = ":parent:"
"""Marks what a genetic sampler notes on the study: who the parents of a generation are."""


@dataclass(frozen=True, slots=True)
class Known:
    """Something measured elsewhere that the study starts from: it is known before trial ``before`` is asked for."""

    values: Mapping[str, Any]
    objectives: tuple[float, ...]
    constraints: tuple[float, ...] = ()
    before: int = 0


def frozen(spec: Spec, trial: Trial) -> FrozenTrial:
    """Return a trial of the record as Optuna's own; one that has not ended waits, with the values it is to have."""
    assert spec.study is not None
    space, told = spec.study.space, trial.told
    parameters = distributions.parameters(space, trial.values)
    if told is None:
        waiting = optuna.trial.TrialState.WAITING
        return create_trial(state=waiting, system_attrs={"fixed_params": parameters})
    return create_trial(
        state=STATES[told.state],
        values=_values(spec, told),
        params=parameters,
        distributions=distributions.distributions(space, trial.values),
        intermediate_values=dict(told.steps),
        system_attrs={
            **{name: value for name, value in trial.attributes.items() if PARENTS not in name},
            **told.attributes,
        },
        constraints=_constraints(spec, told.constraints),
    )


def study_of(spec: Spec, trials: Sequence[Trial]) -> optuna.Study:
    """Return trials as a study of Optuna's, in memory."""
    study = optuna.create_study(
        study_name=spec.name, directions=[objective.direction.value for objective in spec.objectives]
    )
    study.add_trials([frozen(spec, trial) for trial in trials])
    return study


def frozen_known(spec: Spec, known: Known) -> FrozenTrial:
    """Return something measured elsewhere as a complete trial of Optuna's."""
    assert spec.study is not None
    return create_trial(
        values=list(known.objectives),
        params=distributions.parameters(spec.study.space, known.values),
        distributions=distributions.distributions(spec.study.space, known.values),
        constraints=_constraints(spec, known.constraints),
        user_attrs={"sweeper": "warm start"},
    )


def _values(spec: Spec, told: Told) -> list[float] | None:
    """Return a trial's values: of one that was pruned, as Optuna has it, the last that the pruner was shown."""
    if told.state is TrialState.COMPLETE:
        return list(told.values)
    if told.state is TrialState.PRUNED and told.steps and len(spec.objectives) == 1:
        last = told.steps[max(told.steps)]
        return None if math.isnan(last) else [last]
    return None


def _constraints(spec: Spec, violations: Iterable[float]) -> dict[str, float]:
    assert spec.study is not None
    return {str(one): violation for one, violation in zip(spec.study.constraints, violations, strict=False)}
