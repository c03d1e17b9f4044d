"""The way from a running task back to its search: what it reports goes there, and whether to go on comes back.

The driver listens on its machine's loopback interface, at a port that the system chooses. Whoever connects has to prove
that it knows a random key, which only the driver's own tasks are given. Messages are JSON: nothing that comes over the
wire is ever unpickled.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge, deliver_challenge
from typing import Any

from sweeper.errors import EngineError, StoreError, SweeperError
from sweeper.store.values import one_line

HANDSHAKE_SECONDS = 10.0
"""How long either side waits for the other to prove that it knows the key."""

MOST_BYTES = 10_000
"""How long a message may be."""

MOST_STRANGERS = 64
"""How many callers may be about to prove that they know the key; one more, and the first of them is hung up on."""

_BROKEN = (OSError, EOFError, AuthenticationError)
_ERRORS = {error.__name__: error for error in (StoreError, EngineError)}

Address = tuple[str, int]

Answer = dict[str, str]
"""What comes back for a report: why the task is to ``stop``, or an ``error`` and its ``kind``."""


def refusal(error: SweeperError) -> Answer:
    """Return the answer by which an error is raised where the task reported."""
    kinds = (name for name, kind in _ERRORS.items() if isinstance(error, kind))
    return {"error": str(error), "kind": next(kinds, "")}


def reason_to_stop(answer: Mapping[str, str]) -> str:
    """Return why an answer lets a task stop, '' if it may go on; raises the error that it stands for, if it does."""
    if "error" in answer:
        raise _ERRORS.get(answer.get("kind", ""), SweeperError)(answer["error"])
    return answer["stop"]


class Channel:
    """The driver's end, open until it is closed.

    ``decide`` is given the number of a trial, a value and its step, and returns why the trial is to stop, '' if it may
    go on. Threads of the channel's call it, never two at once; and again with the same report, if a connection broke
    before the answer arrived. What it raises is raised where the task reported.
    """

    def __init__(self, decide: Callable[[int, float, int], str], *, one_at_a_time: bool = True) -> None:
        self._decide = decide
        self._deciding = threading.Lock() if one_at_a_time else contextlib.nullcontext()
        self._authkey = secrets.token_bytes(32)
        self._listener = Listener(("127.0.0.1", 0), backlog=128)
        self._address: Address = self._listener.address
        self._lines: set[socket.socket] = set()
        self._strangers: dict[socket.socket, None] = {}
        self._closing = threading.Lock()
        self._is_closed = False
        self._accepting = threading.Thread(target=self._accept, name="sweeper-channel", daemon=True)
        self._accepting.start()

    def reporter(self, number: int) -> ChannelReporter:
        """Return what a trial's task reports to, in whatever process it runs."""
        return ChannelReporter(self._address, self._authkey, number)

    def close(self) -> None:
        """Stop listening: who reports from now on is told that the driver is gone."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
            for line in self._lines:
                _hang_up(line)
        with contextlib.suppress(OSError):  # so that the thread that accepts wakes up
            Client(self._address).close()
        self._accepting.join(timeout=1)

    def _accept(self) -> None:
        with self._listener:
            while not self._is_closed:
                try:
                    connection = self._listener.accept()
                except OSError:  # who called has hung up, or too many files are open at the moment
                    time.sleep(0.1)
                    continue
                threading.Thread(target=self._serve, args=(connection,), name="sweeper-report", daemon=True).start()

    def _serve(self, connection: Connection[Any, Any]) -> None:
        """Answer one caller until it hangs up, or the channel is closed."""
        with contextlib.suppress(*_BROKEN), connection, _line_of(connection) as line, self._open_until_closed(line):
            with self._unknown(line), _handshake(line):
                deliver_challenge(connection, self._authkey)
                answer_challenge(connection, self._authkey)
            while True:
                answer = self._answer(connection.recv_bytes(MOST_BYTES))
                connection.send_bytes(json.dumps(answer).encode())

    @contextlib.contextmanager
    def _open_until_closed(self, line: socket.socket) -> Iterator[None]:
        with self._closing:
            if self._is_closed:
                raise EOFError("the channel is closed")
            self._lines.add(line)
        try:
            yield
        finally:
            with self._closing:
                self._lines.discard(line)

    @contextlib.contextmanager
    def _unknown(self, line: socket.socket) -> Iterator[None]:
        """Hang up on whoever takes longest to prove himself, if there are many: a flood of callers takes no files."""
        with self._closing:
            self._strangers[line] = None
            if len(self._strangers) > MOST_STRANGERS:
                first = next(iter(self._strangers))
                del self._strangers[first]
                _hang_up(first)
        try:
            yield
        finally:
            with self._closing:
                self._strangers.pop(line, None)

    def _answer(self, message: bytes) -> Answer:
        try:
            number, value, step = json.loads(message)
            with self._deciding:
                return {"stop": one_line(self._decide(number, value, step))}
        except SweeperError as error:
            return {name: one_line(text) for name, text in refusal(error).items()}
        except Exception as error:  # noqa: BLE001 (a pruner may be the user's, and raise whatever it likes)
            return {"error": one_line(f"the pruner failed: {type(error).__name__}: {error}")}


@dataclass(frozen=True, slots=True)
class ChannelReporter:
    """The task's end of a channel: the ``Reporter`` of one trial."""

    address: Address
    authkey: bytes = field(repr=False)
    number: int

    def report(self, value: float, step: int) -> None:
        """Tell how well it goes; raises ``optuna.TrialPruned``, with the reason, if the trial is to stop.

        Raises ``EngineError`` if the driver is gone, and what its search raised, as a ``SweeperError``, if it failed.
        """
        answer = _exchange(self.address, self.authkey, json.dumps([self.number, float(value), int(step)]).encode())
        if reason := reason_to_stop(answer):
            from optuna import TrialPruned

            raise TrialPruned(reason)


