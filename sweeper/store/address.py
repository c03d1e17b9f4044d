"""Whether a tracking URI can be the address of a store at all, seen before anybody is asked."""

from __future__ import annotations

from importlib.metadata import entry_points
from urllib.parse import urlsplit

from sweeper.errors import StoreError, did_you_mean, spelled_out
from sweeper.masking import mask_address

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")
DATABRICKS = "databricks"
_EXAMPLES = "name a database, as sqlite:///results/mlflow.db, or a tracking server, as http://127.0.0.1:5000"


def check_address(uri: str) -> None:
    """Raise ``StoreError`` for what MLflow would take for something else, ask for ever, or break at."""
    scheme, _, rest = uri.partition(":")
    kind = scheme.partition("+")[0]
    if not uri.isprintable() or uri.strip() != uri:
        raise _no_address(uri, "it has a character that cannot be printed, or a space at an end")
    if kind == "sqlite":
        _check_file(uri, rest)
    elif kind.lower() in SERVERS:
        _check_host(uri)
    elif kind == "file" or not rest:
        if uri != DATABRICKS:
            raise StoreError(f"{mask_address(uri)}: MLflow no longer keeps runs in plain files; {_EXAMPLES}")
    elif kind not in (*DATABASES, DATABRICKS, *_added_kinds()):
        remedy = did_you_mean(kind, [*DATABASES, *SERVERS])
        raise _no_address(uri, f"{kind!r} is no kind of store that MLflow knows; {remedy or _EXAMPLES}")


def _check_file(uri: str, rest: str) -> None:
    path = rest.removeprefix("///").partition("?")[0]
    if not rest.startswith("///") or not path:
        raise _no_address(
            uri, "it names no file: write sqlite:///results/mlflow.db, or four slashes before a whole path"
        )
    if path == ":memory:":
        raise _no_address(uri, "a store in memory would be gone with this process; name a file")


def _check_host(uri: str) -> None:
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise _no_address(uri, str(error)) from None
    if not host or " " in host:
        raise _no_address(uri, "it names no host, as http://127.0.0.1:5000 does")


def _added_kinds() -> set[str]:
    """Return the kinds of store that plug-ins of MLflow's add."""
    return {entry.name for entry in entry_points(group="mlflow.tracking_store")}


def _no_address(uri: str, reason: str) -> StoreError:
    return StoreError(f"{spelled_out(mask_address(uri))}: no address of a store: {reason}")
