"""Processes, told apart from any other of any host at any time."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROCESSES = Path("/proc")
_ENDED = "ZX"


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from any other of any host at any time.

    ``started`` is in clock ticks since the host was booted, an int, where Linux tells: the clock on the wall may be set
    while the process lives. Elsewhere, and in records of older versions, it is in seconds since the epoch, a float.
    ``space`` is the space of process ids that ``pid`` is of: containers of one host have their own.
    """

    host: str
    boot: str
    pid: int
    started: float
    space: str = ""

    @classmethod
    def from_json(cls, text: str) -> Process:
        """Return the process that ``to_json`` gave; raises ``ValueError`` or ``TypeError`` for anything else."""
        return cls(*json.loads(text))

    @classmethod
    def of(cls, pid: int) -> Process:
        """Return a living process of this host; raises ``psutil.NoSuchProcess`` if there is none with this id."""
        return cls(platform.node(), _boot_id(), pid, _start_of(pid), _space())

    @classmethod
    def current(cls) -> Process:
        """Return this process."""
        return cls.of(os.getpid())

    @property
    def is_local(self) -> bool:
        """Whether it is a process of this host, of which this host can tell whether it lives."""
        return self.host == platform.node() and self.space in ("", _space())

    @property
    def is_on_this_machine(self) -> bool:
        """Whether it runs under the same kernel, if in another container: one that sees the same files as they change.

        Where no system tells its boots apart, whether the hosts have one name.
        """
        return self.boot == _boot_id() if self.boot or _boot_id() else self.host == platform.node()

    def to_json(self) -> str:
        """Return the process as a line of JSON."""
        return json.dumps([self.host, self.boot, self.pid, self.started, self.space])

    def is_gone(self) -> bool:
        """Whether the process surely no longer runs; False also where that cannot be known, on another host."""
        if not self.is_local:
            return False
        if self.boot != _boot_id():
            return True
        try:
            if isinstance(self.started, int):
                return _start_of(self.pid) != self.started
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) > 1 or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


def _start_of(pid: int) -> float:
    """Return when a process started; raises ``psutil.NoSuchProcess`` if it does not run."""
    if not (_PROCESSES / "self" / "stat").exists():
        return psutil.Process(pid).create_time()
    try:
        status = (_PROCESSES / str(pid) / "stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError) as error:
        raise psutil.NoSuchProcess(pid) from error
    fields = status.rpartition(b")")[2].split()  # the name before it may hold anything
    if fields[0].decode() in _ENDED:
        raise psutil.NoSuchProcess(pid)
    return int(fields[19])


def _boot_id() -> str:
    try:
        return (_PROCESSES / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""  # the start of the process has to do: the time of the boot, too, is that of a clock that may be set


def _space() -> str:
    try:
        return str((_PROCESSES / "self/ns/pid").readlink())
    except OSError:
        return ""
