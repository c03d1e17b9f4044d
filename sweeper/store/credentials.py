"""What opens a store, on a machine that was told its address: there it is found, and from there it never travels."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sweeper.masking import without_secrets
from sweeper.store.locate import is_database

ADDRESS_VARIABLE = "MLFLOW_TRACKING_URI"

_FAMILIES = ("MLFLOW_TRACKING_", "MLFLOW_S3_", "AWS_", "GOOGLE_", "AZURE_", "DATABRICKS_", "PG", "MYSQL_")
"""How the names of the variables begin by which MLflow, the clients of clouds and of databases find what they need."""


def travelling(uri: str) -> str:
    """Return the address of a store as others may be told it."""
    return without_secrets(uri)


def completed(uri: str) -> str:
    """Return the address that this machine uses for a store whose address without secrets is given.

    That is the one in ``MLFLOW_TRACKING_URI`` if it is the same store's. Else it is the given one: a server's password
    or token, and PostgreSQL's password, are looked for in the environment by who connects.
    """
    own = os.environ.get(ADDRESS_VARIABLE, "")
    return own if own and travelling(own) == travelling(uri) else uri


def variables_set() -> tuple[str, ...]:
    """Return the names of the variables of this process that may hold credentials, sorted; never what they hold."""
    return tuple(sorted(name for name in os.environ if name.startswith(_FAMILIES) and name != ADDRESS_VARIABLE))


def remedy(uri: str, elsewhere: Iterable[str], *, had_password: bool) -> str:
    """Return what would let this machine into a store; '' if nothing is known to be missing.

    ``elsewhere`` are the variables set where the store is open, and ``had_password`` says that its address has one
    there.
    """
    missing = sorted({*elsewhere} - {*variables_set()})
    wanted = []
    if had_password and completed(uri) == uri:
        alone = " or PGPASSWORD" if uri.startswith("postgresql") else ""
        also = "" if is_database(uri) else ", or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
        wanted.append(f"passwords do not travel: set {ADDRESS_VARIABLE}, with its password,{alone}{also} there")
    if missing:
        wanted.append(f"not set there, and set for the driver: {', '.join(missing)}")
    return "; ".join(wanted)
