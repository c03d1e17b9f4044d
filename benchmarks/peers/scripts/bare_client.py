"""Log the trials one after the other through MLflow's client, and do nothing else."""

import argparse
import time

from mlflow.tracking import MlflowClient


def main() -> None:
    """Log so many trials."""
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("trials", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--sweeper-store", action="store_true", help="commit as sweeper does")
    arguments = parser.parse_args()
    if arguments.sweeper_store:
        from sweeper.store import open_store

        open_store(arguments.uri)
    client = MlflowClient(arguments.uri)
    experiment = client.get_experiment_by_name("trials")
    assert experiment is not None
    for number in range(arguments.trials):
        run_id = client.create_run(experiment.experiment_id).info.run_id
        client.log_param(run_id, "number", number)
        time.sleep(arguments.seconds)
        client.log_metric(run_id, "value", float(number))
        client.set_terminated(run_id)


if __name__ == "__main__":
    main()
