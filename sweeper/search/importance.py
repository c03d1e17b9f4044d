"""Which searched parameters matter: PED-ANOVA (Watanabe, Bansal and Hutter, IJCAI 2023), as Optuna has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sweeper.spec import Spec
from sweeper.store.trials import Trial, TrialState

FEWEST_TRIALS = 10
"""Fewer complete trials say nothing: the method compares the best tenth with the rest."""


def importances(spec: Spec, trials: Sequence[Trial]) -> Mapping[str, float]:
    """Return the share of each searched parameter in what sets the best trials apart, the greatest first.

    Shares add to 1. None are returned for fewer than ten complete trials, for one parameter, and for several
    objectives.
    """
    complete = [trial for trial in trials if trial.told and trial.told.state is TrialState.COMPLETE]
    if spec.study is None or len(complete) < FEWEST_TRIALS or len(spec.study.space) < 2 or spec.more_objectives:
        return {}
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    from sweeper.search.frozen import study_of

    study = study_of(spec, complete)
    try:
        return dict(get_param_importances(study, evaluator=PedAnovaImportanceEvaluator()))
    except (ValueError, RuntimeError):  # all values alike, or none of them finite
        return {}
