"""Where the checkpoints of a key are on this machine: a folder for every attempt at it, one attempt at a time.

<experiment>/.checkpoints/<key>/files/      what the task sees
                                state.json  which attempt had it last, and which mirrored state it goes on from
                                lock        held by the attempt that is at it
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sweeper.errors import TaskError
from sweeper.store.locate import CHECKPOINTS, checkpoint_home, local_path, user_cache

if TYPE_CHECKING:
    from sweeper.store.api import ApiStore


MAKING_TRIES = 10


@dataclass(frozen=True, slots=True)
class Place:
    """Where the checkpoints of a key are."""

    folder: Path

    @property
    def files(self) -> Path:
        """The folder that the task sees."""
        return self.folder / "files"

    def state(self) -> tuple[str, int]:
        """Return the run that was at it last, and the mirrored state that it goes on from; '' and 0 where unknown."""
        try:
            run_id, generation = json.loads((self.folder / "state.json").read_text(encoding="ascii"))
            return str(run_id), int(generation)
        except (OSError, ValueError, TypeError):
            return "", 0

    def note(self, run_id: str, generation: int) -> None:
        """Write down the state, whole or not at all."""
        aside = self.folder / f"state.{run_id}"
        aside.unlink(missing_ok=True)
        with aside.open("x", encoding="ascii") as file:
            json.dump([run_id, generation], file)
        aside.replace(self.folder / "state.json")

    def make(self) -> None:
        """Make the folders that are missing; raises ``TaskError`` if one of them is a link.

        Raises ``PermissionError`` if the key's is another user's: what is read from it may run as code.
        """
        for _ in range(MAKING_TRIES - 1):
            with contextlib.suppress(FileNotFoundError):  # another has removed the home, which was empty, meanwhile
                return self._make()
        return self._make()

    def _make(self) -> None:
        self.folder.parent.parent.mkdir(parents=True, exist_ok=True)
        for folder in (self.folder.parent, self.folder, self.files):
            if folder.is_symlink():
                raise TaskError(f"{folder} is a link, and checkpoints are kept in folders only; remove it")
            folder.mkdir(exist_ok=True)
        if self.folder.stat().st_uid != os.geteuid() or self.files.stat().st_uid != os.geteuid():
            raise PermissionError(errno.EPERM, "The folder belongs to another user", str(self.folder))


def checkpoint_folders(store: ApiStore) -> Iterator[tuple[str, Path]]:
    """Yield the key and the folder of all checkpoints that this machine has of a store, leftovers included."""
    homes = [home / CHECKPOINTS for uri in store.artifact_homes().values() if (home := local_path(uri)) is not None]
    for home in [*homes, _cache(store.uri)]:
        if home.is_dir() and not home.is_symlink():
            for folder in sorted(home.iterdir()):
                yield folder.name.partition(".")[0], folder


def discard(folder: Path, *, held: int | None = None) -> bool:
    """Remove the checkpoints of a key, unless an attempt is at them, and their home if it is empty then.

    Returns whether that was done.

    ``held`` is the lock, where the caller has it.
    """
    if folder.is_symlink() or not folder.is_dir():
        return False
    lock = acquire(folder, 0) if held is None else held
    if lock is None:
        return False
    try:
        gone = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f"{folder.name.partition('.')[0]}."))
        folder.rename(gone)  # at once, or a kill would leave a part of it to go on from
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()
    except OSError:
        return False
    finally:
        if held is None:
            os.close(lock)
    return True


def home_of(uri: str, artifact_uri: str) -> Path:
    """Return the folder of all checkpoints of a run's experiment."""
    return checkpoint_home(artifact_uri) or _cache(uri)


def _cache(uri: str) -> Path:
    """Return where the checkpoints of a store with far artifacts are on this machine; stores must not share them."""
    return user_cache() / "checkpoints" / hashlib.sha256(uri.encode()).hexdigest()[:16]


def acquire(folder: Path, seconds: float) -> int | None:
    """Return a file descriptor that holds the lock of a folder until it is closed, or None if another process does.

    A record lock ends with the process that has it, also if its forked children live on.
    """
    until = time.monotonic() + seconds
    while True:
        path = folder / "lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EAGAIN):
                return descriptor  # a file system without locks: claims are what keeps attempts apart
            os.close(descriptor)
            if time.monotonic() >= until:
                return None
            time.sleep(0.1)
            continue
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        os.close(descriptor)  # whoever held it has removed the folder meanwhile
        folder.mkdir(parents=True, exist_ok=True)
