"""What a mirrored checkpoint consists of: the names of its files, each with the digest under which it is stored."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Content:
    """What is in a file; ``size`` in bytes."""

    size: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Content:
        """Return the content of a file."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return cls(file.tell(), digest)


Manifest = Mapping[str, Content]
"""The contents of files by their relative POSIX paths."""


def to_json(manifest: Manifest) -> str:
    """Return a manifest as JSON."""
    return json.dumps({name: [content.size, content.sha256] for name, content in sorted(manifest.items())})


def from_json(text: str) -> Manifest:
    """Return the manifest that ``to_json`` gave; raises ``ValueError`` for anything else.

    Whoever can write to the store may have written it: a name that leads out of a folder, and a digest that is none,
    are refused.
    """
    entries: Any = json.loads(text)
    if not hasattr(entries, "items"):
        raise ValueError("no table of files")
    return {_checked(name): _content(entry) for name, entry in entries.items()}


def _checked(name: str) -> str:
    parts = PurePosixPath(name).parts
    if not parts or name != "/".join(parts) or ".." in parts or "\0" in name:
        raise ValueError(f"{name!r} is no name of a file in a folder")
    return name


def _content(entry: Any) -> Content:
    match entry:
        case [int(size), str(sha256)] if size >= 0 and _SHA256.fullmatch(sha256):
            return Content(size, sha256)
    raise ValueError(f"{entry!r} is not the size and the sha256 of a file")