_lines: dict[tuple[Address, bytes], Connection[Any, Any]] = {}
"""This process's connection to its driver, while it is not in use."""

_exchanging = threading.Lock()


def _exchange(address: Address, authkey: bytes, message: bytes) -> Answer:
    """Return the driver's answer to a message, sent once more if a connection broke."""
    with _exchanging:
        try:
            try:
                return _ask(address, authkey, message)
            except (OSError, EOFError):
                return _ask(address, authkey, message)
        except _BROKEN as error:
            raise EngineError("the driver is gone: nobody takes in what the task reports") from error


def _ask(address: Address, authkey: bytes, message: bytes) -> Answer:
    connection = _lines.pop((address, authkey), None)
    if connection is None:
        _lines.clear()  # one to another driver is of a sweep that is over
        connection = _call(address, authkey)
    try:
        connection.send_bytes(message)
        answer: Answer = json.loads(connection.recv_bytes(MOST_BYTES))
    except BaseException:  # an answer that comes later must not be taken for that to another message
        connection.close()
        raise
    _lines[address, authkey] = connection
    return answer


def _call(address: Address, authkey: bytes) -> Connection[Any, Any]:
    connection = Client(address)
    try:
        with _line_of(connection) as line, _handshake(line):
            answer_challenge(connection, authkey)
            deliver_challenge(connection, authkey)
    except BaseException:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def _handshake(line: socket.socket) -> Iterator[None]:
    """Hang up if the other side does not get through what follows in time. Raises one of ``_BROKEN``."""
    timer = threading.Timer(HANDSHAKE_SECONDS, _hang_up, [line])
    timer.daemon = True
    timer.start()
    try:
        yield
    except (AssertionError, ValueError) as error:  # what it sent is no part of a handshake
        raise AuthenticationError(str(error)) from error
    finally:
        timer.cancel()
        timer.join()


def _line_of(connection: Connection[Any, Any]) -> socket.socket:
    """Return the socket below a connection: through it another thread can hang up on who waits for an answer."""
    line = socket.socket(fileno=os.dup(connection.fileno()))
    line.setblocking(True)  # noqa: FBT003 (both share one mode, and a task may have set a default time-out)
    return line


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the other side was quicker
        line.shutdown(socket.SHUT_RDWR)


def _forget_lines() -> None:
    """Leave the parent process its connections: answers to two processes would be mixed up."""
    global _exchanging  # noqa: PLW0603
    _exchanging = threading.Lock()  # a thread that is not here may hold the old one
    _lines.clear()


os.register_at_fork(after_in_child=_forget_lines)
