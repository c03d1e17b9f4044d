"""Checks of a tracking server, or of a database behind a server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from urllib.parse import urlsplit

from sweeper.errors import StoreError
from sweeper.housekeeping.diagnosis import Diagnosis
from sweeper.housekeeping.machine_checks import artifacts as folder_of_artifacts
from sweeper.housekeeping.machine_checks import clock
from sweeper.store.locate import local_path

Check = Callable[[str], Iterator[Diagnosis]]


def checks_for(uri: str) -> Mapping[str, Check]:
    """Return the checks that a store behind an address takes."""
    scheme = urlsplit(uri).scheme.partition("+")[0]
    if scheme in ("http", "https"):
        return {"server": server, "clock": server_clock, "artifacts": artifacts}
    if scheme == "postgresql":
        return {"schema": schema, "writing": database_writing, "clock": database_clock, "artifacts": artifacts}
    return {"schema": schema, "artifacts": artifacts}


def server(uri: str) -> Iterator[Diagnosis]:
    """Check that the server's MLflow is one that this one understands."""
    from sweeper.store.remote_health import server_version

    theirs, ours = server_version(uri), version("mlflow")
    if not theirs:
        yield Diagnosis.warning(
            "server", "does not say which MLflow it runs", "see that this address is that of MLflow"
        )
    elif theirs.split(".")[0] != ours.split(".")[0]:
        remedy = "upgrade the older one"
        yield Diagnosis.problem("server", f"runs MLflow {theirs}, and here is {ours}", remedy)
    else:
        yield Diagnosis.ok("server", f"MLflow {theirs}; here is {ours}")


def server_clock(uri: str) -> Iterator[Diagnosis]:
    """Check the server's clock; it says whole seconds."""
    from sweeper.store.remote_health import server_seconds

    yield from clock(server_seconds(uri) + 0.5 - time.time(), "the server's clock")


def database_clock(uri: str) -> Iterator[Diagnosis]:
    """Check the clock of PostgreSQL."""
    from sweeper.store.remote_health import database_seconds

    yield from clock(database_seconds(uri) - time.time(), "the database's clock")


def schema(uri: str) -> Iterator[Diagnosis]:
    """Check that the tables are those of the MLflow that is installed."""
    from sweeper.store.schema import check_schema, is_to_be_made, schema_of_server

    found = schema_of_server(uri)
    if is_to_be_made(found):
        yield Diagnosis.ok("schema", "no tables yet; the first run makes them")
        return
    try:
        check_schema(found, uri)
    except StoreError as error:
        yield Diagnosis.problem("schema", str(error), "as it says there")
    else:
        yield Diagnosis.ok("schema", f"{', '.join(found.revisions)}, that of this MLflow")


def database_writing(uri: str) -> Iterator[Diagnosis]:
    """Check that the database can be written to, by a write that is taken back."""
    from sweeper.store.remote_health import try_writing

    try:
        try_writing(uri)
    except StoreError as error:
        yield Diagnosis.problem("writing", str(error), "grant this user the right to write to MLflow's tables")
    else:
        yield Diagnosis.ok("writing", "the database can be written to")


def artifacts(uri: str) -> Iterator[Diagnosis]:
    """Check where artifacts go, and that this machine can write there if it is a folder of it."""
    from sweeper.store.api import ApiStore

    homes = sorted({*ApiStore(uri).artifact_homes().values()})
    far = sorted({urlsplit(home).scheme for home in homes if local_path(home) is None})
    if far:
        yield Diagnosis.ok("artifacts", f"over {', '.join(far)}")
    for folder in sorted({path.parent for home in homes if (path := local_path(home))}):
        yield from folder_of_artifacts(folder)
