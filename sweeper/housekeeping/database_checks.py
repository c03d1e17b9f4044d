"""Checks of a SQLite database; each says how to mend what it finds."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sweeper.errors import StoreAway, StoreError
from sweeper.housekeeping import machine_checks
from sweeper.housekeeping.diagnosis import Diagnosis
from sweeper.store import health
from sweeper.store.locate import DATABASE, sqlite_uri
from sweeper.store.schema import check_schema, schema_of_file

MOST_RESULTS = 5000
"""At how many folders is looked: a network's disk takes a millisecond for each."""


def integrity(database: Path) -> Iterator[Diagnosis]:
    """Check that the database is whole, as far as SQLite's quick check tells."""
    try:
        broken = health.damage(database)
    except StoreError as error:
        yield Diagnosis.warning("integrity", f"cannot be looked at: {error}", "mend what it says, and look again")
        return
    if broken:
        yield Diagnosis.problem("integrity", f"{database} {broken.found}", _remedy(database, broken))
    else:
        yield Diagnosis.ok("integrity", "the database is whole")


def journal(database: Path) -> Iterator[Diagnosis]:
    """Check that the database is in WAL mode, in which readers do not wait for writers."""
    mode = health.journal_mode(database)
    if mode == "wal":
        yield Diagnosis.ok("journal", "WAL; sweeper's commits do not wait for the disk, and survive kill -9")
    else:
        remedy = f"while nothing uses it: sqlite3 {database} 'PRAGMA journal_mode=WAL'"
        yield Diagnosis.warning("journal", f"journal mode {mode}: writers and readers wait for each other", remedy)


def writing(database: Path) -> Iterator[Diagnosis]:
    """Check that the database can be written to, by a write that is taken back."""
    try:
        health.try_writing(database)
    except StoreAway as error:
        yield Diagnosis.warning("writing", f"{error}, for {health.BUSY_SECONDS:g} s", "see which program has it open")
    except StoreError as error:
        yield Diagnosis.problem("writing", str(error), "let this user write to it and to the files beside it")
    else:
        yield Diagnosis.ok("writing", "the database can be written to")


def artifacts(database: Path) -> Iterator[Diagnosis]:
    """Check that artifacts are where the database says, and can be written."""
    home, recorded = health.homes(database)
    if recorded is not None and recorded != home:
        yield Diagnosis.warning(
            "artifacts",
            f"the store was moved here from {recorded.parent}",
            "the next `sweeper run` notes it down",
        )
    elif home.exists():
        yield from machine_checks.artifacts(home)
    else:
        yield Diagnosis.ok("artifacts", f"{home}, once there are some")


def results(database: Path) -> Iterator[Diagnosis]:
    """Check that the folders of the latest results that have a log are there."""
    if not health.reads_sql(database):
        return
    number, lost = health.lost_folders(database, MOST_RESULTS)
    looked = f"of the latest {number:,} results that kept a log"
    if lost:
        found = f"{looked}, {len(lost):,} without the folder of their artifacts, as run {lost[0]}"
        remedy = "take the folders from a backup; else what needs them makes them again, and metrics count as before"
        yield Diagnosis.warning("results", found, remedy)
    else:
        yield Diagnosis.ok("results", f"{looked}, none has lost its folder" if number else "none that kept a log")


def lock(database: Path) -> Iterator[Diagnosis]:
    """Check that nobody holds the lock under which the store is made ready."""
    path = Path(f"{database}.lock")
    holder = health.holder(path)
    if holder:
        yield Diagnosis.warning("lock", f"{path} is held by {holder}", "wait a moment, then see what that process does")
    else:
        yield Diagnosis.ok("lock", "nobody holds the lock under which the store is made ready")


def schema(database: Path) -> Iterator[Diagnosis]:
    """Check that the tables are those of the MLflow that is installed, and say how they are read."""
    found = schema_of_file(database)
    try:
        check_schema(found, sqlite_uri(database))
    except StoreError as error:
        yield Diagnosis.problem("schema", str(error), "as it says there")
        return
    way = (
        "read by SQL"
        if health.reads_sql(database)
        else "read by MLflow's API, which takes longer: it is new to sweeper"
    )
    yield Diagnosis.ok("schema", f"{', '.join(found.revisions)}, that of this MLflow; {way}")


ALL: Mapping[str, Callable[[Path], Iterator[Diagnosis]]] = {
    "integrity": integrity,
    "journal": journal,
    "writing": writing,
    "artifacts": artifacts,
    "results": results,
    "lock": lock,
    "schema": schema,
}


def _remedy(database: Path, broken: health.Damage) -> str:
    """Return what to do about a damaged database."""
    if database.is_dir():
        inside = database / DATABASE
        named = str(inside) if inside.is_file() else "a database, not a folder,"
        return f"name {named} by --tracking-uri"
    if broken.is_database:
        whole = shlex.quote(f"{database}.recovered")
        saved = f"sqlite3 {shlex.quote(str(database))} .recover | sqlite3 {whole}"
        return f"restore it from a backup; or, while nothing uses it, save what can be read: {saved}"
    return "restore it from a backup; if this is not your store, name the right one by --tracking-uri"
