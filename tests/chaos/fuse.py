"""Fault points at every step that lasts: a process kills itself before the n-th.

A step is a transaction that writes, or what changes a results folder: a file opened to be written, half of its content
copied, a name given, taken or moved. Nothing of the product is replaced: SQLAlchemy tells of transactions and Python of
files. To die before each step is to die between any two.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

STEPS = "steps"
"""The file in which a process lists the steps that it takes."""

_WRITES = ("INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "REPLACE")
_FILE_EVENTS = {"os.rename": 2, "os.remove": 1, "os.mkdir": 1, "os.rmdir": 1, "os.link": 2, "os.symlink": 2}


@dataclass
class Fuse:
    """Counts the steps of this process in a project's ``results``, and ends it before the one of that number.

    With ``step`` 0 it only counts. Each step is listed in the project's file ``steps``.
    """

    folder: Path
    step: int
    count: int = field(default=0, init=False)
    _listing: int = field(default=-1, init=False)

    @property
    def _results(self) -> str:
        return f"{self.folder / 'results'}{os.sep}"

    def light(self) -> None:
        """Watch this process from now on."""
        self._listing = os.open(self.folder / STEPS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        sys.addaudithook(self._audit)
        event.listen(Engine, "before_cursor_execute", _note_writes)
        event.listen(Engine, "commit", self._commit)
        shutil.copyfileobj = self._halved(shutil.copyfileobj)

    def burn(self, what: str) -> None:
        """Take note of a step that is about to be taken, or die."""
        self.count += 1
        os.write(self._listing, f"{what}\n".encode())
        if self.count == self.step:
            os.kill(os.getpid(), signal.SIGKILL)

    def _commit(self, connection: Connection) -> None:
        if connection.info.pop("wrote", False):
            self.burn("commit")

    def _audit(self, name: str, arguments: tuple[Any, ...]) -> None:
        if name == "open":
            path, mode, flags = arguments
            writes = bool(flags & (os.O_WRONLY | os.O_RDWR)) if isinstance(flags, int) else "r" not in str(mode)
            if writes and self._is_ours(path):
                self.burn(f"write {self._short(path)}")
        elif name in _FILE_EVENTS:
            paths = arguments[: _FILE_EVENTS[name]]
            if any(map(self._is_ours, paths)):
                self.burn(f"{name} {' '.join(map(self._short, paths))}")

    def _halved(self, copy: Callable[..., None]) -> Callable[..., None]:
        """Return ``shutil.copyfileobj``, by which artifacts are stored, with a step when half of a file is there."""

        def copy_in_halves(source: Any, target: Any, **how: int) -> None:
            path = Path(f"/proc/self/fd/{target.fileno()}").readlink()
            if self._is_ours(path):
                target.write(source.read(os.fstat(source.fileno()).st_size // 2))
                target.flush()
                self.burn(f"half of {self._short(path)}")
            copy(source, target, **how)

        return copy_in_halves

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(self._results)

    def _short(self, path: Any) -> str:
        return os.fsdecode(path).removeprefix(self._results)


def steps_of(folder: Path) -> list[str]:
    """Return the steps that processes have listed in a project."""
    path = folder / STEPS
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _note_writes(connection: Connection, _: Any, statement: str, *__: Any) -> None:
    if statement.lstrip().upper().startswith(_WRITES):
        connection.info["wrote"] = True
