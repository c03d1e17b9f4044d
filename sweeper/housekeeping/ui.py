"""MLflow's own pages on a store, for this machine alone: MLflow's server asks nobody who they are."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sweeper.errors import EngineError, InputError, StoreError
from sweeper.store.locate import artifact_root, sqlite_path
from sweeper.store.setup import check_tables

HOST = "127.0.0.1"
PORT = 5000
START_SECONDS = 120.0
END_SECONDS = 5.0
SECONDS_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True, slots=True)
class Pages:
    """A server of pages, with all its workers in one group of processes."""

    address: str
    process: subprocess.Popen[bytes]

    def wait(self) -> None:
        """Wait until somebody stops this process, by Ctrl-C or a signal; raises ``EngineError`` if the server ends.

        It looks again and again: a signal that comes just before a wait in the system is handled only after that wait.
        """
        with contextlib.suppress(KeyboardInterrupt):
            while self.process.poll() is None:
                time.sleep(SECONDS_BETWEEN_LOOKS)
            raise EngineError(f"MLflow's server has ended, with exit code {self.process.returncode}")


@contextlib.contextmanager
def pages(uri: str, host: str = HOST, port: int | None = None) -> Iterator[Pages]:
    """Serve the pages of the store in a database until the block ends; then no process of the server is left.

    Without a ``port`` it is 5000, or a free one where that is taken. Raises ``InputError`` for a host that others can
    reach and a port that is taken, ``StoreError`` for a store that is not there, ``EngineError`` if the server fails.
    """
    refuse_open(host)
    database = sqlite_path(uri)
    if database is not None and not database.exists():
        raise StoreError(f"{database}: there is no store yet; the first run makes it")
    check_tables(uri)
    chosen = _port(host, port)
    address = f"http://{_in_address(host)}:{chosen}"
    with tempfile.TemporaryDirectory(prefix="sweeper-ui-") as folder, _signals_as_ctrl_c():
        log = Path(folder) / "server.log"
        process = _start(uri, host, chosen, log)
        try:
            _wait_until_it_answers(address, process, log)
            yield Pages(address, process)
        finally:
            _end(process)


def refuse_open(host: str) -> None:
    """Raise ``InputError`` for a host that others than this machine can reach."""
    with contextlib.suppress(ValueError):
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    raise InputError(
        f"{host} can be reached from other machines, and MLflow's server lets everybody read and delete; "
        f"leave it at {HOST}, and from another machine come by: ssh -L {PORT}:{HOST}:{PORT} THIS-MACHINE"
    )


def _start(uri: str, host: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the server in a group of its own. The address of the store may hold a password, so no argument has it."""
    root = artifact_root(uri)
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port), "--workers", "1"]
    command += ["--no-serve-artifacts", *(("--default-artifact-root", root.as_uri()) if root else ())]
    own = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    settings = {
        "MLFLOW_BACKEND_STORE_URI": uri,
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"localhost:{port},{_in_address(host)}:{port}",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
    }
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603
            command,
            cwd=log.parent,
            env=own | settings,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_it_answers(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    ask = urllib.request.build_opener(urllib.request.ProxyHandler({})).open  # a proxy cannot reach this machine's own
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), ask(f"{address}/health", timeout=5):
            return
        time.sleep(SECONDS_BETWEEN_LOOKS)
    last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-5:]
    raise EngineError("\n".join([f"MLflow's server did not start at {address}; it said:", *last]))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole group, also what is left of it when its first process is gone."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)


def _port(host: str, wanted: int | None) -> int:
    """Return a port that nobody listens at: the one that is wanted, else 5000, else any."""
    for port in (PORT, 0) if wanted is None else (wanted,):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as free, contextlib.suppress(OSError):
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            free.bind((host, port))
            return int(free.getsockname()[1])
    raise InputError(f"port {wanted} at {host} is taken, or not for this user; leave --port out to have a free one")


def _in_address(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _signals_as_ctrl_c() -> Iterator[None]:
    """Let a SIGTERM, and a terminal that is closed, end this process as Ctrl-C does, so that the server ends too."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
