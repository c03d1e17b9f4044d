"""Make a SQLite store with the experiment of the trials, as sweeper makes one: ``sweeper_store.py URI``."""

import sys
from pathlib import Path

from mlflow.tracking import MlflowClient

from sweeper.store import open_store

if __name__ == "__main__":
    open_store(sys.argv[1])
    MlflowClient(sys.argv[1]).create_experiment("trials", artifact_location=(Path.cwd() / "artifacts").as_uri())
