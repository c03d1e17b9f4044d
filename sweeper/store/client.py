"""How MLflow's client is asked: its errors in our words, its answers page after page."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import threading
from collections.abc import Iterator
from typing import Any

from mlflow.exceptions import MlflowException, RestException
from mlflow.protos import databricks_pb2 as codes
from mlflow.protos.databricks_pb2 import ErrorCode
from requests.exceptions import RequestException
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from sweeper.errors import StoreAway, StoreError, TaskError
from sweeper.store.locate import shown_uri
from sweeper.store.values import one_line

PAGE = 1000
"""Entries a page."""

_PASSING_CODES = {
    ErrorCode.Name(code)
    for code in (
        codes.TEMPORARILY_UNAVAILABLE,
        codes.DEADLINE_EXCEEDED,
        codes.REQUEST_LIMIT_EXCEEDED,
        codes.RESOURCE_EXHAUSTED,
    )
}
_INTERNAL = ErrorCode.Name(codes.INTERNAL_ERROR)
_PASSING_STATUSES = frozenset({408, 429, 500, 502, 503, 504})
_PASSING_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EAGAIN, errno.EBUSY, errno.ETIMEDOUT}
)
_LASTING_WORDS = (
    *("readonly database", "no such table", "no such column", "has no column", "out-of-date database"),
    *("unable to open database file", "authentication failed", "does not exist", "permission denied"),
)
"""What a database says that it will say again, however often it is asked."""

_WORDS_OF_REQUESTS = ("API request to", "Max retries exceeded")
"""What MLflow says of a request that failed, also where it has lost the error that it was."""

_CAUSE = re.compile(r"Max retries exceeded with url: .*\(Caused by \w+\((?P<words>.*)\)\)", re.DOTALL)
"""What urllib3 says of a request that failed, after it has said which."""

_RETRIES_VARIABLE = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"


@contextlib.contextmanager
def translated(uri: str) -> Iterator[None]:
    """Turn what MLflow raises into a ``StoreError`` that names the store, or a ``TaskError``; ask it once only.

    A ``StoreAway`` is raised for what may pass.
    """
    try:
        with asked_once():
            yield
    except MlflowException as error:
        if error.error_code == ErrorCode.Name(codes.INVALID_PARAMETER_VALUE):
            raise TaskError(f"MLflow does not take it: {error}") from error
        raise _of_store(uri, error) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{shown_uri(uri)}: this kind of store needs a package that is not installed: {error.name}"
        ) from error
    except (SQLAlchemyError, OSError) as error:
        raise _of_store(uri, error) from error


def may_pass(error: BaseException) -> bool:
    """Whether an error of MLflow's, or of the system, means that the store is away for a while."""
    if isinstance(error, MlflowException):
        cause = error.__cause__ or error.__context__
        if error.error_code == _INTERNAL:  # of a server, or a connection to one; else a mistake in this process
            is_of_server = isinstance(error, RestException) or any(words in str(error) for words in _WORDS_OF_REQUESTS)
            return may_pass(cause) if cause is not None else is_of_server
        return error.error_code in _PASSING_CODES and not _is_lasting(error)
    if isinstance(error, OperationalError):
        return not _is_lasting(error)
    if isinstance(error, RequestException):
        return error.response is None or error.response.status_code in _PASSING_STATUSES
    if isinstance(error, OSError):
        return isinstance(error, ConnectionError | TimeoutError) or error.errno in _PASSING_ERRORS
    return False


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


def _is_lasting(error: BaseException) -> bool:
    text = str(error)
    return any(words in text for words in _LASTING_WORDS)


def _of_store(uri: str, error: Exception) -> StoreError:
    kind = StoreAway if may_pass(error) else StoreError
    return kind(f"{shown_uri(uri)}: {_said(error)}")


def _said(error: Exception) -> str:
    """Return what an error comes to, in one line, without what the libraries between wrap around it."""
    text = str(error).partition("[SQL:")[0]  # SQLAlchemy goes on with the statement and its values
    cause = _CAUSE.search(text)
    return one_line(cause["words"].strip("\"'").rpartition("): ")[2] if cause else text)


_lock = threading.Lock()
_askers = 0
_own_setting: str | None = None


@contextlib.contextmanager
def asked_once() -> Iterator[None]:
    """Let MLflow's client not ask again by itself: it does so for minutes, silently, and creates a run twice.

    It reads the setting at each request, and a user's own calls keep theirs.
    """
    global _askers, _own_setting  # noqa: PLW0603 (of the process's environment there is one)
    with _lock:
        if not _askers:
            _own_setting = os.environ.get(_RETRIES_VARIABLE)
            os.environ[_RETRIES_VARIABLE] = "0"
        _askers += 1
    try:
        yield
    finally:
        with _lock:
            _askers -= 1
            if not _askers:
                if _own_setting is None:
                    os.environ.pop(_RETRIES_VARIABLE, None)
                else:
                    os.environ[_RETRIES_VARIABLE] = _own_setting
