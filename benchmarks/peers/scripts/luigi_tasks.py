"""The trials as plain Luigi tasks, each of which wraps an MLflow run and is complete once that run has finished."""

import argparse
import time

import luigi
import mlflow


class Trial(luigi.Task):
    """Sleep, and log the trial as a run."""

    number: int = luigi.IntParameter()
    seconds: float = luigi.FloatParameter()

    def complete(self) -> bool:
        """Tell whether a run with this parameter has finished."""
        query = f"params.number = '{self.number}' and attributes.status = 'FINISHED'"
        return bool(mlflow.search_runs(experiment_names=["trials"], filter_string=query, output_format="list"))

    def run(self) -> None:
        """Log a run around the work."""
        with mlflow.start_run():
            mlflow.log_param("number", self.number)
            time.sleep(self.seconds)
            mlflow.log_metric("value", float(self.number))


def main() -> None:
    """Build so many trials with two workers."""
    parser = argparse.ArgumentParser()
    parser.add_argument("uri")
    parser.add_argument("trials", type=int)
    parser.add_argument("seconds", type=float)
    arguments = parser.parse_args()
    mlflow.set_tracking_uri(arguments.uri)
    mlflow.set_experiment("trials")
    tasks = [Trial(number=number, seconds=arguments.seconds) for number in range(arguments.trials)]
    luigi.build(tasks, workers=2, local_scheduler=True)


if __name__ == "__main__":
    main()
