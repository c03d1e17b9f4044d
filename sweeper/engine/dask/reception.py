"""How a Dask worker takes in what a driver's tasks need, and looks whether it is fit for them.

Folders of fetched code and artifacts lie in the worker's own local directory, for its user alone; Dask removes that at
the worker's end.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.engine.dask.worker import furnish, greet
from sweeper.files import private_folder
from sweeper.store.credentials import completed, remedy
from sweeper.store.host import Process
from sweeper.store.locate import ARTIFACT_CACHE, is_database, shown_uri, sqlite_path

if TYPE_CHECKING:
    from distributed.worker import Worker

    from sweeper.engine.dask.shipping import Parcel
    from sweeper.engine.dask.terms import Terms
    from sweeper.engine.process import Setup

INSPECTION_SECONDS = 120.0
"""How long a worker's process may take to start, import the user's code and ask the store."""

PATIENCE_SECONDS = 10.0
"""How long it waits meanwhile for a store that does not answer."""


@dataclass(frozen=True, slots=True)
class Here:
    """What is on a worker already: a digest of its sweeper's code, and whether the user's code is there."""

    ours: str
    has_code: bool


async def look(digest: str, dask_worker: Worker) -> Here:
    """Return what this worker has already of a driver's; the user's code has a digest."""
    from sweeper.engine.dask.shipping import place_of

    place = place_of(digest, _folder(dask_worker, "code"))
    return Here(await asyncio.to_thread(_own_digest), place.exists())


async def receive(
    driver: str, terms: Terms, digest: str, parcel: Parcel | None, dask_worker: Worker
) -> tuple[str, ...]:
    """Take in what a driver's tasks need; return what keeps this worker from executing them.

    That is nothing if it is fit. The code with a digest comes in a parcel, unless it is here.
    """
    from sweeper.engine.dask.shipping import place_of, unpack

    fault = _fault_of_address(terms)
    if fault:
        return (fault,)
    await greet(dask_worker)
    home = _folder(dask_worker, "code")
    place = await asyncio.to_thread(unpack, parcel, home) if parcel else place_of(digest, home)
    setup = _setup(terms, place, dask_worker)
    faults = await asyncio.to_thread(_inspected, replace(setup, patience=min(terms.patience, PATIENCE_SECONDS)), terms)
    if not faults:
        furnish(driver, setup)
    return faults


def _own_digest() -> str:
    from sweeper.engine.dask.terms import own_digest

    return own_digest()


def _fault_of_address(terms: Terms) -> str:
    """Return why the address of the store is of no use here, as far as that is seen without opening it."""
    database, driver = sqlite_path(terms.uri), Process.from_json(terms.driver_process)
    if database and not driver.is_on_this_machine:
        return (
            f"it runs on {Process.current().host}, and the store is a SQLite database on the driver's machine, "
            f"{driver.host} ({database}): only one machine can use it; run a tracking server (mlflow server) or "
            "PostgreSQL, and name it with --tracking-uri"
        )
    if database and not database.exists():
        return f"it does not see the store: there is no file {database}; is the folder mounted in its container?"
    has_none = terms.had_password and is_database(terms.uri) and completed(terms.uri) == terms.uri
    if has_none and not terms.uri.startswith("postgresql"):  # which looks for a password by itself
        advice = remedy(terms.uri, terms.variables, had_password=True)
        return f"it has no password for the store {shown_uri(terms.uri)}; {advice}"
    return ""


def _setup(terms: Terms, code: Path, worker: Worker) -> Setup:
    from sweeper.engine.process import Setup

    has_own = ARTIFACT_CACHE in os.environ
    return Setup(
        uri=completed(terms.uri),
        path=(str(code), *sys.path),
        luigi_config=terms.luigi_config,
        patience=terms.patience,
        environment={} if has_own else {ARTIFACT_CACHE: str(_folder(worker, "artifacts"))},
        artifact_root=terms.artifact_root,
    )


def _inspected(setup: Setup, terms: Terms) -> tuple[str, ...]:
    """Return what a process, started as those of slots are, finds wanting."""
    from sweeper.engine import process
    from sweeper.engine.dask import inspection

    executor = ProcessPoolExecutor(1, multiprocessing.get_context("forkserver"), process.start, (setup,))
    found = executor.submit(inspection.inspect, terms)
    (own,) = executor._processes.values()  # noqa: SLF001 (the only way to end one that hangs)
    try:
        return found.result(INSPECTION_SECONDS)
    except TimeoutError:
        return (f"it was not ready after {INSPECTION_SECONDS:g} s: the store, its artifacts or an import hang",)
    except Exception as error:  # noqa: BLE001 (importing the user's code may end the process)
        return (f"the process that imports the task's code ended there: {error}",)
    finally:
        if own.pid is not None and own.is_alive():
            os.kill(own.pid, signal.SIGTERM)
        executor.shutdown(wait=True, cancel_futures=True)


def _folder(worker: Worker, name: str) -> Path:
    return private_folder(private_folder(Path(worker.local_directory) / "sweeper") / name)
