"""How a tracking server, or a database behind a server, is: what ``doctor`` asks of it. Nothing here changes anything.

What cannot be asked raises ``StoreError``.
"""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request

from sweeper.errors import StoreError
from sweeper.store.client import translated
from sweeper.store.connections import connected

if TYPE_CHECKING:
    from requests import Response

SECONDS = 10


def server_version(uri: str) -> str:
    """Return the version of MLflow that a tracking server runs, '' if it is too old to say."""
    answer = _get(uri, "/version")
    return answer.text.strip() if answer.ok else ""


def server_seconds(uri: str) -> float:
    """Return what a tracking server says the time is, in whole seconds since the epoch."""
    said = _get(uri, "/health").headers.get("Date")
    if not said:
        raise StoreError("the server does not say what time it is")
    return parsedate_to_datetime(said).timestamp()


def database_seconds(uri: str) -> float:
    """Return what PostgreSQL says the time is, in seconds since the epoch."""
    import sqlalchemy

    with translated(uri), connected(uri) as connection:
        return float(connection.execute(sqlalchemy.text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())


def try_writing(uri: str) -> None:
    """Write to a database behind a server, and take it back."""
    import sqlalchemy

    with translated(uri), connected(uri) as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = version_num"))
        connection.rollback()


def _get(uri: str, place: str) -> Response:
    with translated(uri):
        answer: Response = http_request(get_default_host_creds(uri), place, "GET", max_retries=0, timeout=SECONDS)
        return answer
