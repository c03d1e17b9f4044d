"""Whether anybody answers at a store's address, asked before MLflow is: it would try again for minutes."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

from sweeper.errors import StoreAway, StoreError
from sweeper.store.locate import shown_uri

SECONDS = 5.0
_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "mssql": 1433}


def check_reachable(uri: str) -> None:
    """Raise ``StoreAway`` if nobody listens where a store's URI points; addresses without a known port are left be.

    Raises ``StoreError`` for what is no address.
    """
    parts = urlsplit(uri)
    try:
        port = parts.port or _PORTS.get(parts.scheme.partition("+")[0])
        if not parts.hostname or not port:
            return
        socket.create_connection((parts.hostname, port), timeout=SECONDS).close()
    except ValueError as error:
        raise StoreError(f"{shown_uri(uri)}: no address of a store: {error}") from error
    except OSError as error:
        raise StoreAway(f"{shown_uri(uri)}: the store cannot be reached: {error.strerror or error}") from error
