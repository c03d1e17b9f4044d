"""Whether a Dask scheduler answers at an address, asked before a client is made of it: what Dask says is not for users.

A client that could not connect also takes Dask 20 seconds to get rid of.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from pathlib import Path
from typing import Any

from sweeper.errors import EngineError, InputError

REACHING_SECONDS = 10.0
"""How long it is waited for a scheduler that is about to start."""

ANSWERING_SECONDS = 10.0

_SCHEMES = {"tcp", "tls", "ucx", "ws", "wss"}
_SETTINGS = "distributed.comm.tls.ca-file, client.cert and client.key, in a file in ~/.config/dask"

_SILENT = "what listens there does not answer as a Dask scheduler does"
_UNWELCOME = "it does not take the certificate that Dask's configuration here names"
_UNENCRYPTED = "what listens there is not encrypted; then the address of a scheduler begins with tcp://"

_MEANINGS = {
    "Connection refused": "nobody listens there; `dask scheduler` starts a scheduler, and says its address",
    "CERTIFICATE_VERIFY_FAILED": "its certificate is not of the authority that Dask's configuration here names",
    "ALERT": _UNWELCOME,
    "EOF occurred": _UNWELCOME,
    "WRONG_VERSION_NUMBER": _UNENCRYPTED,
    "cannot convert to SSL": _UNENCRYPTED,
    "encryption required": "Dask's configuration here requires encryption; begin the address with tls://",
    "Connection reset": _SILENT,
}
"""What is in the words of Dask and of Python's ssl when somebody cannot connect, and what it means to a user."""


def check_answers(address: str) -> None:
    """Raise ``EngineError`` unless a scheduler answers at an address; ``InputError`` if it is none.

    Certificates are those of Dask's configuration.
    """
    import dask

    full, host, port = _parsed(address)
    if dask.config.get("distributed.client.security-loader", None):
        return  # then the certificates are known to a function of the user's alone
    try:
        arguments = _connection_arguments(full)
        _reach(host, port)
        kind = asyncio.run(asyncio.wait_for(_kind(full, arguments), ANSWERING_SECONDS))
    except (OSError, TimeoutError, ValueError, RuntimeError) as error:
        raise EngineError(f"--address {address}: {_what_failed(full, error)}") from error
    except EngineError as error:
        raise EngineError(f"--address {address}: {error}") from error
    if kind != "Scheduler":
        raise EngineError(f"--address {address}: a Dask {kind} is there; name the scheduler that it has connected to")


def _parsed(address: str) -> tuple[str, str, int]:
    """Return an address with its scheme, the host in it, and the port."""
    from distributed.comm.addressing import normalize_address, parse_address, parse_host_port

    try:
        scheme, place = parse_address(normalize_address(address))
        host, port = parse_host_port(place)
    except ValueError:
        scheme, host, port = "", "", 0
    if scheme not in _SCHEMES or not host:
        raise InputError(f"--address {address}: no address of a Dask scheduler; write it as in tcp://host:8786")
    return f"{scheme}://{place}", host, port


def _reach(host: str, port: int) -> None:
    """Connect once; raises ``OSError`` if nobody listens, also after a while."""
    until = time.monotonic() + REACHING_SECONDS
    while True:
        try:
            socket.create_connection((host, port), REACHING_SECONDS).close()
        except ConnectionRefusedError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


async def _kind(address: str, arguments: dict[str, Any]) -> str:
    """Return what is at an address, by the name of Dask's class."""
    from distributed.comm.core import connect
    from distributed.core import send_recv

    connection = await connect(address, timeout=ANSWERING_SECONDS, **arguments)
    try:
        answer = await send_recv(connection, op="identity")
    finally:
        connection.abort()
    return str(answer["type"])


def _connection_arguments(address: str) -> dict[str, Any]:
    """Return what Dask needs to connect by its configuration; raises ``EngineError`` where a certificate is wanting."""
    from distributed import Security

    security = Security()
    settings = security.get_tls_config_for_role("client")
    files = [file for name in ("ca_file", "cert", "key") if (file := settings[name]) and "\n" not in file]
    if missing := next((file for file in files if not Path(file).exists()), None):
        raise EngineError(f"Dask's configuration names {missing}, and there is no such file")
    try:
        arguments: dict[str, Any] = security.get_connection_args("client")
    except ssl.SSLError as error:
        raise EngineError(f"the certificate and key cannot be used: {error.reason}: {', '.join(files)}") from error
    if address.startswith("tls:") and arguments["ssl_context"] is None:
        raise EngineError(f"Dask has no certificate here to connect with: set {_SETTINGS}")
    return arguments


def _what_failed(address: str, error: BaseException) -> str:
    """Say why nobody answers, and what may help."""
    told = f"{error} {error.__cause__ or ''}"
    known = next((meaning for sign, meaning in _MEANINGS.items() if sign in told), "")
    if not known and isinstance(error, TimeoutError):
        known = _SILENT
    if known == _SILENT and not address.startswith("tls:"):
        known += "; if it is one that is encrypted, begin the address with tls://"
    return known or f"no Dask scheduler can be reached there: {' '.join(told.split()) or type(error).__name__}"
