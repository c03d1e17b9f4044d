"""Which names the artifacts of a task may have: files inside their run's folder, on any machine and in any store."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from sweeper.store.artifacts import BEING_WRITTEN
from sweeper.store.records import LOG_ARTIFACT

MOST_BYTES = 255
"""Of each part of a path, as file systems have it."""

MOST_BYTES_IN_ALL = 1000

_NOT_SERVED = frozenset("\\#%?:")
"""What means something else in the address by which a tracking server is asked for a file: it would not be found."""


def fault_of_names(artifacts: Mapping[Any, Any]) -> str:
    """Return why ``{name: file name}`` cannot be what a task saves, naming the artifact; '' if it can."""
    taken: dict[str, str] = {}
    for name, file_name in artifacts.items():
        if not isinstance(name, str) or not name or not name.isprintable():
            return f"artifact {name!r}: a name is text that can be printed"
        if fault := next(_faults(file_name), ""):
            return f"artifact {name!r}: {file_name!r} {fault}"
        place = _place(file_name)
        for other, owner in taken.items():
            if place == other:
                return (
                    f"artifact {name!r}: {file_name!r} is the file of artifact {owner!r} too, at least on some machines"
                )
            if PurePosixPath(place).is_relative_to(other) or PurePosixPath(other).is_relative_to(place):
                return (
                    f"artifact {name!r}: of {file_name!r} and the file of artifact {owner!r} one lies inside the other"
                )
        taken[place] = name
    return ""


def _faults(file_name: Any) -> Iterator[str]:
    """Yield why a file name will not do, as words behind it."""
    if not isinstance(file_name, str):
        yield "is no text"
        return
    path = PurePosixPath(file_name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        yield "is not a file inside its folder"
    elif str(path) != file_name:
        yield f"is not written plainly; write {str(path)!r}"
    if not file_name.isprintable() or not _NOT_SERVED.isdisjoint(file_name):
        characters = " ".join(sorted(_NOT_SERVED))
        yield f"has a character that not every store takes: a control character, or one of {characters}"
        return
    if any(part.strip() != part for part in path.parts):
        yield "has a space where not every store keeps it, at an end"
    if len(file_name.encode()) > MOST_BYTES_IN_ALL or any(len(part.encode()) > MOST_BYTES for part in path.parts):
        yield f"is too long: at most {MOST_BYTES} bytes between slashes, and {MOST_BYTES_IN_ALL:,} in all"
    if any(part.startswith(BEING_WRITTEN) for part in path.parts):
        yield f"has a part that begins with {BEING_WRITTEN}, as files do that MLflow is still writing"
    if PurePosixPath(_place(file_name)).is_relative_to(LOG_ARTIFACT):
        yield "is where the task's log is kept"


def _place(file_name: str) -> str:
    """Return what stands for a path on a machine that tells neither capitals nor ways to write an accent apart."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", file_name).casefold())
