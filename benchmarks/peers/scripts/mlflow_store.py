"""Make a SQLite store with the experiment of the trials, as MLflow makes one: ``mlflow_store.py URI``."""

import sys
from pathlib import Path

from mlflow.tracking import MlflowClient

if __name__ == "__main__":
    MlflowClient(sys.argv[1]).create_experiment("trials", artifact_location=(Path.cwd() / "artifacts").as_uri())
