"""The slow imports of a store that is written to, for a process that others are forked from."""

import mlflow.store.tracking.sqlalchemy_store

import sweeper.store.api
import sweeper.store.fluent
import sweeper.store.sqlite

__all__ = ["mlflow", "sweeper"]
