"""What a worker process needs, imported once by the process that all of them are forked from."""

import mlflow
import mlflow.store.tracking.sqlalchemy_store
import numpy
import pandas

import sweeper.engine.process
import sweeper.store.api
import sweeper.task

__all__ = ["mlflow", "numpy", "pandas", "sweeper"]
