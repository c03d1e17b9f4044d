"""Checks of this machine: the versions of what is installed, and the place where a store's files are."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from packaging.requirements import Requirement

from sweeper.housekeeping.diagnosis import Diagnosis
from sweeper.housekeeping.leftovers import in_words

DISTRIBUTION = "luigi-sweeper"
NAMED = ("luigi", "mlflow", "optuna")
"""The libraries whose versions are told even if nothing is wrong with them."""

DRIFT_SECONDS = 5.0
"""By how much clocks may differ: a beat comes every half minute."""

LITTLE_ROOM = 1e9
NO_ROOM = 1e8
"""Bytes: a SQLite database needs room for its log, and the artifacts of a task for themselves."""

MOUNTS = Path("/proc/mounts")

_SHARED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "beegfs", "gpfs"}
)
_SHARED_FUSE = "fuse."


def versions() -> Iterator[Diagnosis]:
    """Check what is installed against what sweeper needs."""
    wrong = []
    for requirement in map(Requirement, requires(DISTRIBUTION) or ()):
        found = _installed(requirement.name)
        is_needed = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if is_needed and not (found and requirement.specifier.contains(found, prereleases=True)):
            wrong.append(f"{requirement.name} {found or 'is missing'} (needs {requirement.specifier})")
    if wrong:
        yield Diagnosis.problem("versions", "; ".join(wrong), f"pip install --upgrade {DISTRIBUTION}")
    else:
        said = (f"{name} {version(name)}" for name in NAMED)
        own = f"sweeper {version(DISTRIBUTION)}, Python {platform.python_version()}"
        yield Diagnosis.ok("versions", ", ".join([own, *said]))


def file_system(folder: Path) -> Iterator[Diagnosis]:
    """Check that a SQLite database is not shared over a network: its log in WAL mode is shared memory of one host."""
    kind = _kind_of(folder)
    if kind in _SHARED or kind.startswith(_SHARED_FUSE):
        yield Diagnosis.problem(
            "file system",
            f"{folder} is on {kind}, where several machines can write to a SQLite database and damage it",
            "keep the store on a local disk, or run a tracking server: `mlflow server`",
        )
    elif kind:
        yield Diagnosis.ok("file system", kind)


def disk(folder: Path) -> Iterator[Diagnosis]:
    """Check that there is room."""
    free = shutil.disk_usage(_nearest(folder)).free
    found = f"{in_words(free)} free"
    remedy = "make room; `sweeper gc --dry-run` says what the store can do without"
    if free < NO_ROOM:
        yield Diagnosis.problem("disk", found, remedy)
    elif free < LITTLE_ROOM:
        yield Diagnosis.warning("disk", found, remedy)
    else:
        yield Diagnosis.ok("disk", found)


def folder(place: Path) -> Iterator[Diagnosis]:
    """Check that files can be made in a folder, and that its clock is ours, by one that is gone at once."""
    place = _nearest(place)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            before = time.time()
            file.write(b"\0")
            file.flush()
            drift = os.fstat(file.fileno()).st_mtime - before
    except OSError as error:
        yield Diagnosis.problem(
            "folder", f"{place}: {error.strerror}", "let this user write there, or name another store"
        )
        return
    yield Diagnosis.ok("folder", f"files can be made in {place}")
    yield from clock(drift, "the file system's clock")


def artifacts(place: Path) -> Iterator[Diagnosis]:
    """Check that this machine can write artifacts into their folder."""
    for one in folder(place):
        if one.check == "folder":
            yield replace(one, check="artifacts")


def clock(drift: float, whose: str) -> Iterator[Diagnosis]:
    """Check by how many seconds another clock is ahead of this machine's."""
    if abs(drift) <= DRIFT_SECONDS:
        yield Diagnosis.ok("clock", f"{whose} agrees with this machine's")
        return
    way = "ahead of" if drift > 0 else "behind"
    yield Diagnosis.warning(
        "clock",
        f"{whose} is {abs(drift):,.0f} s {way} this machine's: times in reports are off by that",
        "set both clocks by NTP",
    )


OF_FOLDER: Mapping[str, Callable[[Path], Iterator[Diagnosis]]] = {
    "file system": file_system,
    "disk": disk,
    "folder": folder,
}


def _kind_of(folder: Path) -> str:
    """Return the kind of file system that a folder is on, '' where this system does not tell."""
    place = _nearest(folder).resolve()
    try:
        lines = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    mounts = [(_spelled(words[1]), words[2]) for words in map(str.split, lines) if len(words) > 2]
    around = [(mount, kind) for mount, kind in mounts if place.is_relative_to(mount)]
    return max(reversed(around), key=lambda one: len(one[0]), default=("", ""))[1]


def _spelled(mount: str) -> str:
    """Return a path as it is: the kernel writes blanks and such as octal numbers."""
    return mount.encode("latin-1", "backslashreplace").decode("unicode_escape") if "\\" in mount else mount


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _nearest(folder: Path) -> Path:
    """Return a folder, or the nearest parent of it that is there."""
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
