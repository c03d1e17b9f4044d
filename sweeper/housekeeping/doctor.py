"""A check-up of a store: every check by itself, so that one that fails hides none of the others. It changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.housekeeping import database_checks, machine_checks, server_checks, work_checks
from sweeper.housekeeping.diagnosis import Diagnosis, Level
from sweeper.store.locate import shown_uri, sqlite_path
from sweeper.store.reach import check_reachable
from sweeper.store.values import one_line

_OF_WHOLE = frozenset({"journal", "writing", "artifacts", "results", "schema", "drivers", "stale runs"})
"""The checks that read what is in a database."""

Check = Callable[[], Iterable[Diagnosis]]


def examine(uri: str) -> Iterator[Diagnosis]:
    """Yield what there is to say of the store at an address, as it is found."""
    yield from _tried("versions", machine_checks.versions)
    try:
        check_reachable(uri)
    except StoreError as error:
        yield Diagnosis("store", Level.AWAY, str(error), "start it, or name another by --tracking-uri")
        return
    database = sqlite_path(uri)
    is_there = database is None or database.exists()
    yield Diagnosis.ok("store", f"{shown_uri(uri)}{'' if is_there else ': not there yet; the first run makes it'}")
    checks = _of_server(uri) if database is None else _of_file(database)
    is_damaged = False
    for name, check in (*checks, *(_of_work(uri) if is_there else ())):
        if is_damaged and name in _OF_WHOLE:
            yield Diagnosis.skipped(name, "the database is damaged")
            continue
        for one in _tried(name, check):
            is_damaged = is_damaged or (one.check, one.level) == ("integrity", Level.PROBLEM)
            yield one


def _of_file(database: Path) -> Iterator[tuple[str, Check]]:
    for name, of_folder in machine_checks.OF_FOLDER.items():
        yield name, partial(of_folder, database.parent)
    for name, of_database in database_checks.ALL.items() if database.exists() else ():
        yield name, partial(of_database, database)


def _of_server(uri: str) -> Iterator[tuple[str, Check]]:
    for name, check in server_checks.checks_for(uri).items():
        yield name, partial(check, uri)


def _of_work(uri: str) -> Iterator[tuple[str, Check]]:
    for name, check in work_checks.ALL.items():
        yield name, partial(check, uri)


def _tried(name: str, check: Check) -> Iterator[Diagnosis]:
    """Yield what a check finds; what keeps it from looking is a problem too."""
    try:
        yield from check()
    except Exception as error:  # noqa: BLE001 (whatever is broken, the other checks go on)
        words = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        yield Diagnosis.problem(name, f"cannot be looked at: {one_line(words)}", "mend what it says, and look again")
