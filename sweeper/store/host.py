"""Processes, told apart from any other of any host at any time."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told apart from any other of any host at any time."""

    host: str
    boot: str
    pid: int
    started: float

    @classmethod
    def from_json(cls, text: str) -> Process:
        """Return the process that ``to_json`` gave; raises ``ValueError`` or ``TypeError`` for anything else."""
        return cls(*json.loads(text))

    @classmethod
    def current(cls) -> Process:
        """Return this process."""
        return cls(platform.node(), _boot_id(), os.getpid(), psutil.Process().create_time())

    @property
    def is_local(self) -> bool:
        """Whether it is a process of this host."""
        return self.host == platform.node()

    def to_json(self) -> str:
        """Return the process as a line of JSON."""
        return json.dumps([self.host, self.boot, self.pid, self.started])

    def is_gone(self) -> bool:
        """Whether the process surely no longer runs; False also where that cannot be known, on another host."""
        if not self.is_local:
            return False
        if self.boot != _boot_id():
            return True
        try:
            process = psutil.Process(self.pid)
            return abs(process.create_time() - self.started) > 1 or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))
