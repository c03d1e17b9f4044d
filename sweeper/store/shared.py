"""Whether machines share the places where a store keeps artifacts: one leaves a sign there, the others look for it."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

from sweeper.errors import StoreError
from sweeper.files import read_plain
from sweeper.store.locate import local_path

REMEDY = (
    "keep artifacts in a folder that all machines see under this path, or on a tracking server that passes them on "
    "(mlflow server --serve-artifacts)"
)


@contextlib.contextmanager
def signed(places: Iterable[str], sign: str) -> Iterator[None]:
    """Leave a sign in those of the places of artifacts that are folders, while the block lasts.

    Raises ``StoreError`` for one that cannot be written to.
    """
    with contextlib.ExitStack() as left:
        for folder in _folders(places):
            try:
                folder.mkdir(parents=True, exist_ok=True)
                left.callback(_sign_in(folder, sign).unlink, missing_ok=True)
                _sign_in(folder, sign).write_text(sign, encoding="ascii")
            except OSError as error:
                raise StoreError(f"artifacts are to be kept in {folder}, and here {_said(error)}; {REMEDY}") from error
        yield


def fault_of(places: Iterable[str], sign: str) -> str:
    """Return what keeps this machine from sharing the places in which a sign was left, '' if nothing does."""
    for folder in _folders(places):
        try:
            if read_plain(_sign_in(folder, sign)) != sign:
                return f"it sees other files in {folder} than the driver, so artifacts cannot be kept there; {REMEDY}"
        except OSError as error:
            return f"it does not see the artifacts that the driver sees in {folder}: {_said(error)}; {REMEDY}"
        own = _sign_in(folder, f"{sign}-{uuid.uuid4().hex}")
        try:
            own.write_text(sign, encoding="ascii")
        except OSError as error:
            return f"it cannot write artifacts to {folder}: {_said(error)}; {REMEDY}"
        finally:
            with contextlib.suppress(OSError):
                own.unlink(missing_ok=True)
    return ""


def _folders(places: Iterable[str]) -> list[Path]:
    return [folder for place in places if (folder := local_path(place))]


def _sign_in(folder: Path, sign: str) -> Path:
    return folder / f".sweeper-{sign}"


def _said(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
