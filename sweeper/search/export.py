"""Hand a study over to Optuna: to its dashboard, its plots, or code of one's own."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Sequence

from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, OptunaError
from optuna.trial import FrozenTrial

from sweeper.errors import InputError, StoreError
from sweeper.search.frozen import frozen
from sweeper.search.quiet import optuna
from sweeper.spec import Spec
from sweeper.store.locate import sqlite_path
from sweeper.store.trials import Trial


def export_study(spec: Spec, trials: Sequence[Trial], storage: str, name: str, *, replace: bool = False) -> int:
    """Write a study into an Optuna storage, given by its URL, under a name; return how many trials it has there.

    A trial that has not ended waits there, with the values it is to have. With ``replace`` a study of that name is
    deleted first. Raises ``InputError`` if there is one, and ``StoreError`` if the storage cannot be used.
    """
    try:
        home = optuna.storages.get_storage(storage)
        if replace and name in optuna.get_all_study_names(home):
            optuna.delete_study(study_name=name, storage=home)
        study = optuna.create_study(
            storage=home,
            study_name=name,
            directions=[objective.direction.value for objective in spec.objectives],
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            study.set_metric_names([objective.metric for objective in spec.objectives])
        study.set_user_attr("sweep", spec.name)
        study.set_user_attr("task", spec.task)
        study.add_trials([_dated(frozen(spec, trial), trial) for trial in trials])
    except DuplicatedStudyError:
        raise InputError(f"{storage} has a study {name}; give this one another --name, or --replace it") from None
    except (OptunaError, OSError, ImportError, RuntimeError, ValueError) as error:
        raise StoreError(f"{storage}: {error}") from error
    except Exception as error:
        if type(error).__module__.startswith("sqlalchemy"):
            raise StoreError(f"{storage}: {error}") from error
        raise
    return len(trials)


def refuse_store(storage: str, uri: str) -> None:
    """Raise ``InputError`` if a storage of Optuna's would be MLflow's own database."""
    path = sqlite_path(uri)
    if storage == uri or (path is not None and sqlite_path(storage) == path):
        raise InputError(f"{storage} is MLflow's own database; Optuna's tables do not go there, give it another")


def _dated(exported: FrozenTrial, trial: Trial) -> FrozenTrial:
    """Return a trial with the times and the run that the record has for it."""
    if trial.told is not None:
        exported.datetime_start = _local(trial.start_time)
        exported.datetime_complete = _local(trial.end_time or trial.start_time)
        exported.set_user_attr("replicates", trial.told.replicates)
        if trial.told.reason:
            exported.set_user_attr("reason", trial.told.reason)
    exported.set_user_attr("run_id", trial.run_id)
    return exported


def _local(milliseconds: int) -> dt.datetime:
    """Return a time as Optuna has it: the local one, without a zone."""
    return dt.datetime.fromtimestamp(milliseconds / 1000)  # noqa: DTZ006
