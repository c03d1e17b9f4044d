"""The tools that are compared: what is installed for each, and the command that its documentation names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
CHECKOUT = Path(__file__).parents[2]
EDITABLE = f"--editable={CHECKOUT}"

_MLFLOW = "mlflow==3.17.2"
_SWEEPER = (_MLFLOW, "luigi==3.8.1", EDITABLE)
_HYDRA = (_MLFLOW, "hydra-core==1.3.8", "hydra-joblib-launcher==1.2.0")
_RAY = (_MLFLOW, "ray[tune]==2.60.0")
_OPTUNA = (_MLFLOW, "optuna==5.0.0", "optuna-integration[mlflow]==5.0.0")
_LUIGI = (_MLFLOW, "luigi==3.8.1")


@dataclass(frozen=True, slots=True)
class Tool:
    """One row of the table.

    ``command`` is what a user types after the environment's own ``bin``, with ``{uri}``, ``{trials}`` and ``{seconds}``
    to fill in, run in an empty folder; ``{scripts}`` is the folder of the scripts. ``store`` is the script that makes
    the empty store before it.
    """

    name: str
    title: str
    requirements: tuple[str, ...]
    command: tuple[str, ...]
    workers: int = 2
    store: str = "mlflow_store.py"


_HYDRA_APP = ("python", "{scripts}/hydra_app.py", "--multirun", "uri={uri}", "seconds={seconds}")
_RAY_TUNE = ("python", "{scripts}/ray_tune.py", "{uri}", "{trials}", "{seconds}")
_BARE = ("python", "{scripts}/bare_client.py", "{uri}", "{trials}", "{seconds}")
_SWEEP = (
    *("sweeper", "run", "{scripts}/sweeper_task.toml", "--tracking-uri", "{uri}"),
    *("-p", "number={{ range = [{trials}] }}", "-p", "seconds={seconds}"),
)

BASE = Tool("bare", "bare MLflow client", (_MLFLOW,), _BARE, workers=1)

TOOLS = (
    BASE,
    Tool(
        "bare-sweeper-store",
        "bare MLflow client, sweeper's store settings",
        _SWEEPER,
        (*_BARE, "--sweeper-store"),
        workers=1,
        store="sweeper_store.py",
    ),
    Tool("sweeper-1", "sweeper", _SWEEPER, (*_SWEEP, "--workers", "1"), workers=1, store="sweeper_store.py"),
    Tool("sweeper", "sweeper", _SWEEPER, (*_SWEEP, "--workers", "2"), store="sweeper_store.py"),
    Tool("hydra", "Hydra, basic launcher", _HYDRA, (*_HYDRA_APP, "number=range({trials})"), workers=1),
    Tool(
        "hydra-joblib",
        "Hydra, joblib launcher",
        _HYDRA,
        (*_HYDRA_APP, "number=range({trials})", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"),
    ),
    Tool("ray", "Ray Tune", _RAY, _RAY_TUNE),
    Tool("ray-reuse", "Ray Tune, `reuse_actors=True`", _RAY, (*_RAY_TUNE, "--reuse-actors")),
    Tool(
        "optuna",
        "Optuna, `optimize` with `n_jobs=2`",
        _OPTUNA,
        ("python", "{scripts}/optuna_study.py", "{uri}", "{trials}", "{seconds}"),
    ),
    Tool("luigi", "plain Luigi", _LUIGI, ("python", "{scripts}/luigi_tasks.py", "{uri}", "{trials}", "{seconds}")),
)
