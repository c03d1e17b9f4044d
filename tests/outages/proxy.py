"""A proxy in front of a tracking server that does what servers and networks do: on loopback, as a test tells it to."""

from __future__ import annotations

import enum
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

PATIENCE_SECONDS = 60


class Fault(enum.Enum):
    """What becomes of a request."""

    ERROR = 500
    TOO_MANY = 429
    UNAVAILABLE = 503
    DROPPED = "the connection is closed before the request is passed on"
    ANSWER_LOST = "the request is passed on, and the connection is closed before the answer is"
    SLOW = "the answer takes its time"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it comes; ``number`` counts from 1."""

    number: int
    method: str
    path: str


@dataclass
class Proxy:
    """Passes requests on to ``target``, but for those for which ``fault`` names something else."""

    target: str
    fault: Callable[[Request], Fault | None] = lambda _: None
    slow_seconds: float = 0.5
    injected: list[tuple[Request, Fault]] = field(default_factory=list)
    _seen: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None
    _port: int = 0

    @property
    def uri(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_closed(self) -> bool:
        """Whether it is away; connections that were open are closed then, too."""
        return self._server is None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Listen, at the same port as before."""
        proxy = self

        class Handler(_Handler):
            owner = proxy

        self._server = _Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Listen no more: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def close_for(self, seconds: float) -> None:
        """Be away for a while, as a server that restarts."""
        self.close()
        threading.Timer(seconds, self.open).start()

    def decide(self, method: str, path: str) -> Fault | None:
        """Return what becomes of a request."""
        with self._lock:
            self._seen += 1
            request = Request(self._seen, method, path)
            fault = self.fault(request)
            if fault is not None:
                self.injected.append((request, fault))
            return fault


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing: whoever asked has closed the connection."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: Proxy

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.decide(self.command, self.path)
        if fault in (Fault.ERROR, Fault.TOO_MANY, Fault.UNAVAILABLE):
            self._answer(fault.value, {}, b"{}")
            return
        if fault is Fault.DROPPED or self.owner.is_closed:
            self.close_connection = True
            return
        if fault is Fault.SLOW:
            time.sleep(self.owner.slow_seconds)
        status, headers, answer = self._pass_on(body)
        if fault is Fault.ANSWER_LOST or self.owner.is_closed:
            self.close_connection = True
            return
        self._answer(status, headers, answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _handle  # noqa: N815 (http.server's names)

    def _pass_on(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        target = urlsplit(self.owner.target)
        connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=PATIENCE_SECONDS)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_ONE_HOP}
        try:
            connection.request(self.command, self.path, body, headers | {"Host": target.netloc})
            response = connection.getresponse()
            answer = response.read()
            kept = {name: value for name, value in response.getheaders() if name.lower() not in _OF_ONE_HOP}
            return response.status, kept, answer
        finally:
            connection.close()

    def _answer(self, status: int, headers: dict[str, str], answer: bytes) -> None:
        self.send_response_only(status)
        for name, value in (headers | {"Content-Length": str(len(answer))}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


_OF_ONE_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}
