"""The trials as an Optuna study with two threads and the MLflow callback."""

import argparse
import time

import optuna
from optuna_integration import MLflowCallback


def main() -> None:
    """Optimize over so many trials."""
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("trials", type=int)
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()

    def objective(trial: optuna.Trial) -> float:
        number = trial.suggest_float("number", 0, arguments.trials)
        time.sleep(arguments.seconds)
        return number

    study = optuna.create_study(study_name="trials")
    callback = MLflowCallback(tracking_uri=arguments.uri, metric_name="value")
    study.optimize(objective, n_trials=arguments.trials, n_jobs=2, callbacks=[callback])


if __name__ == "__main__":
    main()
