"""``sweeper`` for the price of its work: each command is a fork of one process that has imported what commands need.

The fork runs the installed program, in the caller's folder and environment and on its streams. So does the process
that a sweep's workers are forked from. What the start of a command is about, signals and kills are for tests of the
program itself.
"""

from __future__ import annotations

import contextlib
import importlib
import itertools
import marshal
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from multiprocessing import forkserver, util
from pathlib import Path
from typing import NoReturn

from luigi.configuration import LuigiConfigParser

from sweeper.cli import COMMANDS
from sweeper.engine.keeper import end_with_parent
from sweeper.engine.machine import THREAD_VARIABLES
from sweeper.interrupts import SIGNALS

ROOT = Path(__file__).resolve().parents[1]
SWEEPER = Path(sys.executable).with_name("sweeper")
IMPORTED = (
    "sweeper.engine.preload",
    "sweeper.sweep",
    *(f"sweeper.cli.{name}" for name in COMMANDS),
    "optuna",
    "scipy.stats",
    "sklearn.linear_model",
)

_CLIENT = """\
#!{python} -IS
import marshal, os, socket, sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    socket.send_fds(server, [b"."], [0, 1, 2])
    server.sendall(marshal.dumps((os.getcwd(), dict(os.environ), sys.argv[1:])))
    server.shutdown(socket.SHUT_WR)
    sys.exit((server.recv(1) or b"\\x7f")[0])
"""

_spawn = util.spawnv_passfds


@contextlib.contextmanager
def warm_sweeper() -> Iterator[Path]:
    """Yield a program that does what ``sweeper`` does, and is quick to start until the end of the block."""
    with (
        tempfile.TemporaryDirectory(prefix="sweeper-warm-") as folder,
        socket.socket(socket.AF_UNIX) as listener,
    ):
        address, program = f"{folder}/socket", Path(folder, "sweeper")
        listener.bind(address)
        listener.listen()
        program.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
        program.chmod(0o755)
        server = subprocess.Popen(
            [sys.executable, "-m", __name__, str(listener.fileno())],
            cwd=ROOT,
            env=os.environ | dict.fromkeys(THREAD_VARIABLES, "1"),  # forks of a process with threads may hang
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
        try:
            yield program
        finally:
            server.kill()
            server.wait()


def _serve(listener: socket.socket) -> None:
    """Answer requests, each in a fork; returns in a fork that is to be the command."""
    end_with_parent(signal.SIGKILL)
    for name in IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for the commands
    while True:
        caller, _ = listener.accept()
        if os.fork() == 0:
            listener.close()
            return _attend(caller)
        caller.close()


def _attend(caller: socket.socket) -> None:
    """Tell the caller how the command ended; returns in a fork that is to be the command."""
    end_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _, streams, _, _ = socket.recv_fds(caller, 1, 3)
    folder, environment, words = marshal.loads(b"".join(iter(lambda: caller.recv(65536), b"")))
    command = os.fork()
    if command:
        code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
        caller.sendall(bytes([code if code >= 0 else 128 - code]))
        os._exit(0)
    end_with_parent(signal.SIGKILL)
    caller.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv[1:] = words
    sys.path[0] = str(SWEEPER.parent)
    LuigiConfigParser._instance = None  # that of the folder counts
    util.spawnv_passfds = _fork_the_server  # type: ignore[assignment]


def _fork_the_server(program: bytes, arguments: Sequence[str], descriptors: Sequence[int]) -> int:
    """Fork what ``multiprocessing`` starts as a server of forks; anything else is started as ever."""
    code = arguments[-1]
    if "forkserver" not in code:
        return _spawn(program, arguments, descriptors)
    return os.fork() or _be_the_server(code, descriptors)


def _be_the_server(code: str, descriptors: Sequence[int]) -> NoReturn:
    """Run what a new interpreter would have, with nothing more of this process than that one would have had."""
    try:
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        for low, high in itertools.pairwise([2, *sorted(descriptors), os.sysconf("SC_OPEN_MAX")]):
            os.closerange(low + 1, high)
        forkserver._forkserver._lock = threading.Lock()  # whoever starts a server holds it
        exec(code, {})
    finally:
        os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
    runpy.run_path(str(SWEEPER), run_name="__main__")
