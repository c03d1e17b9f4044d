"""How MLflow's client is asked: its errors in our words, its answers page after page."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode
from sqlalchemy.exc import SQLAlchemyError

from sweeper.errors import StoreError, TaskError
from sweeper.store.locate import shown_uri

PAGE = 1000
"""Entries a page."""


@contextlib.contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what MLflow raises into a ``StoreError`` that names the store, or a ``TaskError``."""
    try:
        yield
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(INVALID_PARAMETER_VALUE):
            raise TaskError(f"MLflow does not take it: {error}") from error
        raise StoreError(f"{shown_uri(uri)}: {error}") from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{shown_uri(uri)}: this kind of store needs a package that is not installed: {error.name}"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"{shown_uri(uri)}: {error}") from error


def paged(page: Any) -> list[Any]:
    """Return the entries of all pages, asked for one after the other by the token of the one before."""
    found: list[Any] = []
    token = None
    while True:
        batch = page(token)
        found.extend(batch)
        token = batch.token
        if not token:
            return found
