"""The files of a folder that a task writes to, as they were at one moment."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

LINKING_TRIES = 10
"""How often all files are linked anew, if the task was replacing some of them meanwhile."""

Signature = tuple[int, int, int, int]
"""What tells that a file was replaced or written to: device, inode, size and time of change."""


@contextlib.contextmanager
def linked(folder: Path) -> Iterator[dict[str, Path]]:
    """Link the files of a folder aside, as they are at one moment; yield the links by the files' names.

    A file that is replaced later leaves its link as it was, so the task need not wait while it is copied.
    """
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix="outgoing-"))
    try:
        for _ in range(LINKING_TRIES):
            shutil.rmtree(aside)
            aside.mkdir(mode=0o700)
            before = signatures(folder)
            links = {name: aside / f"{number}.link" for number, name in enumerate(before)}
            with contextlib.suppress(FileNotFoundError):  # it is gone again
                for name, link in links.items():
                    _link((folder / name).resolve(), link)
                if signatures(folder) == before:
                    break
        yield {name: link for name, link in links.items() if link.exists()}
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _link(path: Path, link: Path) -> None:
    try:
        os.link(path, link)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copy2(path, link)


def signatures(folder: Path) -> dict[str, Signature]:
    """Return the files of a folder, by relative POSIX path; a link to one of them counts as the file."""
    home = folder.resolve()
    found: dict[str, Signature] = {}
    for parent, _, names in os.walk(home):
        for name in names:
            path = Path(parent) / name
            with contextlib.suppress(FileNotFoundError):  # it is gone again
                if stat.S_ISREG(path.stat().st_mode) and path.resolve().is_relative_to(home):
                    found[path.relative_to(home).as_posix()] = signature(path)
    return found


def signature(path: Path) -> Signature:
    """Return what tells whether a file is still the same."""
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
