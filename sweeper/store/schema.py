"""Which of MLflow's schemas a database has: looked at before MLflow opens it.

MLflow makes its tables in whatever database it is given, and begins to change those of an older MLflow where one of its
own is missing. So what another program keeps there, and what another MLflow reads, is left to their owners.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.store.connections import connected
from sweeper.store.locate import shown_uri, sqlite_path
from sweeper.store.opening import read_only

_MARKS = frozenset({"alembic_version", "experiments", "runs"})


@dataclass(frozen=True, slots=True)
class Schema:
    """The names of a database's tables, and the revisions of MLflow's schema that it says it has."""

    tables: frozenset[str]
    revisions: frozenset[str]


def schema_of_file(path: Path) -> Schema:
    """Return the schema of a SQLite database, without a write; raises ``StoreError`` for what cannot be read."""
    with read_only(path) as database:
        tables = frozenset(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = database.execute("SELECT version_num FROM alembic_version") if "alembic_version" in tables else ()
        return Schema(tables, frozenset(revision for (revision,) in rows))


def schema_of_server(uri: str) -> Schema:
    """Return the schema of a database behind a server, as the errors of SQLAlchemy allow."""
    import sqlalchemy

    with connected(uri) as connection:
        tables = frozenset(sqlalchemy.inspect(connection).get_table_names())
        asked = sqlalchemy.text("SELECT version_num FROM alembic_version")
        revisions = frozenset(connection.execute(asked).scalars()) if "alembic_version" in tables else frozenset()
        return Schema(tables, revisions)


def check_schema(schema: Schema, uri: str) -> None:
    """Raise ``StoreError``, with the remedy, unless the tables of a database are those of the installed MLflow."""
    check_is_mlflows(schema, uri)
    head, older = _revisions()
    if schema.revisions == {head}:
        return
    from mlflow import __version__

    place = _place(uri)
    found = ", ".join(sorted(schema.revisions))
    if schema.revisions <= older:
        raise StoreError(
            f"{place} was made by an older MLflow (schema {found}; MLflow {__version__} needs {head}). "
            f"Make a backup, then: mlflow db upgrade {shown_uri(uri)}"
        )
    raise StoreError(
        f"{place} was made by a newer MLflow (schema {found}) than {__version__}, which is installed here, "
        "and knows nothing of it. Upgrade MLflow: pip install --upgrade mlflow"
    )


def check_is_mlflows(schema: Schema, uri: str) -> None:
    """Raise ``StoreError`` unless MLflow, of whatever version, has made the tables of a database, and finished."""
    if schema.tables >= _MARKS and schema.revisions:
        return
    held = ", ".join(sorted(schema.tables)[:3])
    why = f"it holds tables of another program, as {held}" if held else "it is empty; delete it to have one made"
    raise StoreError(f"{_place(uri)} is no MLflow store: {why}")


def is_to_be_made(schema: Schema) -> bool:
    """Whether MLflow may make its tables in a database: it has none, or only those that a killed MLflow began with."""
    from mlflow.store.tracking.dbmodels.initial_models import Base

    made = schema.tables - {"alembic_version"}
    return not schema.revisions and made in ({*()}, {*Base.metadata.tables})


def _place(uri: str) -> str:
    return str(sqlite_path(uri) or shown_uri(uri))


@functools.cache
def _revisions() -> tuple[str | None, frozenset[str]]:
    """Return the revision of the installed MLflow's schema, and those that came before it."""
    import mlflow
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(Path(mlflow.__file__).parent / "store" / "db_migrations"))
    head = scripts.get_current_head()
    return head, frozenset(script.revision for script in scripts.walk_revisions()) - {head}
