"""Which errors mean that a store is away for a while, and which that it will answer so for ever."""

from __future__ import annotations

import errno

import pytest
import requests
from mlflow.exceptions import MlflowException, RestException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, TEMPORARILY_UNAVAILABLE
from sqlalchemy.exc import OperationalError

from sweeper.errors import StoreAway, StoreError, TaskError
from sweeper.store.client import may_pass, translated


def of_server(code: str) -> RestException:
    return RestException({"error_code": code, "message": "so it is"})


def answered(status: int) -> requests.HTTPError:
    response = requests.Response()
    response.status_code = status
    return requests.HTTPError(response=response)


def caused(by: Exception) -> MlflowException:
    try:
        try:
            raise by
        except Exception as error:
            raise MlflowException(f"API request failed with exception {error}") from error
    except MlflowException as error:
        return error


PASSING = [
    of_server("INTERNAL_ERROR"),
    of_server("REQUEST_LIMIT_EXCEEDED"),
    of_server("TEMPORARILY_UNAVAILABLE"),
    MlflowException("API request to endpoint /x failed with error code 500 != 200"),
    MlflowException("The following failures occurred while downloading artifacts: Max retries exceeded with url: /x"),
    MlflowException("(sqlite3.OperationalError) database is locked", TEMPORARILY_UNAVAILABLE),
    MlflowException("(sqlite3.OperationalError) database or disk is full", TEMPORARILY_UNAVAILABLE),
    caused(requests.ConnectionError("connection refused")),
    OperationalError("SELECT 1", {}, Exception("the database system is starting up")),
    answered(503),
    answered(429),
    OSError(errno.ENOSPC, "no space left"),
    ConnectionResetError(),
]
LASTING = [
    of_server("RESOURCE_DOES_NOT_EXIST"),
    of_server("PERMISSION_DENIED"),
    MlflowException("no such run", RESOURCE_DOES_NOT_EXIST),
    MlflowException("no credentials are configured"),
    MlflowException("attempt to write a readonly database", TEMPORARILY_UNAVAILABLE),
    caused(RecursionError("maximum recursion depth exceeded")),
    OperationalError("SELECT 1", {}, Exception('password authentication failed for user "me"')),
    answered(403),
    FileNotFoundError(errno.ENOENT, "no such file"),
    ValueError("a mistake"),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_a_store_that_is_away(error: Exception):
    assert may_pass(error)
    with pytest.raises(StoreAway), translated("http://127.0.0.1:1"):
        raise error


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_lasts_is_told_at_once(error: Exception):
    assert not may_pass(error)
    with pytest.raises(Exception) as caught, translated("http://127.0.0.1:1"):  # noqa: PT011
        raise error
    assert isinstance(caught.value, StoreError | TaskError | ValueError)
    assert not isinstance(caught.value, StoreAway)


OF_REQUEST = "API request to http://h/x failed with exception Pool(host='h', port=1): Max retries exceeded with url: /x"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            f"{OF_REQUEST} (Caused by NewConnectionError(\"Connection(host='h', port=1): no: [Errno 111] refused\"))",
            "no: [Errno 111] refused",
        ),
        (f"{OF_REQUEST} (Caused by ResponseError('too many 500 error responses'))", "too many 500 error responses"),
        (
            "(sqlite3.OperationalError) database is locked [SQL: INSERT]",
            "(sqlite3.OperationalError) database is locked",
        ),
        ("no such run", "no such run"),
    ],
)
def test_what_a_store_says_is_told_without_what_is_wrapped_around_it(words: str, said: str):
    with pytest.raises(StoreError) as caught, translated("http://127.0.0.1:1"):
        raise MlflowException(words)
    assert str(caught.value) == f"http://127.0.0.1:1: {said}"
