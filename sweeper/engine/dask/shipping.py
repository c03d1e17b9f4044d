"""The user's own code on its way to machines that have not got it: files by digest, and never code objects.

What is shipped is the module of each task with the local modules that it imports. A module in a package brings all that
lies in the package's folder, data too; one that stands alone comes alone. What is installed is not shipped.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from sweeper.errors import InputError
from sweeper.store.artifacts import inside
from sweeper.store.locate import DATABASE
from sweeper.task.source import local_modules

MOST_BYTES = 64 << 20
"""How much is shipped, at most: more is data that a cluster is better given in another way."""

_INIT = "__init__.py"

Package = tuple[Path, Path]
"""The folder of a package, and the folder above it that is on ``sys.path``."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files of the user's: ``archive`` is a zip of them, ``digest`` one of their names and contents."""

    digest: str
    archive: bytes = field(repr=False)


def pack(tasks: Iterable[type]) -> Parcel:
    """Return the files that the code behind task classes is in.

    Raises ``InputError`` if they come to more than ``MOST_BYTES``.
    """
    modules = {name: file for task in tasks for name, file in local_modules(task.__module__).items()}
    files = {_place(name, file): file for name, file in modules.items()}
    for package in {_package(name, file) for name, file in modules.items()}:
        files |= _in_package(*package) if package else {}
    _refuse_bulk(files.values())
    contents = {name: files[name].read_bytes() for name in sorted(files)}
    digests = [(name, hashlib.sha256(content).hexdigest()) for name, content in contents.items()]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return Parcel(hashlib.sha256(repr(digests).encode()).hexdigest(), packed.getvalue())


def place_of(digest: str, home: Path) -> Path:
    """Return the folder in which the parcel with a digest is unpacked: a place for it on ``sys.path``."""
    return home / digest


def unpack(parcel: Parcel, home: Path) -> Path:
    """Unpack a parcel below a folder, unless it is there already, and return where; half of one is never seen."""
    place = place_of(parcel.digest, home)
    if place.exists():
        return place
    aside = Path(tempfile.mkdtemp(dir=home, prefix="unpacking-"))
    try:
        with zipfile.ZipFile(io.BytesIO(parcel.archive)) as archive:
            for name in archive.namelist():
                file = inside(aside, name)
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(archive.read(name))
        _move(aside, place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def _move(aside: Path, place: Path) -> None:
    try:
        aside.rename(place)
    except OSError:
        if not place.exists():  # else another thread was quicker
            raise


def _place(module: str, file: Path) -> str:
    """Return where a module's file belongs below an entry of ``sys.path``; a script goes by the name of its file."""
    if module == "__main__":
        return file.name
    return "/".join([*module.split("."), _INIT] if file.name == _INIT else [f"{module.replace('.', '/')}.py"])


def _package(module: str, file: Path) -> Package | None:
    """Return the outermost package with a file of its own that a module is in, with the folder above all; or None."""
    parts = module.split(".")
    depth = len(parts) - (file.name != _INIT)
    top = file.parents[depth] if depth else file.parent
    packages = (top.joinpath(*parts[:number]) for number in range(1, depth + 1))
    found = next((package for package in packages if (package / _INIT).is_file()), None)
    return None if found is None else (found, top)


def _in_package(package: Path, top: Path) -> dict[str, Path]:
    """Return the files of a package by their places; not what is hidden, compiled by Python, or a store."""
    found: dict[str, Path] = {}
    for parent, folders, files in os.walk(package):
        here = Path(parent)
        folders[:] = [name for name in folders if not _is_passed_over(here / name)]
        inner = (here / name for name in files if name[0] != "." and (here / name).is_file())
        found |= {file.relative_to(top).as_posix(): file for file in inner}
    return found


def _is_passed_over(folder: Path) -> bool:
    return folder.name[0] == "." or folder.name == "__pycache__" or (folder / DATABASE).exists()


def _refuse_bulk(files: Iterable[Path]) -> None:
    sizes = {file: file.stat().st_size for file in files}
    if sum(sizes.values()) <= MOST_BYTES:
        return
    largest = max(sizes, key=lambda file: sizes[file])
    raise InputError(
        f"the task's code, with what lies in its packages, comes to {sum(sizes.values()) >> 20} MB, and at most "
        f"{MOST_BYTES >> 20} MB are sent to each worker; the largest file is {largest}: keep data outside of the "
        "package, where workers can read it, or install the package on them"
    )
