"""Files in folders where others may write too: a link that somebody planted is not followed."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def open_plain(path: str | Path, flags: int = os.O_RDONLY) -> int:
    """Return a descriptor of a regular file, made by the user's umask if the flags say so.

    An ``opener`` for ``open``. Raises ``OSError`` for a link, for anything else that is no regular file (a pipe would
    be waited for), and, if it is to be written to, for a file that has a second name somewhere.
    """
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o666)
    found = os.fstat(descriptor)
    is_written = flags & (os.O_WRONLY | os.O_RDWR)
    if not stat.S_ISREG(found.st_mode) or (is_written and found.st_nlink > 1):
        os.close(descriptor)
        raise OSError(errno.EPERM, "Not a file of its own", str(path))
    return descriptor


def read_plain(path: Path) -> str:
    """Return the text of a regular file; raises ``OSError`` for a link, and whatever else is none."""
    with open(path, encoding="utf-8", opener=open_plain) as file:
        return file.read()


def write_named(path: Path, content: bytes) -> None:
    """Write a file that the user has named. Raises ``OSError``, also for a link that belongs to another user.

    The user's own links are followed, and those of the system, such as /dev/stdout.
    """
    if path.is_symlink():
        if path.lstat().st_uid not in (0, os.geteuid()):
            raise PermissionError(errno.EPERM, "A link that another user has put there", str(path))
        path.write_bytes(content)
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)
    with open(descriptor, "wb") as file:  # noqa: PTH123 (of a descriptor)
        file.write(content)


def private_folder(path: Path) -> Path:
    """Make a folder that only this user can enter, unless it is there, and return it.

    Raises ``PermissionError`` for one of another user's, or behind a link of another user's: what lies in it is theirs
    to choose.
    """
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    if {path.lstat().st_uid, path.stat().st_uid} != {os.geteuid()}:
        raise PermissionError(errno.EPERM, "The folder belongs to another user", str(path))
    return path
