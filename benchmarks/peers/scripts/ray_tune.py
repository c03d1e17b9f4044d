"""The trials as a grid of Ray Tune on two CPUs, with its MLflow callback."""

import argparse
import time
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.air.integrations.mlflow import MLflowLoggerCallback


def main() -> None:
    """Tune over so many trials."""
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("trials", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--reuse-actors", action="store_true")
    arguments = parser.parse_args()
    seconds = arguments.seconds

    def objective(config: dict[str, Any]) -> dict[str, float]:
        time.sleep(seconds)
        return {"value": float(config["number"])}

    ray.init(num_cpus=2)
    tuner = tune.Tuner(
        objective,
        param_space={"number": tune.grid_search(list(range(arguments.trials)))},
        tune_config=tune.TuneConfig(reuse_actors=arguments.reuse_actors),
        run_config=tune.RunConfig(
            storage_path=str(Path.cwd()),
            callbacks=[MLflowLoggerCallback(tracking_uri=arguments.uri, experiment_name="trials")],
        ),
    )
    tuner.fit()


if __name__ == "__main__":
    main()
