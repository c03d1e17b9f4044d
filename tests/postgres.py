"""A PostgreSQL server of one's own: in a temporary folder, on a free port of the loopback interface, then gone."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy

from tests.servers import free_port

START_SECONDS = 60
SUPERUSER = "postgres"
UNPRIVILEGED = "nobody"
"""Whom the server runs as where we are root, which PostgreSQL refuses to be run by."""

_LOCAL_ONLY = "host all all 127.0.0.1/32 trust\n"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "fsync": "off",  # it does not outlive the test
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server that runs."""

    port: int

    def uri(self, database: str, host: str = "127.0.0.1") -> str:
        """Return the address of a database, as MLflow and SQLAlchemy take it."""
        return f"postgresql://{SUPERUSER}@{host}:{self.port}/{database}"

    def execute(self, statement: str, database: str = SUPERUSER) -> None:
        """Execute a statement outside any transaction."""
        engine = sqlalchemy.create_engine(
            self.uri(database), isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.pool.NullPool
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)

    def create(self, database: str, template: str = "template1") -> str:
        """Create a database as a copy of another, and return its address."""
        self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
        return self.uri(database)


def is_installed() -> bool:
    """Whether there is a PostgreSQL server to start."""
    return bool(_program("initdb") and _program("postgres"))


@contextlib.contextmanager
def running() -> Iterator[Postgres]:
    """Start a server; stop it at the end and leave nothing."""
    initdb, postgres = _program("initdb"), _program("postgres")
    if not (initdb and postgres):
        raise RuntimeError("PostgreSQL is not installed: no initdb and postgres; Debian's package is postgresql")
    folder = Path(tempfile.mkdtemp(prefix="sweeper-postgres-"))
    try:
        user = _user(folder)
        asked = ["--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync", f"--username={SUPERUSER}"]
        subprocess.run(
            [initdb, *asked, "--pgdata", folder / "data"], cwd=folder, check=True, capture_output=True, **user
        )
        (folder / "data" / "pg_hba.conf").write_text(_LOCAL_ONLY, encoding="utf-8")
        with _serving(postgres, folder, user) as port:
            yield Postgres(port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _program(name: str) -> str:
    """Return where a program of PostgreSQL's is: on the path, else the newest that Debian has; '' if there is none."""
    installed = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(installed, key=lambda path: float(path.parts[-3]), default="")
    return shutil.which(name) or str(newest)


def _user(folder: Path) -> dict[str, int | list[int]]:
    """Return as whom to start programs, having given them the folder."""
    if os.geteuid() != 0:
        return {}
    account = pwd.getpwnam(UNPRIVILEGED)
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


@contextlib.contextmanager
def _serving(postgres: str, folder: Path, user: dict[str, int | list[int]]) -> Iterator[int]:
    """Run the server until the end of the block; yield its port."""
    port, log = free_port(), folder / "log"
    settings = [f"-c{name}={value}" for name, value in _SETTINGS.items()]
    with log.open("wb") as output:
        server = subprocess.Popen(
            [*_bound_to_us(), postgres, "-D", folder / "data", "-p", str(port), *settings],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which then stop it
            **user,  # type: ignore[call-overload]
        )
    try:
        _wait_until_ready(Postgres(port), server, log)
        yield port
    finally:
        server.send_signal(signal.SIGINT)  # breaks connections off, and ends in order
        server.wait(START_SECONDS)


def _bound_to_us() -> list[str]:
    """Return what goes before a command that is to end when this process does, be it killed; Linux has that."""
    return ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []


def _wait_until_ready(postgres: Postgres, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < until:
        with contextlib.suppress(sqlalchemy.exc.OperationalError):
            return postgres.execute("SELECT 1")
        time.sleep(0.05)
    raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}")
