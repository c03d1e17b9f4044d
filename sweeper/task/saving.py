"""What a function that saves an artifact has left: looked at before any of it goes to the store."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def fault_of_saved(folder: Path, name: str) -> str:
    """Return why what lies at a name in a folder is no artifact, as words behind who wrote it; '' if it is one.

    An artifact is a file, or a folder with files in it. A link may stand in it for a file beside it; one that leads
    elsewhere would bring into the store what the task was never given to save.
    """
    path = folder / name
    if path.parent.resolve() != folder.resolve() / Path(name).parent:
        return f"has put a link in the place of a folder on the way to {name}"
    if not os.path.lexists(path):
        return f"wrote no file {name}"
    if path.is_symlink():
        return f"wrote a link, {name}, and no file"
    if path.is_dir() and not any(files for _, _, files in os.walk(path)):
        return f"wrote a folder {name} with no file in it"
    return next((f"wrote {fault}" for fault in _faults(path)), "")


def _faults(path: Path) -> Iterator[str]:
    """Yield what in a file or folder is neither."""
    inside = (Path(parent) / name for parent, folders, files in os.walk(path) for name in (*folders, *files))
    for found in (path, *inside):
        mode = found.lstat().st_mode
        if stat.S_ISLNK(mode):
            is_beside = not found.readlink().is_absolute() and found.resolve().is_relative_to(path.resolve())
            if not (is_beside and found.is_file()):
                yield f"a link, {found.relative_to(path.parent)}, that does not lead to a file in the same folder"
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            yield f"{found.relative_to(path.parent)}, which is neither a file nor a folder"
